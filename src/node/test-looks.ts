/**
 * RUN/test-looks.jsonl: every time that the test patients of a run were judged. Figures on them are those of unseen
 * patients only as long as nothing was trained or chosen by them, and nobody remembers that months later.
 */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { HipError, messageOf } from "../core/errors.ts";
import { readModelCard } from "../predict/card.ts";
import type { TestSeen } from "../predict/card-parts.ts";
import { writeError } from "./atomic.ts";
import { readWholeFile } from "./files.ts";
import { RUN_FILES, readLog } from "./run-folder.ts";
import { sha256Of } from "./sha256.ts";
import { VERSION } from "./version.ts";

const lookSchema = z.object({
  /** Training steps done at that time; null where the run has no log. */
  step: z.number().int().min(0).nullable(),
  modelSha256: z.string(),
  by: z.enum(["train", "evaluate", "compare"]),
  /** In words, e.g. the command. */
  why: z.string(),
  version: z.string(),
  /** ISO 8601, UTC. */
  at: z.string(),
});

export type TestLook = Readonly<z.infer<typeof lookSchema>>;

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readWholeFile(path);
  } catch (error) {
    if (error instanceof HipError && error.code === "not-found") return undefined;
    throw error;
  }
}

function parseLook(line: string): TestLook | undefined {
  try {
    return lookSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** The looks at a run's test patients, in order; none of a run of a version that did not keep them. */
export async function readTestLooks(run: string): Promise<readonly TestLook[]> {
  const bytes = await readIfThere(join(run, RUN_FILES.testLooks));
  const lines = new TextDecoder().decode(bytes).split("\n");
  // A line that a kill left half-written is passed over, as in log.jsonl.
  return lines.flatMap((line) => parseLook(line) ?? []);
}

async function stepsDone(run: string): Promise<number | null> {
  const steps = (await readLog(run)).filter(({ kind }) => kind === "step");
  return steps.at(-1)?.step ?? null;
}

async function appendLine(path: string, line: string): Promise<void> {
  const before = await readIfThere(path);
  const isCut = before !== undefined && before.length > 0 && before.at(-1) !== 0x0a;
  const file = await open(path, "a");
  try {
    await file.appendFile(`${isCut ? "\n" : ""}${line}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/**
 * Notes that the test patients of a run are judged; to be called before the figures are shown to anybody.
 * @param options.model the model.onnx that is judged
 * @param options.warn is told where the note cannot be written, as in a run folder that others own
 */
export async function recordTestLook(
  run: string,
  options: {
    readonly by: TestLook["by"];
    readonly why: string;
    readonly model: Uint8Array;
    readonly warn?: ((text: string) => void) | undefined;
  },
): Promise<void> {
  const { by, why, model } = options;
  const path = join(run, RUN_FILES.testLooks);
  try {
    const modelSha256 = sha256Of(model);
    const at = new Date().toISOString();
    const look: TestLook = { step: await stepsDone(run), modelSha256, by, why, version: VERSION, at };
    await appendLine(path, JSON.stringify(look));
  } catch (error) {
    const cause = writeError(`write "${path}"`, error);
    options.warn?.(`this look at the test patients is not on record: ${messageOf(cause)}`);
  }
}

/** What the looks make of the test figures of a model that was trained for `steps` steps. */
export function testSeenBy(
  looks: readonly TestLook[],
  model: { readonly steps: number; readonly testPatients: number },
): TestSeen {
  const { steps, testPatients } = model;
  const early = looks.find(({ step }) => step !== null && step < steps);
  if (early !== undefined) {
    return {
      during: "training",
      note: `The test patients were judged at step ${early.step} of ${steps}, before training ended: they no longer stand for unseen patients`,
    };
  }
  if (looks.some(({ by }) => by === "compare")) {
    return {
      during: "selection",
      note: "Runs were compared on the test patients: if this one was chosen by that, its test figures are too good",
    };
  }
  const note =
    testPatients === 0
      ? "There are no test patients"
      : "The test patients were not looked at before the model was final";
  return { during: "never", note };
}

/** The card of the model in a run folder; undefined where there is none that this version reads. */
async function cardOf(run: string) {
  const path = join(run, RUN_FILES.model);
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    return readModelCard(bytes, path);
  } catch (error) {
    if (error instanceof HipError) return undefined;
    throw error;
  }
}

/** What is known of a run: by its looks, and by its model, which may tell of looks that are no longer on record. */
export async function testSeenOfRun(
  run: string,
  model: { readonly steps: number; readonly testPatients: number },
): Promise<TestSeen> {
  const seen = testSeenBy(await readTestLooks(run), model);
  if (seen.during !== "never") return seen;
  const { testSeen } = (await cardOf(run)) ?? { testSeen: seen };
  return testSeen.during === "never" ? seen : testSeen;
}
