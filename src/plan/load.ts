/** What a training costs in time and memory, and how wide a network may be within both. */

import { widthAt } from "../unet/config.ts";
import { presets } from "../unet/presets.ts";
import type { DataFingerprint, GivenMeans, Size, Wishes } from "./fingerprint.ts";
import { BATCH_LIMITS } from "./size.ts";

/** For long trainings, for short ones, and where memory forces it. */
export const WIDTHS = { long: 32, short: 16, least: 8 } as const;
/** Of a network of base width 16 on two CPU cores; a round figure, so that plans do not depend on the machine. */
const PIXELS_PER_SECOND = 350_000;
/**
 * Of a training process beside its cache of decoded cases: so much by itself, so many bytes for each pixel of a batch and
 * channel of the base width, and so many for each weight (bench/RESULTS.md, "Memory of a step").
 */
const PROCESS_MB = 130;
const BYTES_PER_PIXEL_AND_CHANNEL = 165;
const BYTES_PER_WEIGHT = 40;
/** Fewer steps of a network twice as wide do less than more steps of the narrow one. */
export const STEPS_FOR_WIDTH = 8000;

export interface Load {
  readonly size: Size;
  readonly levels: number;
  readonly batchSize: number;
  readonly baseWidth: number;
}

/** Of the default network, without biases and norms. */
function weightsOf({ levels, baseWidth }: Load): number {
  const width = (level: number): number => (level < 0 ? 1 : widthAt({ ...presets.pelvis, baseWidth }, level));
  let weights = 0;
  for (let level = 0; level <= levels; level++) {
    const here = width(level);
    weights += 9 * here * (width(level - 1) + here);
    // Up-convolution, and a block on what it gives beside the skip connection.
    if (level < levels) weights += 4 * width(level + 1) * here + 9 * here * (2 * here + here);
  }
  return weights;
}

/** Peak of a process that takes training steps of the default network, beside its cache of decoded cases. */
export function memoryMbOf(load: Load): number {
  const { size, batchSize, baseWidth } = load;
  const pixels = size.width * size.height * batchSize;
  const bytes = pixels * baseWidth * BYTES_PER_PIXEL_AND_CHANNEL + weightsOf(load) * BYTES_PER_WEIGHT;
  return PROCESS_MB + bytes / 1e6;
}

/**
 * Smaller batches down to two, of which one can still be oversampled, then the narrower width, and only then a batch of
 * one and a thin network; what is stated stays.
 */
export function fitMemory(load: Load, wishes: Wishes, memoryMb: number): Load {
  let { batchSize, baseWidth } = load;
  const isTooMuch = (): boolean => memoryMbOf({ ...load, batchSize, baseWidth }) > memoryMb;
  const shrink = (leastBatch: number, leastWidth: number): void => {
    while (wishes.batchSize === null && batchSize > leastBatch && isTooMuch()) batchSize /= 2;
    while (wishes.baseWidth === null && baseWidth > leastWidth && isTooMuch()) baseWidth /= 2;
  };
  shrink(BATCH_LIMITS[0], WIDTHS.short);
  shrink(1, WIDTHS.least);
  return { ...load, batchSize, baseWidth };
}

const pixelsPerSecond = (baseWidth: number): number => PIXELS_PER_SECOND * (WIDTHS.short / baseWidth) ** 1.5;

/** What STEPS_FOR_WIDTH steps of a network of the wide kind take, at the planner's speed, which is no machine's own. */
export function minutesForWidth({ width, height }: Size, batchSize: number): number {
  return (STEPS_FOR_WIDTH * width * height * batchSize) / (60 * pixelsPerSecond(WIDTHS.long));
}

/** How often each slice will be seen; of minutes at the planner's speed. */
export function passesIn(
  time: GivenMeans,
  { slices }: DataFingerprint,
  plan: { readonly size: Size; readonly batchSize: number; readonly baseWidth: number },
): number {
  if (time.steps !== undefined) return (time.steps * plan.batchSize) / slices;
  if (time.minutes === undefined) return time.epochs;
  const perSecond = pixelsPerSecond(plan.baseWidth);
  return (time.minutes * 60 * perSecond) / (plan.size.width * plan.size.height * slices);
}
