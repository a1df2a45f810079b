/** `hipmri demo`: phantom, training, evaluation and prediction in one go, without any download. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { HipError } from "../../core/errors.ts";
import { defaultPhantomOptions, type PhantomOptions } from "../../dataset/phantom/options.ts";
import type { CaseEntry } from "../../dataset/types.ts";
import type { Metrics } from "../../metrics/types.ts";
import type { TrainConfig } from "../../train/config.ts";
import { type DeepPartial, resolveConfig } from "../../train/recipes.ts";
import { asTyped } from "../as-typed.ts";
import { makeFolder, removePath, writeError, writeFileAtomic } from "../atomic.ts";
import { withProgress } from "../progress.ts";
import { RUN_FILES } from "../run-folder.ts";
import { evaluate } from "./evaluate.ts";
import { openData } from "./open-data.ts";
import { writePhantom } from "./phantom.ts";
import { type PredictedMask, predictInputs } from "./predict.ts";
import { trainRun } from "./train.ts";
import type { TrainSummary } from "./train-options.ts";

export interface DemoOptions {
  readonly out: string;
  readonly seed: number;
  /** For the training alone; default: DEMO_STEPS steps. */
  readonly minutes?: number | undefined;
  /** Replace a finished demo in the folder. */
  readonly overwrite?: boolean | undefined;
  /** Laid over the default recipe, for tests. */
  readonly config?: DeepPartial<TrainConfig>;
  readonly phantom?: Partial<PhantomOptions>;
  readonly stderr: NodeJS.WriteStream;
  readonly quiet?: boolean;
  readonly command: string;
  readonly signal: AbortSignal;
}

export interface DemoResult {
  /** False where the signal stopped the training; then there is neither test nor prediction. */
  readonly finished: boolean;
  readonly seconds: number;
  readonly folders: {
    readonly data: string;
    readonly run: string;
    readonly test: string;
    readonly predict: string;
  };
  readonly train: TrainSummary;
  readonly test: Metrics | undefined;
  readonly report: string | undefined;
  readonly masks: readonly PredictedMask[];
}

/** Names the folder as ours, so that the next demo may replace what is in it. */
const MARKER = ".hipmri-demo";
/** A fixed number, so that a busy moment at the start does not cut the training short: about 3 minutes on 2 cores. */
const DEMO_STEPS = 900;
const PARTS = ["data", "run", "test", "predict"] as const;
/** Slices of a test volume that are predicted one by one. */
const PREDICTED_SLICES = 6;

/** Empties the folder of an earlier demo, or makes a new one; leaves everything else alone, and a finished demo too. */
async function prepareFolder(out: string, isReplacing: boolean): Promise<void> {
  const names = await readdir(out).catch((error: unknown): string[] => {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return [];
    if (code !== "ENOTDIR") throw writeError(`open "${out}"`, error);
    throw new HipError("usage", `Cannot write the demo to "${out}": expected a folder, found a file`, {
      hint: "Give another folder with --out",
    });
  });
  if (names.length > 0 && !names.includes(MARKER)) {
    throw new HipError(
      "usage",
      `Folder "${out}" is not empty and no earlier demo made it: found "${names.sort()[0]}"`,
      {
        hint: "Give another folder with --out",
      },
    );
  }
  const finished = await stat(join(out, "test", RUN_FILES.metrics)).catch(() => undefined);
  if (finished !== undefined && !isReplacing) {
    throw new HipError("usage", `Folder "${out}" has a finished demo already`, {
      hint: "Add --overwrite to replace it, or give another folder with --out",
    });
  }
  await makeFolder(out);
  await writeFileAtomic(
    join(out, MARKER),
    "Made by hipmri demo, which may replace data, run, test and predict\n",
  );
  for (const part of PARTS) await removePath(join(out, part));
}

/** Slices spread over the middle half of a volume, where the organs are. */
function middleSlices({ files }: CaseEntry): readonly string[] {
  const first = Math.floor(files.length / 4);
  const step = Math.max(1, Math.floor(files.length / 2 / PREDICTED_SLICES));
  return files
    .slice(first, first + step * PREDICTED_SLICES)
    .filter((_, i) => i % step === 0)
    .map((file) => file.image);
}

/**
 * Makes a synthetic data set, trains the default preset on it, judges the model on the test patients and predicts
 * some of their slices.
 * @throws HipError "usage" where `out` holds something that no demo made; "disk"
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { out, seed, signal } = options;
  const started = performance.now();
  await prepareFolder(out, options.overwrite ?? false);
  const folders = {
    data: join(out, "data"),
    run: join(out, "run"),
    test: join(out, "test"),
    predict: join(out, "predict"),
  };
  const warn = (message: string): void => {
    options.stderr.write(asTyped(`warning: ${message}\n`));
  };
  const phantom = { ...defaultPhantomOptions, ...options.phantom, seed };
  const { stderr } = options;
  const isQuiet = options.quiet ?? false;
  await withProgress(stderr, { label: "Drawing the synthetic pelvis", isQuiet }, (onProgress) =>
    writePhantom({ out: folders.data, phantom, onProgress, signal }),
  );
  const { minutes } = options;
  const length = minutes === undefined ? { steps: DEMO_STEPS, stepsPerEpoch: DEMO_STEPS / 5 } : { minutes };
  const config = resolveConfig({ seed, ...length, ...options.config }, "the demo's configuration");
  const train = await trainRun({
    data: folders.data,
    out: folders.run,
    config,
    resume: false,
    overwrite: false,
    test: false,
    command: options.command,
    stderr: options.stderr,
    quiet: options.quiet ?? false,
    signal,
  });
  const seconds = (): number => (performance.now() - started) / 1000;
  if (!train.finished) {
    return {
      finished: false,
      seconds: seconds(),
      folders,
      train,
      test: undefined,
      report: undefined,
      masks: [],
    };
  }
  const judged = await withProgress(stderr, { label: "Judging the test patients", isQuiet }, (onProgress) =>
    evaluate({
      model: folders.run,
      data: folders.data,
      split: "test",
      out: folders.test,
      onProgress: ({ done, total }) => onProgress(done, total),
      warn,
    }),
  );
  const { index } = await openData(folders.data);
  const entry = index.cases.find((each) => each.split === "test");
  if (entry === undefined) throw new Error("internal: the phantom has no test case");
  const { outputs } = await predictInputs({
    model: folders.run,
    inputs: middleSlices(entry).map((path) => join(folders.data, path)),
    out: folders.predict,
    threads: config.threads,
    warn,
    signal,
  });
  return {
    finished: true,
    seconds: seconds(),
    folders,
    train,
    test: judged.metrics,
    report: judged.reportPath,
    masks: outputs,
  };
}
