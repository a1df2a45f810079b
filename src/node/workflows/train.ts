/** `hipmri train`: from a data folder and a configuration to a run folder. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HipError } from "../../core/errors.ts";
import { splitByPatient } from "../../dataset/split.ts";
import type { CaseEntry } from "../../dataset/types.ts";
import type { Metrics } from "../../metrics/types.ts";
import type { InputFit, ModelCard } from "../../predict/card.ts";
import type { SliceRef } from "../../train/batches.ts";
import type { TrainingState } from "../../train/checkpoint.ts";
import { type FittedConfig, parseConfig, type TrainConfig } from "../../train/config.ts";
import { estimateMs, type Measured, planSteps } from "../../train/plan.ts";
import { makeTrainer, type StepPlan, type Trainer, type TrainingData } from "../../train/trainer.ts";
import { parameterCount } from "../../unet/parameters.ts";
import { writeFileAtomic } from "../atomic.ts";
import { formatDuration, makeProgress } from "../progress.ts";
import { checkRunFolder, openRun, RUN_FILES, type RunFolder, readLog } from "../run-folder.ts";
import { makeNodeRuntime } from "../runtime.ts";
import { VERSION } from "../version.ts";
import { finishRun, readMetrics, TEST_METRICS } from "./finish.ts";
import { type CaseFacts, checkCases, type OpenedData, openData } from "./open-data.ts";
import { makeTrainingHost } from "./training-host.ts";

export interface TrainRunOptions {
  readonly data: string;
  readonly out: string;
  readonly config: TrainConfig;
  readonly resume: boolean;
  readonly overwrite: boolean;
  /** Judge the best checkpoint once on the test split at the end. */
  readonly test: boolean;
  /** What the user typed, for "how to reproduce". */
  readonly command: string;
  readonly stderr: NodeJS.WriteStream;
  readonly quiet?: boolean;
  /** Aborted: the step under way is finished and saved. */
  readonly signal: AbortSignal;
}

export interface TrainSummary {
  readonly finished: boolean;
  /** The run was complete before; nothing was done. */
  readonly alreadyFinished: boolean;
  readonly steps: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly bestEpoch: number;
  readonly foregroundDice: number | null;
  readonly metrics: Metrics | undefined;
  readonly test: Metrics | undefined;
  readonly files: readonly string[];
  readonly run: string;
}

/** Largest side of a training canvas; larger slices are cut at random places. */
const LARGEST_CANVAS = 512;
const DISCLAIMER = "Research only: not a medical device, not for diagnosis or treatment";

export interface SplitCases {
  readonly train: readonly CaseEntry[];
  readonly validate: readonly CaseEntry[];
  readonly test: readonly CaseEntry[];
}

const patientsOf = (cases: readonly CaseEntry[]): string[] => [
  ...new Set(cases.map(({ patient }) => patient)),
];

/** The cases of a run: by its split.json when it has one, else drawn by patient. */
async function splitCases(
  data: OpenedData,
  options: TrainRunOptions,
  config: TrainConfig,
  warn: (text: string) => void,
): Promise<SplitCases> {
  const split = splitByPatient(data.index, { seed: config.seed, ...config.split });
  for (const warning of split.warnings) warn(warning);
  for (const name of ["train", "validate"] as const) {
    if (split[name].length > 0) continue;
    throw new HipError("bad-dataset", `Cannot train on "${options.data}": the ${name} split has no cases`, {
      hint: "Give each of the splits at least one patient",
    });
  }
  return split;
}

/** Settings that a resumed run takes from its own config.json and that were asked otherwise. */
function differences(stored: TrainConfig, asked: TrainConfig): string[] {
  const keys = Object.keys(stored) as (keyof TrainConfig)[];
  const found = new Set<keyof TrainConfig>(["steps", "stepsPerEpoch", "input", "unet"]);
  return keys.filter((key) => !found.has(key) && JSON.stringify(stored[key]) !== JSON.stringify(asked[key]));
}

async function storedConfig(run: string): Promise<TrainConfig | undefined> {
  const path = join(run, RUN_FILES.config);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new HipError("config", `Cannot resume: "${path}" is not JSON`, {
      hint: "Restore the file from a copy, or start anew with --overwrite",
      cause,
    });
  }
  return parseConfig(value, `"${path}"`);
}

interface Prepared {
  readonly config: FittedConfig;
  readonly data: TrainingData;
  readonly split: SplitCases;
  readonly opened: OpenedData;
  readonly card: Omit<ModelCard, "validation" | "steps">;
}

async function prepare(
  options: TrainRunOptions,
  config: TrainConfig,
  warn: (text: string) => void,
): Promise<Prepared> {
  const opened = await openData(options.data);
  for (const warning of opened.warnings()) warn(warning);
  const split = await splitCases(opened, options, config, warn);
  const used = [...split.train, ...split.validate];
  const reading = makeProgress(options.stderr, { total: used.length, label: "Reading cases" });
  let facts: CaseFacts;
  try {
    facts = await checkCases(opened, used, (done) => options.quiet || reading.update(done));
  } finally {
    reading.stop();
  }
  const { labels } = opened.index;
  if (config.unet.classes !== null && config.unet.classes < labels.length) {
    throw new HipError(
      "config",
      `Cannot train: unet.classes is ${config.unet.classes}, the data set has ${labels.length} labels`,
      { hint: "Leave unet.classes out: it follows the data" },
    );
  }
  const largest = {
    width: Math.min(facts.width, LARGEST_CANVAS),
    height: Math.min(facts.height, LARGEST_CANVAS),
  };
  const size = config.input.size ?? largest;
  const fitted: FittedConfig = {
    ...config,
    unet: { ...config.unet, classes: labels.length },
    input: { ...config.input, size },
  };
  const input: InputFit = {
    mode: config.input.mode,
    normalise: config.input.normalise,
    over: opened.over,
    canvas: size,
  };
  const slices: SliceRef[] = [];
  const byLabel = new Map<number, SliceRef[]>(labels.filter(({ id }) => id > 0).map(({ id }) => [id, []]));
  for (const entry of split.train) {
    for (const [slice, held] of facts.slices.get(entry.id)!.entries()) {
      slices.push({ entry, slice });
      for (const label of held) byLabel.get(label)?.push({ entry, slice });
    }
  }
  const slicesByLabel = [...byLabel.values()].filter((holders) => holders.length > 0);
  const synthetic = opened.isSynthetic;
  return {
    config: fitted,
    opened,
    split,
    data: { labels, slices, slicesByLabel, validate: split.validate, over: opened.over, load: opened.load },
    card: {
      format: 1,
      version: VERSION,
      preset: config.preset,
      unet: fitted.unet,
      labels,
      input,
      trainedOn: `${opened.index.layout} data set, ${split.train.length} volumes of ${patientsOf(split.train).length} patients`,
      synthetic,
      seed: config.seed,
      patients: {
        train: patientsOf(split.train).length,
        validate: patientsOf(split.validate).length,
        test: patientsOf(split.test).length,
      },
      intendedUse: synthetic ? `SYNTHETIC training data: not for real scans. ${DISCLAIMER}` : DISCLAIMER,
    },
  };
}

/** Trains, or goes on training. */
export async function trainRun(options: TrainRunOptions): Promise<TrainSummary> {
  const started = performance.now();
  const say = (text: string): void => {
    if (!options.quiet) options.stderr.write(`${text}\n`);
  };
  const warn = (text: string): void => {
    options.stderr.write(`warning: ${text}\n`);
  };
  await checkRunFolder(options.out, options);
  const stored = options.resume ? await storedConfig(options.out) : undefined;
  if (stored !== undefined) {
    const other = differences(stored, options.config);
    if (other.length > 0)
      warn(`a resumed run keeps its own config.json; other values were asked for ${other.join(", ")}`);
  }
  const prepared = await prepare(options, stored ?? options.config, warn);
  const { run, state } = await openRun(options.out, {
    resume: options.resume,
    overwrite: options.overwrite,
    warn,
  });
  try {
    if (stored !== undefined && state !== undefined && stored.steps !== null && state.step >= stored.steps) {
      const metrics = await readMetrics(options.out);
      if (metrics !== undefined) return await alreadyFinished(options, state, metrics);
    }
    const runtime = makeNodeRuntime({ threads: prepared.config.threads });
    const trainer = await makeTrainer({ ...prepared, runtime, resume: state });
    try {
      const { plan, measured } = await planRun(trainer, prepared, stored, state);
      const config: TrainConfig = { ...prepared.config, ...plan };
      await run.writeConfig(config);
      await writeSplit(options.out, prepared.split);
      say(describePlan(prepared, trainer, { plan, measured, done: state?.step ?? 0 }));
      const host = makeTrainingHost({ run, options, plan, done: state?.step ?? 0 });
      let finished: boolean;
      try {
        finished = await trainer.run(host, plan);
      } finally {
        host.stop();
      }
      const seconds = (performance.now() - started) / 1000;
      if (!finished) {
        await run.close();
        return { ...summaryOf(options, trainer.state, seconds), finished: false };
      }
      const done = await finishRun({ run, config, options, prepared, runtime, seconds });
      return {
        ...summaryOf(options, trainer.state, (performance.now() - started) / 1000),
        ...done,
        bestEpoch: await bestEpochOf(options.out),
        foregroundDice: done.metrics.foregroundMean,
      };
    } finally {
      await trainer.dispose();
    }
  } finally {
    await run.close();
  }
}

export type { Prepared };

/** The stored plan of a resumed run, else a new one; minutes need a measured step. */
async function planRun(
  trainer: Trainer,
  prepared: Prepared,
  stored: TrainConfig | undefined,
  state: TrainingState | undefined,
): Promise<{ readonly plan: StepPlan; readonly measured: Measured | undefined }> {
  if (state !== undefined && stored?.steps != null && stored.stepsPerEpoch !== null) {
    return { plan: { steps: stored.steps, stepsPerEpoch: stored.stepsPerEpoch }, measured: undefined };
  }
  const measured = await trainer.measure(() => performance.now());
  return { plan: planSteps(stored ?? prepared.config, prepared.data.slices.length, measured), measured };
}

async function writeSplit(run: string, split: SplitCases): Promise<void> {
  const patients = {
    train: patientsOf(split.train),
    validate: patientsOf(split.validate),
    test: patientsOf(split.test),
  };
  await writeFileAtomic(join(run, "split.json"), `${JSON.stringify(patients, null, 2)}\n`);
}

function counted(cases: readonly CaseEntry[]): string {
  const { length } = patientsOf(cases);
  return `${length} patient${length === 1 ? "" : "s"}`;
}

function describePlan(
  { config, split, data }: Prepared,
  trainer: Trainer,
  now: { readonly plan: StepPlan; readonly measured: Measured | undefined; readonly done: number },
): string {
  const { plan, measured, done } = now;
  const { input } = trainer.canvas;
  const lines = [
    `Network   ${config.preset}: ${config.unet.levels} levels, base ${config.unet.baseWidth}, ${parameterCount(trainer.spec.parameters).toLocaleString("en")} parameters, input ${input.width} x ${input.height}`,
    `Data      ${data.slices.length} training slices of ${counted(split.train)}; ${counted(split.validate)} to validate, ${counted(split.test)} to test`,
    `Steps     ${plan.steps} of batch ${config.batchSize}, validation every ${plan.stepsPerEpoch}${done > 0 ? `; going on from step ${done}` : ""}`,
  ];
  if (measured !== undefined) {
    const seconds = estimateMs(plan, done, measured) / 1000;
    const memoryMb = Math.round(process.resourceUsage().maxRSS / 1024);
    lines.push(
      `Estimate  ${formatDuration(seconds)} (${Math.round(measured.stepMs)} ms a step, measured), about ${memoryMb} MB of memory`,
    );
  }
  return lines.join("\n");
}

function summaryOf(options: TrainRunOptions, state: TrainingState, seconds: number): TrainSummary {
  return {
    finished: true,
    alreadyFinished: false,
    steps: state.step,
    epochs: state.epoch,
    seconds,
    bestEpoch: 0,
    foregroundDice: null,
    metrics: undefined,
    test: undefined,
    files: [],
    run: options.out,
  };
}

async function alreadyFinished(
  options: TrainRunOptions,
  state: TrainingState,
  metrics: Metrics,
): Promise<TrainSummary> {
  return {
    ...summaryOf(options, state, 0),
    alreadyFinished: true,
    bestEpoch: await bestEpochOf(options.out),
    foregroundDice: metrics.foregroundMean,
    metrics,
    test: await readMetrics(options.out, TEST_METRICS),
  };
}

/** The epoch whose weights model.onnx holds. */
export async function bestEpochOf(run: string): Promise<number> {
  const epochs = (await readLog(run)).filter((entry) => entry.kind === "epoch" && entry.isBest === true);
  return Number(epochs.at(-1)?.epoch ?? 0);
}

export type { RunFolder };
