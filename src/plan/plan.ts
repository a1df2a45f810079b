/**
 * From what a data set is like to a network and a batch, as nnU-Net plans its 2D mode (Isensee et al., Nature Methods
 * 2021, doi 10.1038/s41592-020-01008-z, figure 2 and supplementary note 3), for a CPU and the time that is given.
 * The plan follows from the data and the minutes alone, never from the machine: the same command gives the same network.
 */
import { mirrorFor, mirrorReason, neighbourReason, neighboursFor } from "./anatomy.ts";
import type { DataFingerprint, GivenMeans, PlannedValues, Size, Wishes } from "./fingerprint.ts";
import { fitMemory, minutesForWidth, passesIn, STEPS_FOR_WIDTH, WIDTHS } from "./load.ts";
import {
  BATCH_PIXELS,
  batchFor,
  by,
  describeSize,
  LEAST_PIXELS,
  levelsFor,
  oversampleFor,
  oversampleReason,
  sizeFor,
  sizeReason,
} from "./size.ts";

export interface NetworkPlan {
  readonly values: PlannedValues;
  /** One sentence for each value that was not stated, by its name in the configuration. */
  readonly reasons: readonly { readonly key: string; readonly value: string; readonly because: string }[];
}

/** Seen less often than FEW_PASSES, slices need no changes; from MANY_PASSES on they need all of nnU-Net's. */
const FEW_PASSES = 6;
const MANY_PASSES = 100;

/**
 * AdamW's, for batches of so many slices or more. Smaller ones have a noisier gradient and want smaller steps: on ACDC,
 * with batches of four, half of it and less did better than all of it (docs/accuracy.md).
 */
const LEARNING_RATE = 0.005;
const STEADY_BATCH = 8;
/** Of it, where weights are good already. */
const FINE_TUNING = 0.2;

const learningRateFor = (batchSize: number, { isFineTuning = false }: GivenMeans): number =>
  LEARNING_RATE * Math.min(1, batchSize / STEADY_BATCH) * (isFineTuning ? FINE_TUNING : 1);

function learningRateReason({ isFineTuning = false }: GivenMeans): string {
  const rule = `${LEARNING_RATE} from batches of ${STEADY_BATCH} on, in proportion below`;
  return isFineTuning ? `a fifth of ${rule}: the weights are good already` : rule;
}

/** How many steps there will be is measured later, and would make the plan the machine's. */
const ROUND_SPEED = "at the round speed that all plans reckon with";
const roughly = (value: number): string => Number(value.toPrecision(2)).toLocaleString("en");

function passesReason(passes: number, { minutes, steps }: GivenMeans): string {
  const times = `be seen about ${Number(passes.toPrecision(2))} times`;
  return minutes === undefined || steps !== undefined
    ? `each slice will ${times}`
    : `each slice would ${times} ${ROUND_SPEED}`;
}

/** None where each slice is hardly seen twice, all of it where a network could learn the slices by heart. */
function strengthFor(passes: number): number {
  const share = Math.log(passes / FEW_PASSES) / Math.log(MANY_PASSES / FEW_PASSES);
  return Math.round(Math.min(Math.max(share, 0), 1) * 20) / 20;
}

/**
 * @param wishes what the user stated; null: to be planned.
 */
export function planNetwork(data: DataFingerprint, wishes: Wishes, means: GivenMeans): NetworkPlan {
  const { minutes } = means;
  const size = wishes.size ?? sizeFor(data);
  const levels = wishes.levels ?? levelsFor(size);
  const wishedBatch = wishes.batchSize ?? batchFor(size);
  const wideMinutes = minutesForWidth(size, wishedBatch);
  const wished = {
    size,
    levels,
    batchSize: wishedBatch,
    baseWidth: wishes.baseWidth ?? ((minutes ?? 0) >= wideMinutes ? WIDTHS.long : WIDTHS.short),
  };
  const { memoryMb = Number.POSITIVE_INFINITY } = means;
  const { batchSize, baseWidth } = fitMemory(wished, wishes, memoryMb);
  const bounded = (is: boolean): string => (is ? `, and ${memoryMb} MB must do (memoryMb)` : "");
  const passes = passesIn(means, data, { size, batchSize, baseWidth });
  const values: PlannedValues = {
    size,
    levels,
    baseWidth,
    batchSize,
    learningRate: wishes.learningRate ?? learningRateFor(batchSize, means),
    oversample: wishes.oversample ?? oversampleFor(data),
    neighbours: wishes.neighbours ?? neighboursFor(data),
    mirror: wishes.mirror ?? mirrorFor(data),
    strength: wishes.strength ?? strengthFor(passes),
  };
  const because: { readonly [K in keyof PlannedValues]: readonly [key: string, reason: string] } = {
    size: ["input.size", sizeReason(data, size)],
    levels: [
      "unet.levels",
      `halved so often, ${describeSize(data, size)} leave ${LEAST_PIXELS} pixels or more`,
    ],
    baseWidth: [
      "unet.baseWidth",
      (minutes === undefined
        ? "the width for short trainings"
        : `width ${WIDTHS.long} wants ${STEPS_FOR_WIDTH.toLocaleString("en")} steps, ${roughly(wideMinutes)} minutes ${ROUND_SPEED}; ${minutes} are given`) +
        bounded(baseWidth < wished.baseWidth),
    ],
    batchSize: [
      "batchSize",
      `about ${BATCH_PIXELS.toLocaleString("en")} pixels a step at ${describeSize(data, size)}${bounded(batchSize < wished.batchSize)}`,
    ],
    learningRate: ["schedule.learningRate", learningRateReason(means)],
    oversample: ["oversample", oversampleReason(data)],
    neighbours: ["input.neighbours", neighbourReason(data)],
    strength: ["augment.strength", passesReason(passes, means)],
    mirror: ["augment.mirror", mirrorReason(data)],
  };
  const keys = Object.keys(because) as (keyof PlannedValues)[];
  return {
    values,
    reasons: keys
      .filter((key) => wishes[key] === null)
      .map((key) => ({ key: because[key][0], value: text(values[key]), because: because[key][1] })),
  };
}

function text(value: number | PlannedValues["mirror"] | Size): string {
  if (typeof value === "number") return `${value}`;
  if (typeof value.width === "number") return by(value as Size);
  const axes = (["width", "height"] as const).filter((axis) => value[axis]);
  return axes.length === 0 ? "none" : axes.join(" and ");
}
