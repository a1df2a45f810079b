/** What the network is given: whole slices or patches, how often they are halved, how many make a batch. */
import type { DataFingerprint, Size } from "./fingerprint.ts";

/** Sides of patches are multiples of what the deepest network halves; they hold the labels with a quarter more. */
const PATCH_STEP = 32;
const PATCH_MARGIN = 1.25;
/** A smaller patch of a large slice would not show where in the body it is. */
const LEAST_PATCH = 96;
/** A patch that is hardly smaller than a slice saves little and sees less. */
const LARGEST_PATCH = 0.5;
/** nnU-Net halves an axis as long as four pixels are left of it. */
export const LEAST_PIXELS = 4;
const MOST_LEVELS = 5;
/** Pixels in a batch: enough for a steady gradient, few enough for thousands of steps within minutes. */
export const BATCH_PIXELS = 65_536;
export const BATCH_LIMITS = [2, 16] as const;

/**
 * Where labels fill a small part of the slices, patches that hold them with what is around: the time goes to where there
 * is something to learn, and the tiles of an image share the rest at inference.
 */
export function sizeFor({ size, foreground }: DataFingerprint): Size {
  if (foreground === undefined) return size;
  const side = (extent: number, held: number): number =>
    Math.min(extent, Math.max(LEAST_PATCH, PATCH_STEP * Math.ceil((held * PATCH_MARGIN) / PATCH_STEP)));
  const patch = { width: side(size.width, foreground.width), height: side(size.height, foreground.height) };
  return patch.width * patch.height <= size.width * size.height * LARGEST_PATCH ? patch : size;
}

/** How often both axes can be halved. */
export function levelsFor(size: Size): number {
  const smallest = Math.min(size.width, size.height);
  return Math.max(1, Math.min(MOST_LEVELS, Math.floor(Math.log2(smallest / LEAST_PIXELS))));
}

/** A power of two, so that batches of all plans are comparable. */
export function batchFor(size: Size): number {
  const fitting = 2 ** Math.floor(Math.log2(BATCH_PIXELS / (size.width * size.height)));
  return Math.min(Math.max(fitting, BATCH_LIMITS[0]), BATCH_LIMITS[1]);
}

export const by = ({ width, height }: Size): string => `${width} x ${height}`;
const isWhole = (data: DataFingerprint, { width, height }: Size): boolean =>
  width >= data.size.width && height >= data.size.height;
export const describeSize = (data: DataFingerprint, size: Size): string =>
  `${by(size)} ${isWhole(data, size) ? "slices" : "patches"}`;

export function sizeReason(data: DataFingerprint, size: Size): string {
  if (isWhole(data, size)) return "the largest training slice (up to 512 pixels a side)";
  return `labels fill ${by(data.foreground ?? data.size)} or less of nearly all ${by(data.size)} slices`;
}

/** A label that fewer slices hold is seen too seldom where only half of the places are drawn for labels. */
const RARE_SHARE = 0.375;
const OVERSAMPLE = { rare: 0.75, usual: 0.5 } as const;

export const oversampleFor = ({ rarestShare }: DataFingerprint): number =>
  rarestShare < RARE_SHARE ? OVERSAMPLE.rare : OVERSAMPLE.usual;

export const oversampleReason = ({ rarestShare }: DataFingerprint): string =>
  `the rarest label is in ${Math.round(100 * rarestShare)} of 100 slices (${OVERSAMPLE.rare} below ${100 * RARE_SHARE})`;
