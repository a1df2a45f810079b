/** How many steps a run takes, and what is said of its plan before the first. */
import { formatDuration } from "../../core/duration.ts";
import { counted } from "../../core/text.ts";
import { patientsOf } from "../../dataset/split.ts";
import type { CaseEntry } from "../../dataset/types.ts";
import type { TrainingState } from "../../train/checkpoint.ts";
import type { TrainConfig } from "../../train/config.ts";
import { estimateMs, type Measured, planSteps } from "../../train/plan.ts";
import type { Ranks } from "../../train/ranks.ts";
import { shortMinutes } from "../../train/too-short.ts";
import type { StepPlan, Trainer } from "../../train/types.ts";
import { parameterCount } from "../../unet/parameters.ts";
import { peakMb } from "../peak-memory.ts";
import type { Prepared } from "./prepare.ts";

/** @param measure times steps of this run's network here and now */
export type MeasureSteps = (prepared: Prepared, measure: () => Promise<Measured>) => Promise<Measured>;

export interface RunPlan {
  readonly plan: StepPlan;
  /** undefined of a run that goes on. */
  readonly measured: Measured | undefined;
  /** Another run measured for this one, too. */
  readonly isShared: boolean;
}

/** The stored plan of a resumed run, else a new one; minutes need a measured step, and too few of them are warned of. */
export async function planRun(
  trainer: Trainer,
  prepared: Prepared,
  of: {
    readonly stored: TrainConfig | undefined;
    readonly state: TrainingState | undefined;
    readonly measureSteps: MeasureSteps | undefined;
    readonly warn: (text: string) => void;
  },
): Promise<RunPlan> {
  const { stored, state, measureSteps, warn } = of;
  if (state !== undefined && stored?.steps != null && stored.stepsPerEpoch !== null) {
    const plan = { steps: stored.steps, stepsPerEpoch: stored.stepsPerEpoch };
    return { plan, measured: undefined, isShared: false };
  }
  const { config, data } = prepared;
  let isShared = measureSteps !== undefined && config.minutes !== null && config.steps === null;
  const measure = (): Promise<Measured> => {
    isShared = false;
    return trainer.measure(() => performance.now());
  };
  const measured = isShared ? await measureSteps!(prepared, measure) : await measure();
  const short = shortMinutes(config, data.slices.length, measured);
  if (short !== undefined) warn(short);
  return { plan: planSteps(config, data.slices.length, measured), measured, isShared };
}

const countPatients = (cases: readonly CaseEntry[]): string => counted(patientsOf(cases).length, "patient");

/** Of the network, of what was planned and why, of the data, of the steps and how long they will take. */
export function describePlan(
  { config, split, data, plan: { reasons } }: Prepared,
  trainer: Trainer,
  now: RunPlan & {
    /** Steps done before. */
    readonly done: number;
    readonly ranks: Ranks;
  },
): string {
  const { plan, measured, isShared, done, ranks } = now;
  const together = ranks.size === 1 ? "" : ` on ${ranks.size} ranks`;
  const { input } = trainer.canvas;
  const lines = [
    ...(trainer.startedFrom === undefined ? [] : [`Start     ${trainer.startedFrom}`]),
    `Network   ${config.preset}: ${config.unet.levels} levels, base ${config.unet.baseWidth}, ${parameterCount(trainer.spec.parameters).toLocaleString("en")} parameters, input ${input.width} x ${input.height}`,
    ...reasons.map(({ key, value, because }) => `Planned   ${key} ${value}: ${because}`),
    `Data      ${data.slices.length} training slices of ${countPatients(split.train)}; ${countPatients(split.validate)} to validate, ${countPatients(split.test)} to test`,
    `Steps     ${plan.steps} of batch ${config.batchSize}${together}, validation every ${plan.stepsPerEpoch}${done > 0 ? `; going on from step ${done}` : ""}`,
  ];
  if (measured !== undefined) {
    const seconds = estimateMs(plan, done, measured) / 1000;
    const step = `${Math.round(measured.stepMs)} ms a step`;
    // Before a step was taken, the peak of memory tells nothing.
    const basis = isShared
      ? `(${step}, measured once for all trials that cost the same)`
      : `(${step}, measured), about ${peakMb()} MB of memory`;
    lines.push(`Estimate  ${formatDuration(seconds)} ${basis}`);
  }
  return lines.join("\n");
}
