/** What the run folder around a model.onnx knows: which patients it was trained on, and how. */
import { dirname, join } from "node:path";
import { z } from "zod";
import { HipError } from "../../core/errors.ts";
import { parseConfig, type TrainConfig } from "../../train/config.ts";
import { readWholeFile } from "../files.ts";
import { isRunModel, RUN_FILES } from "../run-folder.ts";

const RESTORE =
  "Restore the file from a copy, or move model.onnx to another folder to use it without its run";

const splitSchema = z.strictObject({
  train: z.array(z.string()),
  validate: z.array(z.string()),
  test: z.array(z.string()),
});

export interface RunSource {
  readonly path: string;
  readonly splitPath: string;
  /** Patient ids by split. */
  readonly patients: Readonly<z.infer<typeof splitSchema>>;
  readonly config: TrainConfig;
}

/** Of a run, or what suits most machines. */
export const threadsOf = (run: RunSource | undefined): number => run?.config.threads ?? 2;

/** @returns undefined where there is no such file. */
async function readJson(path: string): Promise<{ readonly value: unknown } | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readWholeFile(path);
  } catch (error) {
    if (error instanceof HipError && error.code === "not-found") return undefined;
    throw error;
  }
  try {
    return { value: JSON.parse(new TextDecoder().decode(bytes)) };
  } catch (cause) {
    throw new HipError("config", `Cannot read "${path}": it is not JSON`, { hint: RESTORE, cause });
  }
}

function parseSplit(value: unknown, path: string): RunSource["patients"] {
  const parsed = splitSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new HipError("config", `Cannot read "${path}": expected the lists "train", "validate" and "test"`, {
    hint: RESTORE,
    problems: parsed.error.issues.map((issue) => `${issue.path.join(".") || "(whole)"}: ${issue.message}`),
  });
}

/**
 * The run that a model file belongs to.
 * @param modelPath of the file itself
 * @returns undefined of a model on its own: beside it there is no split.json or no config.json.
 * @throws HipError "config" where one of these cannot be read
 */
export async function readRunOf(modelPath: string): Promise<RunSource | undefined> {
  if (!isRunModel(modelPath)) return undefined;
  const path = dirname(modelPath);
  const splitPath = join(path, RUN_FILES.split);
  const configPath = join(path, RUN_FILES.config);
  const [split, config] = await Promise.all([readJson(splitPath), readJson(configPath)]);
  if (split === undefined || config === undefined) return undefined;
  return {
    path,
    splitPath,
    patients: parseSplit(split.value, splitPath),
    config: parseConfig(config.value, `"${configPath}"`),
  };
}
