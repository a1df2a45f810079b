/** How large a training is, by its configuration, by the run that is there already, and by its data. */
import { join } from "node:path";
import { median } from "../core/statistics.ts";
import { counted } from "../core/text.ts";
import type { LayoutName } from "../dataset/types.ts";
import { readLog } from "../node/run-folder.ts";
import { foldFolder } from "../node/workflows/folds-options.ts";
import { trialName } from "../node/workflows/sweep-plan.ts";
import { memoryMbOf, WIDTHS } from "../plan/load.ts";
import { batchFor, levelsFor } from "../plan/size.ts";
import type { TrainConfig } from "../train/config.ts";
import type { Workload } from "./plan.ts";
import { type DataSize, surveyData } from "./survey.ts";

/** Reading the data, measuring a step, and the last validation with its report. */
const AROUND_SECONDS = 600;
/** Larger slices are learnt in patches (plan/size.ts). */
const MOST_PIXELS = 512;

interface Measured {
  readonly stepSeconds: number;
  readonly longestStepSeconds: number;
  readonly done: number;
}

/** What the log of a run says of its steps; undefined where there are none. */
async function measuredOf(run: string): Promise<Measured | undefined> {
  const steps = (await readLog(run)).filter(({ kind }) => kind === "step");
  const seconds = steps.flatMap((entry) => (typeof entry.seconds === "number" ? [entry.seconds] : []));
  if (seconds.length === 0) return undefined;
  return {
    stepSeconds: median(seconds),
    longestStepSeconds: Math.max(...seconds),
    done: steps.at(-1)!.step,
  };
}

function timeOf(
  config: TrainConfig,
  measured: Measured | undefined,
): { readonly seconds: number | undefined; readonly basis: string } {
  if (measured !== undefined && config.steps !== null) {
    const left = Math.max(0, config.steps - measured.done);
    return {
      seconds: left * measured.stepSeconds + AROUND_SECONDS,
      basis: `${counted(left, "step")} left of ${config.steps}, ${Math.round(measured.stepSeconds * 1000)} ms each as its log has it`,
    };
  }
  if (config.minutes !== null) {
    return {
      seconds: config.minutes * 60 + AROUND_SECONDS,
      basis: `${config.minutes} minutes of training, and ${AROUND_SECONDS / 60} around them`,
    };
  }
  return { seconds: undefined, basis: "no --minutes, and no step was measured yet" };
}

/**
 * What a step takes at most, as planning counts it: for the widest network that it chooses, and within `memoryMb`, but
 * for a network and a batch that are stated.
 */
function stepMemoryMb({ memoryMb, input, unet, batchSize }: TrainConfig, data: DataSize | undefined): number {
  const known = input.size ?? data?.slice;
  if (known === undefined) return memoryMb;
  const size = {
    width: Math.min(known.width, MOST_PIXELS),
    height: Math.min(known.height, MOST_PIXELS),
  };
  const needed = memoryMbOf({
    size,
    levels: unet.levels ?? levelsFor(size),
    batchSize: batchSize ?? batchFor(size),
    baseWidth: unet.baseWidth ?? WIDTHS.long,
  });
  const isStated = batchSize !== null && unet.baseWidth !== null;
  return isStated ? needed : Math.min(needed, memoryMb);
}

/** The run folder of the first network; a single one has the whole folder. */
function firstRun(out: string, noun: string): string {
  if (noun === "run") return out;
  return noun === "fold" ? foldFolder(out, 0) : join(out, trialName(0));
}

/**
 * `hipmri train`.
 * @param request.runs where the networks' run folders are, or will be
 * @throws HipError as openData()
 */
export async function surveyTrain(request: {
  readonly data: string;
  readonly layout: LayoutName | undefined;
  readonly config: TrainConfig;
  readonly out: string;
  readonly runs: number;
  readonly noun: string;
}): Promise<Workload> {
  const { data, layout, config, out, runs, noun } = request;
  const isRun = noun === "run";
  const measured = await measuredOf(firstRun(out, noun));
  const size = await surveyData(data, layout);
  const { seconds, basis } = timeOf(config, isRun ? measured : undefined);
  const stepMb = stepMemoryMb(config, size);
  const decodedMb = size?.decodedMb ?? 0;
  return {
    items: runs,
    noun,
    cpuSeconds: undefined,
    itemSeconds: seconds,
    memoryMb: stepMb + decodedMb,
    cpus: config.threads,
    ...(isRun && config.batchSize !== null
      ? { batch: { batchSize: config.batchSize, microBatch: config.microBatch } }
      : {}),
    stretchSeconds: measured?.longestStepSeconds,
    basis: [
      `${isRun ? "Training" : `${counted(runs, noun)}, each`}: ${basis}`,
      `Memory: ${Math.round(stepMb)} MB at most for steps, as planning counts them, and ${Math.round(decodedMb)} MB of decoded data`,
    ],
  };
}
