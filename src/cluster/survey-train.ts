/** How large a training is, by its configuration, by the run that is there already, and by its data. */
import { join } from "node:path";
import { median } from "../core/statistics.ts";
import { counted } from "../core/text.ts";
import type { LayoutName } from "../dataset/types.ts";
import { formatDuration } from "../node/progress.ts";
import { readLog } from "../node/run-folder.ts";
import type { TrainConfig } from "../train/config.ts";
import type { Workload } from "./plan.ts";
import { decodedMb } from "./survey.ts";

/** Reading the data, measuring a step, and the last validation with its report. */
const AROUND_SECONDS = 600;
const PROCESS_MB = 250;

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
      basis: `${counted(left, "step")} left of ${config.steps}, ${formatDuration(measured.stepSeconds)} each as its log has it`,
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
  const measured = isRun ? await measuredOf(out) : await measuredOf(join(out, "fold_0"));
  const decoded = await decodedMb(data, layout);
  const { seconds, basis } = timeOf(config, isRun ? measured : undefined);
  const held = decoded === undefined ? "" : `, and ${Math.round(decoded)} MB of decoded data`;
  return {
    items: runs,
    noun,
    cpuSeconds: undefined,
    itemSeconds: seconds,
    memoryMb: PROCESS_MB + config.memoryMb + (decoded ?? 0),
    cpus: config.threads,
    stretchSeconds: measured?.longestStepSeconds,
    basis: [
      `${isRun ? "Training" : `${counted(runs, noun)}, each`}: ${basis}`,
      `Memory: at most the ${config.memoryMb} MB that a step is planned within (memoryMb)${held}`,
    ],
  };
}
