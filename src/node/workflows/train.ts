/** `hipmri train`: from a data folder and a configuration to a run folder. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { HipError } from "../../core/errors.ts";
import { patientsOf } from "../../dataset/split.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { fromFirst, settled } from "../../train/agreement.ts";
import type { TrainingState } from "../../train/checkpoint.ts";
import { type FittedConfig, parseConfig, type TrainConfig } from "../../train/config.ts";
import { ALONE, type Ranks } from "../../train/ranks.ts";
import { makeTrainer } from "../../train/trainer.ts";
import type { StepPlan, Trainer } from "../../train/types.ts";
import { asTyped } from "../as-typed.ts";
import { writeFileAtomic } from "../atomic.ts";
import { chooseRuntime } from "../device.ts";
import type { announceRun } from "../live-run.ts";
import { checkRunFolder, RUN_FILES, readLog } from "../run-folder.ts";
import { testSeenOfRun } from "../test-looks.ts";
import { makeEpochSamples } from "./epoch-samples.ts";
import { bestEpochOf, finishRun, readMetrics } from "./finish.ts";
import { type Prepared, prepare, type SplitCases } from "./prepare.ts";
import {
  checkSamePlan,
  followingHost,
  type LeadingRun,
  openForAll,
  optionsOf,
  toldOnce,
} from "./ranked-run.ts";
import { describePlan, planRun } from "./run-plan.ts";
import { readRunOf } from "./run-source.ts";
import type { TrainRunOptions, TrainSummary } from "./train-options.ts";
import { makeTrainingHost } from "./training-host.ts";

/** Settings that a resumed run takes from its own config.json and that were asked otherwise. */
function differences(stored: TrainConfig, asked: TrainConfig): string[] {
  // What was left open when the run was started is no other wish.
  const wished: TrainConfig = {
    ...asked,
    steps: asked.steps ?? stored.steps,
    stepsPerEpoch: asked.stepsPerEpoch ?? stored.stepsPerEpoch,
    unet: {
      ...asked.unet,
      classes: asked.unet.classes ?? stored.unet.classes,
      levels: asked.unet.levels ?? stored.unet.levels,
      baseWidth: asked.unet.baseWidth ?? stored.unet.baseWidth,
      inChannels: 1 + 2 * (asked.input.neighbours ?? stored.input.neighbours ?? 0),
    },
    batchSize: asked.batchSize ?? stored.batchSize,
    oversample: asked.oversample ?? stored.oversample,
    schedule: {
      ...asked.schedule,
      learningRate: asked.schedule.learningRate ?? stored.schedule.learningRate,
    },
    augment: {
      ...asked.augment,
      mirror: asked.augment.mirror ?? stored.augment.mirror,
      strength: asked.augment.strength ?? stored.augment.strength,
    },
    input: {
      ...asked.input,
      size: asked.input.size ?? stored.input.size,
      spacingMm: asked.input.spacingMm ?? stored.input.spacingMm,
      orientation: asked.input.orientation ?? stored.input.orientation,
      neighbours: asked.input.neighbours ?? stored.input.neighbours,
    },
  };
  const keys = Object.keys(stored) as (keyof TrainConfig)[];
  return keys.filter((key) => JSON.stringify(stored[key]) !== JSON.stringify(wished[key]));
}

/** The configuration of a run folder; undefined where there is none yet. @throws HipError "config" */
export async function storedConfig(run: string): Promise<TrainConfig | undefined> {
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

/** Trains, or goes on training. Of several ranks rank 0 tells, writes and judges in the end. */
export async function trainRun(asked: TrainRunOptions): Promise<TrainSummary> {
  const started = performance.now();
  const ranks = asked.ranks ?? ALONE;
  const options = optionsOf(asked, ranks);
  const say = (text: string): void => {
    if (!options.quiet) options.stderr.write(`${text}\n`);
  };
  const warn = (text: string): void => {
    if (ranks.rank === 0) options.stderr.write(asTyped(`warning: ${text}\n`));
  };
  const stored = await fromFirst(ranks, () => openStored(options, warn));
  const { prepared, runtime, early } = await settled(ranks, () =>
    makeReady({ options, stored, ranks, warn }),
  );
  await checkSamePlan(ranks, prepared);
  const { resume, overwrite } = options;
  const session = sessionOf(options, prepared);
  const { leading, state } = await openForAll(ranks, options.out, { resume, overwrite, warn }, session);
  let failure: unknown;
  try {
    const isComplete =
      stored !== undefined && state !== undefined && state.step >= (stored.steps ?? Number.POSITIVE_INFINITY);
    if (isComplete) {
      const done = await fromFirst(ranks, () => alreadyFinished(options, state));
      if (done !== undefined) return done;
    }
    const trainer =
      early ?? (await settled(ranks, () => makeTrainer({ ...prepared, runtime, resume: state, ranks })));
    try {
      const { measureSteps } = options;
      const planned = await planRun(trainer, prepared, { stored, state, measureSteps, warn });
      const { plan } = planned;
      const config: FittedConfig = { ...prepared.config, ...plan };
      await leading?.run.writeConfig(config);
      if (leading !== undefined) await writeSplit(options.out, prepared.split);
      const done = state?.step ?? 0;
      say(describePlan(prepared, trainer, { ...planned, done, ranks }));
      const finished = await trainSteps({ trainer, plan, prepared, options, leading, done }).catch(
        (error: unknown) => {
          throw toldOnce(error, ranks);
        },
      );
      const seconds = (performance.now() - started) / 1000;
      if (!finished) {
        await leading?.run.close();
        return { ...summaryOf(options, trainer.state, seconds), finished: false };
      }
      const ended = await fromFirst(ranks, () =>
        finishRun({ run: leading!.run, config, options, prepared, runtime, seconds, warn }),
      );
      return {
        ...summaryOf(options, trainer.state, (performance.now() - started) / 1000),
        ...ended,
        foregroundDice: ended.metrics.foregroundMean,
      };
    } finally {
      await trainer.dispose();
    }
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    await leading?.run.close();
    // What went wrong is told already.
    await leading?.live.end(failure).catch(() => undefined);
  }
}

/** The configuration of the run in the folder; undefined for a new run. */
async function openStored(
  options: TrainRunOptions,
  warn: (text: string) => void,
): Promise<TrainConfig | undefined> {
  await checkRunFolder(options.out, options);
  if (!options.resume) return undefined;
  const stored = await storedConfig(options.out);
  if (stored === undefined) {
    warn(`there is no run in "${options.out}" yet: a new one starts`);
    return undefined;
  }
  const other = differences(stored, options.config);
  if (other.length > 0)
    warn(`a resumed run keeps its own config.json; other values were asked for ${other.join(", ")}`);
  return stored;
}

/** Data, configuration and runtime; and for a new run its trainer: what is wrong with it shows before an old run is removed. */
async function makeReady(of: {
  readonly options: TrainRunOptions;
  readonly stored: TrainConfig | undefined;
  readonly ranks: Ranks;
  readonly warn: (text: string) => void;
}): Promise<{
  readonly prepared: Prepared;
  readonly runtime: Runtime;
  readonly early: Trainer | undefined;
}> {
  const { options, stored, ranks, warn } = of;
  const source = stored === undefined ? undefined : await readRunOf(join(options.out, RUN_FILES.model));
  const fresh = await prepare({ ...options, warn }, stored ?? options.config, source);
  const prepared = stored === undefined ? fresh : await withLooks(fresh, options.out, stored);
  const runtime = await chooseRuntime({ device: options.device, threads: prepared.config.threads, warn });
  const early = options.resume
    ? undefined
    : await makeTrainer({ ...prepared, runtime, resume: undefined, ranks });
  return { prepared, runtime, early };
}

/** @returns whether all steps are done */
async function trainSteps(of: {
  readonly trainer: Trainer;
  readonly plan: StepPlan;
  readonly prepared: Prepared;
  readonly options: TrainRunOptions;
  readonly leading: LeadingRun | undefined;
  /** Steps done before. */
  readonly done: number;
}): Promise<boolean> {
  const { trainer, plan, prepared, options, leading, done } = of;
  if (leading === undefined) return trainer.run(followingHost(options.signal), plan);
  const samples = makeEpochSamples({
    cases: prepared.split.validate,
    labels: prepared.card.labels,
    isSynthetic: prepared.opened.isSynthetic,
    now: () => performance.now(),
  });
  const host = makeTrainingHost({ ...leading, options, plan, done, samples });
  try {
    return await trainer.run(host, plan);
  } finally {
    host.stop();
  }
}

/** How to go on with the run, whatever folder that is said in. */
function sessionOf(options: TrainRunOptions, { opened, card }: Prepared): Parameters<typeof announceRun>[1] {
  return {
    data: resolve(options.data),
    layout: options.layout ?? null,
    device: options.device ?? null,
    test: options.test,
    folds: options.partOf ?? null,
    synthetic: opened.isSynthetic,
    labels: card.labels.map(({ id, name }) => ({ id, name })),
  };
}

/** With what was looked at before the run goes on: models that it exports from now on say so. */
async function withLooks(prepared: Prepared, run: string, { steps }: TrainConfig): Promise<Prepared> {
  const { card } = prepared;
  const model = { steps: steps ?? Number.POSITIVE_INFINITY, testPatients: card.patients.test };
  return { ...prepared, card: { ...card, testSeen: await testSeenOfRun(run, model) } };
}

async function writeSplit(run: string, split: SplitCases): Promise<void> {
  const patients = {
    train: patientsOf(split.train),
    validate: patientsOf(split.validate),
    test: patientsOf(split.test),
  };
  await writeFileAtomic(join(run, RUN_FILES.split), `${JSON.stringify(patients, null, 2)}\n`);
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

/** The summary of a complete run; undefined where something that was asked for is still to be done. */
async function alreadyFinished(
  options: TrainRunOptions,
  state: TrainingState,
): Promise<TrainSummary | undefined> {
  const metrics = await readMetrics(options.out);
  const test = await readMetrics(options.out, RUN_FILES.testMetrics);
  if (metrics === undefined || (options.test && test === undefined)) return undefined;
  return {
    ...summaryOf(options, state, 0),
    alreadyFinished: true,
    bestEpoch: bestEpochOf(await readLog(options.out)),
    foregroundDice: metrics.foregroundMean,
    metrics,
    test,
  };
}
