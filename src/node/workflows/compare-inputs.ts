/** What `hipmri compare` is given: run folders, and folders or files of evaluate and score. */
import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { HipError } from "../../core/errors.ts";
import { readModelCard } from "../../predict/card.ts";
import type { ComparedRun } from "../../report/comparison.ts";
import { parseMetrics } from "../../report/read-metrics.ts";
import { readWholeFile } from "../files.ts";
import { RUN_FILES, readLog } from "../run-folder.ts";
import { sha256Of } from "../sha256.ts";
import { readRunOf } from "./run-source.ts";

/** Which figures of run folders are compared. */
export type ComparedSplit = "validate" | "test";

/** A run folder, or the metrics of masks or of an evaluation. */
interface Input {
  readonly path: string;
  /** Path of a run folder's model; undefined of others. */
  readonly model: string | undefined;
  readonly hasTest: boolean;
}

export interface ReadRun extends ComparedRun {
  /** The bytes of model.onnx of a run folder. */
  readonly model: Uint8Array | undefined;
  /** It learnt from a phantom. */
  readonly isSynthetic: boolean;
}

const isThere = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isFile() ?? false;

async function findInput(path: string): Promise<Input> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    throw new HipError("not-found", `Cannot find run "${path}"`, { hint: "Check the path" });
  if (found.isFile()) return { path, model: undefined, hasTest: false };
  const model = join(path, RUN_FILES.model);
  const isRun = (await isThere(model)) && (await isThere(join(path, RUN_FILES.config)));
  if (!isRun && !(await isThere(join(path, RUN_FILES.metrics)))) {
    throw new HipError(
      "not-found",
      `Cannot compare "${path}": expected a folder with ${RUN_FILES.metrics}, found none`,
      {
        hint: "Give run folders of hipmri train, or folders of hipmri evaluate --out and hipmri score --out",
      },
    );
  }
  const hasTest = isRun && (await isThere(join(path, RUN_FILES.testMetrics)));
  return { path, model: isRun ? model : undefined, hasTest };
}

/** Last parts of the paths, as many as tell them apart: "a" and "b", or "june/pelvis" and "july/pelvis". */
export function shortNames(paths: readonly string[]): readonly string[] {
  const parts = paths.map((path) =>
    resolve(basename(path) === RUN_FILES.metrics ? dirname(path) : path)
      .split(/[\\/]/)
      .filter((part) => part !== ""),
  );
  const longest = Math.max(...parts.map(({ length }) => length));
  for (let n = 1; n < longest; n++) {
    const names = parts.map((each) => each.slice(-n).join("/"));
    if (new Set(names).size === names.length) return names;
  }
  return paths;
}

/** Test where all that could have it have it. */
function splitOf(inputs: readonly Input[], wanted: ComparedSplit | undefined): ComparedSplit {
  const runs = inputs.filter(({ model }) => model !== undefined);
  const without = runs.filter(({ hasTest }) => !hasTest);
  if (wanted === "test" && without.length > 0) {
    const which = without.map(({ path }) => `"${path}"`).join(", ");
    throw new HipError(
      "usage",
      `Cannot compare on test patients: there is no ${RUN_FILES.testMetrics} in ${which}`,
      {
        hint: "Compare with --split validate, or judge the runs once: hipmri evaluate RUN DATA --split test --out DIR, and compare those folders",
      },
    );
  }
  return wanted ?? (without.length === 0 ? "test" : "validate");
}

async function trainingOf(model: string): Promise<Pick<ReadRun, "training" | "model" | "isSynthetic">> {
  const bytes = await readWholeFile(model);
  const card = readModelCard(bytes, model);
  const run = await readRunOf(model);
  return {
    model: bytes,
    isSynthetic: card.synthetic,
    training: {
      preset: card.preset,
      steps: card.steps,
      seed: card.seed,
      config: (run?.config ?? {}) as Readonly<Record<string, unknown>>,
      modelSha256: sha256Of(bytes),
      dataDigest: card.data?.digest ?? null,
      trainPatients: run?.patients.train ?? [],
      log: await readLog(dirname(model)),
    },
  };
}

async function readInput(input: Input, name: string, split: ComparedSplit): Promise<ReadRun> {
  const { path, model } = input;
  const isFile = await isThere(path);
  const file = model !== undefined && split === "test" ? RUN_FILES.testMetrics : RUN_FILES.metrics;
  const metricsPath = isFile ? path : join(path, file);
  const text = new TextDecoder().decode(await readWholeFile(metricsPath));
  const metrics = parseMetrics(text, metricsPath);
  const known =
    model === undefined ? { training: null, model: undefined, isSynthetic: false } : await trainingOf(model);
  return { name, path, metrics, ...known };
}

/**
 * Reads what is to be compared, in the order given.
 * @throws HipError "usage" (one path twice, no test figures), "not-found", "bad-dataset", "bad-model", "config", "disk"
 */
export async function readRuns(
  paths: readonly string[],
  wanted: ComparedSplit | undefined,
): Promise<readonly ReadRun[]> {
  const whole = paths.map((path) => resolve(path));
  const twin = whole.find((path, i) => whole.indexOf(path) !== i);
  if (twin !== undefined || paths.length < 2) {
    const found = twin === undefined ? `${paths.length}` : `"${twin}" twice`;
    throw new HipError("usage", `Comparing takes two different runs or more, got ${found}`, {
      hint: "hipmri compare RUN RUN --out DIR",
    });
  }
  const inputs = await Promise.all(paths.map(findInput));
  const split = splitOf(inputs, wanted);
  const names = shortNames(paths);
  return Promise.all(inputs.map((input, i) => readInput(input, names[i]!, split)));
}
