/**
 * From what a data set is like to a network and a batch, as nnU-Net plans its 2D mode (Isensee et al., Nature Methods
 * 2021, doi 10.1038/s41592-020-01008-z, figure 2 and supplementary note 3), for a CPU and the time that is given.
 * The plan follows from the data and the minutes alone, never from the machine: the same command gives the same network.
 */
import type { AxisCodes } from "../volume/orient.ts";
import type { LabelDefinition } from "../volume/volume.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

export interface DataFingerprint {
  /** Extents in pixels that hold every training slice, at the network's pixel size. */
  readonly size: Size;
  /** Extents that hold the labels of nearly all slices that have any; undefined where no slice has. */
  readonly foreground: Size | undefined;
  /** Median distance of slices over the larger side of a pixel; undefined where files do not say it. */
  readonly sliceRatio: number | undefined;
  /** What one image file is. */
  readonly unit: "slice" | "volume";
  /** Training slices. */
  readonly slices: number;
  readonly labels: readonly LabelDefinition[];
  /** Which way width, height and depth run; undefined where nothing says it. */
  readonly orientation: AxisCodes | undefined;
}

/** What a user may leave open. */
export interface PlannedValues {
  /** Of what the network is given: whole slices, or patches of larger ones. */
  readonly size: Size;
  readonly levels: number;
  readonly baseWidth: number;
  readonly batchSize: number;
  readonly neighbours: number;
  readonly mirror: { readonly width: boolean; readonly height: boolean };
  /** Of augmentation, 0 to 1. */
  readonly strength: number;
}

/** How long the training will be (steps where they are stated, else minutes, else epochs) and what it may take. */
export interface GivenMeans {
  readonly minutes?: number | undefined;
  readonly epochs: number;
  readonly steps?: number | undefined;
  /** Default: no bound. */
  readonly memoryMb?: number | undefined;
}

export type Wishes = { readonly [K in keyof PlannedValues]: PlannedValues[K] | null };

export interface NetworkPlan {
  readonly values: PlannedValues;
  /** One sentence for each value that was not stated, by its name in the configuration. */
  readonly reasons: readonly { readonly key: string; readonly value: string; readonly because: string }[];
}

/** Sides of patches are multiples of what the deepest network halves; they hold the labels with a quarter more. */
const PATCH_STEP = 32;
const PATCH_MARGIN = 1.25;
/** A smaller patch of a large slice would not show where in the body it is. */
const LEAST_PATCH = 96;
/** A patch that is hardly smaller than a slice saves little and sees less. */
const LARGEST_PATCH = 0.5;
/** nnU-Net halves an axis as long as four pixels are left of it. */
const LEAST_PIXELS = 4;
const MOST_LEVELS = 5;
/** Pixels in a batch: enough for a steady gradient, few enough for thousands of steps within minutes. */
const BATCH_PIXELS = 65_536;
const BATCH_LIMITS = [2, 16] as const;
/** For long trainings, for short ones, and where memory forces it. */
const WIDTHS = { long: 32, short: 16, least: 8 } as const;
/** Slices further apart than this many pixels show other anatomy; nnU-Net calls such volumes anisotropic. */
const NEAR_SLICES = 3;
/** Seen less often than FEW_PASSES, slices need no changes; from MANY_PASSES on they need all of nnU-Net's. */
const FEW_PASSES = 6;
const MANY_PASSES = 100;
/** Of a network of base width 16 on two CPU cores; a round figure, so that plans do not depend on the machine. */
const PIXELS_PER_SECOND = 350_000;
/**
 * Of a training process beside its cache of decoded cases: so much by itself, and so many bytes for each pixel of a batch
 * and channel of the base width (bench/RESULTS.md, "Memory of a step").
 */
const PROCESS_MB = 250;
const BYTES_PER_PIXEL_AND_CHANNEL = 570;
/** Fewer steps of a network twice as wide do less than more steps of the narrow one. */
const STEPS_FOR_WIDTH = 8000;

/**
 * Where labels fill a small part of the slices, patches that hold them with what is around: the time goes to where there
 * is something to learn, and the tiles of an image share the rest at inference.
 */
function sizeFor({ size, foreground }: DataFingerprint): Size {
  if (foreground === undefined) return size;
  const side = (extent: number, held: number): number =>
    Math.min(extent, Math.max(LEAST_PATCH, PATCH_STEP * Math.ceil((held * PATCH_MARGIN) / PATCH_STEP)));
  const patch = { width: side(size.width, foreground.width), height: side(size.height, foreground.height) };
  return patch.width * patch.height <= size.width * size.height * LARGEST_PATCH ? patch : size;
}

/** How often both axes can be halved. */
function levelsFor(size: Size): number {
  const smallest = Math.min(size.width, size.height);
  return Math.max(1, Math.min(MOST_LEVELS, Math.floor(Math.log2(smallest / LEAST_PIXELS))));
}

/** A power of two, so that batches of all plans are comparable. */
function batchFor(size: Size): number {
  const fitting = 2 ** Math.floor(Math.log2(BATCH_PIXELS / (size.width * size.height)));
  return Math.min(Math.max(fitting, BATCH_LIMITS[0]), BATCH_LIMITS[1]);
}

interface Load {
  readonly size: Size;
  readonly batchSize: number;
  readonly baseWidth: number;
}

const memoryMbOf = ({ size, batchSize, baseWidth }: Load): number =>
  PROCESS_MB + (size.width * size.height * batchSize * baseWidth * BYTES_PER_PIXEL_AND_CHANNEL) / 1e6;

/**
 * Smaller batches down to two, of which one can still be oversampled, then the narrower width, and only then a batch of
 * one and a thin network; what is stated stays.
 */
function fitMemory(load: Load, wishes: Wishes, memoryMb: number): Load {
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

/** Of a network of the wide kind, in the minutes given. */
function wideSteps(minutes: number, { width, height }: Size, batchSize: number): number {
  return (minutes * 60 * pixelsPerSecond(WIDTHS.long)) / (width * height * batchSize);
}

/** How often each slice will be seen. */
function passesIn(
  time: GivenMeans,
  { slices }: DataFingerprint,
  plan: { readonly size: Size; readonly batchSize: number; readonly baseWidth: number },
): number {
  if (time.steps !== undefined) return (time.steps * plan.batchSize) / slices;
  if (time.minutes === undefined) return time.epochs;
  const perSecond = pixelsPerSecond(plan.baseWidth);
  return (time.minutes * 60 * perSecond) / (plan.size.width * plan.size.height * slices);
}

/** None where each slice is hardly seen twice, all of it where a network could learn the slices by heart. */
function strengthFor(passes: number): number {
  const share = Math.log(passes / FEW_PASSES) / Math.log(MANY_PASSES / FEW_PASSES);
  return Math.round(Math.min(Math.max(share, 0), 1) * 20) / 20;
}

const SIDED = /(^|[^a-z])(left|right|l|r)([^a-z]|$)/i;
export const hasSides = (labels: readonly LabelDefinition[]): boolean =>
  labels.some(({ name }) => SIDED.test(name));

/** The axis from one side of the body to the other: bodies are nearly their own mirror image along it alone. */
function mirrorFor({ orientation, labels }: DataFingerprint): PlannedValues["mirror"] {
  if (hasSides(labels)) return { width: false, height: false };
  const isAcross = (code: string | undefined): boolean => code === "L" || code === "R";
  if (orientation === undefined) return { width: true, height: false };
  return { width: isAcross(orientation[0]), height: isAcross(orientation[1]) };
}

function neighboursFor({ unit, sliceRatio }: DataFingerprint): number {
  return unit === "volume" && sliceRatio !== undefined && sliceRatio <= NEAR_SLICES ? 1 : 0;
}

/**
 * @param wishes what the user stated; null: to be planned.
 */
export function planNetwork(data: DataFingerprint, wishes: Wishes, means: GivenMeans): NetworkPlan {
  const { minutes } = means;
  const size = wishes.size ?? sizeFor(data);
  const levels = wishes.levels ?? levelsFor(size);
  const wishedBatch = wishes.batchSize ?? batchFor(size);
  const steps = minutes === undefined ? 0 : wideSteps(minutes, size, wishedBatch);
  const wished = {
    size,
    batchSize: wishedBatch,
    baseWidth: wishes.baseWidth ?? (steps >= STEPS_FOR_WIDTH ? WIDTHS.long : WIDTHS.short),
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
    neighbours: wishes.neighbours ?? neighboursFor(data),
    mirror: wishes.mirror ?? mirrorFor(data),
    strength: wishes.strength ?? strengthFor(passes),
  };
  const because: { readonly [K in keyof PlannedValues]: readonly [key: string, reason: string] } = {
    size: ["input.size", sizeReason(data, size)],
    levels: ["unet.levels", `halved so often, ${describe(data, size)} leave ${LEAST_PIXELS} pixels or more`],
    baseWidth: [
      "unet.baseWidth",
      (minutes === undefined
        ? "the width for short trainings"
        : `${minutes} minutes are about ${Number(steps.toPrecision(2)).toLocaleString("en")} steps of width ${WIDTHS.long}, which wants ${STEPS_FOR_WIDTH.toLocaleString("en")}`) +
        bounded(baseWidth < wished.baseWidth),
    ],
    batchSize: [
      "batchSize",
      `about ${BATCH_PIXELS.toLocaleString("en")} pixels a step at ${describe(data, size)}${bounded(batchSize < wished.batchSize)}`,
    ],
    neighbours: ["input.neighbours", neighbourReason(data)],
    strength: ["augment.strength", `each slice will be seen about ${Number(passes.toPrecision(2))} times`],
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

const by = ({ width, height }: Size): string => `${width} x ${height}`;
const isWhole = (data: DataFingerprint, { width, height }: Size): boolean =>
  width >= data.size.width && height >= data.size.height;
const describe = (data: DataFingerprint, size: Size): string =>
  `${by(size)} ${isWhole(data, size) ? "slices" : "patches"}`;

function sizeReason(data: DataFingerprint, size: Size): string {
  if (isWhole(data, size)) return "the largest training slice (up to 512 pixels a side)";
  return `labels fill ${by(data.foreground ?? data.size)} or less of nearly all ${by(data.size)} slices`;
}

function neighbourReason({ unit, sliceRatio }: DataFingerprint): string {
  if (unit === "slice") return "single slices come without neighbours";
  if (sliceRatio === undefined) return "files do not say how far slices are apart";
  const apart = Number(sliceRatio.toPrecision(2));
  return `slices are ${apart === 1 ? "1 pixel" : `${apart} pixels`} apart (up to ${NEAR_SLICES} they show the same anatomy)`;
}

function mirrorReason({ labels, orientation }: DataFingerprint): string {
  if (hasSides(labels)) return "labels are named by side";
  return orientation === undefined
    ? "the plane is not known: from side to side"
    : "along the axis from side to side";
}

function text(value: number | PlannedValues["mirror"] | Size): string {
  if (typeof value === "number") return `${value}`;
  if (typeof value.width === "number") return by(value as Size);
  const axes = (["width", "height"] as const).filter((axis) => value[axis]);
  return axes.length === 0 ? "none" : axes.join(" and ");
}
