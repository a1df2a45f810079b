/**
 * How slices meet the network's canvas: padding, tiling, mirroring. Training and inference share it.
 * Larger images are covered by overlapping tiles, as in Ronneberger's overlap-tile strategy (Figure 2 of the paper):
 * an unpadded network sees a margin around each tile, mirrored at the image's border.
 */

import { HipError } from "../core/errors.ts";
import { inputExtentFor, outputExtent, type UnetConfig } from "../unet/config.ts";
import type { InputFit } from "./card.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Spacings that differ by more are a mistake in a header, and would ask for pictures of any size. */
const MOST_RESCALED = 16;
/** Spacings that differ by less are the same: scanners and writers round. */
const SPACING_TOLERANCE = 0.01;

/**
 * The size at which the network sees a slice: the canvas where slices are stretched to it; else the slice's own,
 * or that of its field of view at the training slices' spacing.
 * @throws HipError "bad-image" where the two spacings differ more than 16 times
 * @param slice `spacingMm` along width and height; left out where it is not known, and then taken as the model's.
 */
export function pixelFit(
  slice: Size & {
    readonly spacingMm?: readonly number[] | undefined;
    readonly hasSpacing?: boolean;
    /** For messages, as is `entry`. */
    readonly name?: string;
    readonly entry?: { readonly id: string };
  },
  fit: {
    readonly mode: InputFit["mode"];
    readonly canvas?: Size;
    readonly size?: Size | null;
    readonly spacingMm: InputFit["spacingMm"];
  },
): Size {
  const { width, height } = slice;
  if (fit.mode === "resize") return fit.canvas ?? fit.size ?? { width, height };
  if (fit.spacingMm === null || slice.spacingMm === undefined || slice.hasSpacing === false) {
    return { width, height };
  }
  const [x = 1, y = 1] = slice.spacingMm;
  const factors = [x / fit.spacingMm.width, y / fit.spacingMm.height];
  if (!factors.every((factor) => factor <= MOST_RESCALED && factor >= 1 / MOST_RESCALED)) {
    const { width: targetX, height: targetY } = fit.spacingMm;
    throw new HipError(
      "bad-image",
      `Cannot use "${slice.name ?? slice.entry?.id ?? "image"}": its pixels of ${x} x ${y} mm must be within ${MOST_RESCALED} times the ${targetX} x ${targetY} mm of training`,
      { hint: "Check the voxel size in the image's header: perhaps it is not in millimetres" },
    );
  }
  const scaled = (extent: number, stated: number, target: number): number =>
    Math.abs(stated / target - 1) <= SPACING_TOLERANCE
      ? extent
      : Math.max(1, Math.round((extent * stated) / target));
  return {
    width: scaled(width, x, fit.spacingMm.width),
    height: scaled(height, y, fit.spacingMm.height),
  };
}

export interface Canvas {
  /** Of what the network is given. */
  readonly input: Size;
  /** Of what it returns, and of the labels in training; centred in the input. */
  readonly output: Size;
}

/** The smallest canvas whose result covers `wanted`. */
export function makeCanvas(unet: UnetConfig, wanted: Size): Canvas {
  const input = { width: inputExtentFor(unet, wanted.width), height: inputExtentFor(unet, wanted.height) };
  const output = { width: outputExtent(unet, input.width)!, height: outputExtent(unet, input.height)! };
  return { input, output };
}

/** Where tiles begin along an axis: one centred tile, or several that overlap by at least a half. */
export function tileStarts(extent: number, tile: number): readonly number[] {
  if (extent <= tile) return [Math.ceil((extent - tile) / 2) + 0];
  const count = Math.ceil((extent - tile) / (tile / 2)) + 1;
  return Array.from({ length: count }, (_, i) => Math.round((i * (extent - tile)) / (count - 1)));
}

/**
 * The weight of a tile's pixels along an axis: a Gaussian about its middle with a deviation of an eighth of the tile,
 * as nnU-Net has it (Isensee et al. 2021, doi 10.1038/s41592-020-01008-z); never 0.
 */
export function tileWeights(tile: number): Float32Array {
  const middle = (tile - 1) / 2;
  return Float32Array.from({ length: tile }, (_, i) => Math.exp(-0.5 * ((8 * (i - middle)) / tile) ** 2));
}

/** i mirrored into [0, extent): the border pixel itself is not repeated. */
export function mirror(i: number, extent: number): number {
  if (extent === 1) return 0;
  const period = 2 * (extent - 1);
  const within = ((i % period) + period) % period;
  return within < extent ? within : period - within;
}

/** The slices that the network sees as channels: the slice itself in the middle, the outermost ones repeated. */
export function neighboursOf(slice: number, depth: number, neighbours: number): readonly number[] {
  return Array.from({ length: 1 + 2 * neighbours }, (_, i) =>
    Math.min(Math.max(slice + i - neighbours, 0), depth - 1),
  );
}

export interface Placement {
  readonly canvas: Canvas;
  /** Where the output tile begins in the image; negative where the image is smaller. */
  readonly x: number;
  readonly y: number;
  /** Unpadded networks see the image mirrored beyond its border, padded ones zeros (the mean of a z-scored image). */
  readonly isMirrored: boolean;
}

/** Writes (value - shift) * scale of one slice into the canvas at `offset` of a batch [N, 1, H, W]. */
export function placeImage(
  slice: Float32Array,
  size: Size,
  intensity: { readonly shift: number; readonly scale: number },
  placement: Placement,
  into: { readonly batch: Float32Array; readonly offset: number },
): void {
  const { input, output } = placement.canvas;
  const { batch, offset } = into;
  const { shift, scale } = intensity;
  const left = placement.x - (input.width - output.width) / 2;
  const top = placement.y - (input.height - output.height) / 2;
  for (let row = 0; row < input.height; row++) {
    const y = top + row;
    const at = offset + row * input.width;
    const isRowInside = y >= 0 && y < size.height;
    if (!isRowInside && !placement.isMirrored) {
      batch.fill(0, at, at + input.width);
      continue;
    }
    const from = (isRowInside ? y : mirror(y, size.height)) * size.width;
    const first = Math.min(Math.max(0, -left), input.width);
    const end = Math.max(first, Math.min(input.width, size.width - left));
    for (let column = first; column < end; column++) {
      batch[at + column] = (slice[from + left + column]! - shift) * scale;
    }
    for (let column = 0; column < input.width; column++) {
      if (column === first && end > first) column = end - 1;
      else if (!placement.isMirrored) batch[at + column] = 0;
      else batch[at + column] = (slice[from + mirror(left + column, size.width)]! - shift) * scale;
    }
  }
}

/** Writes one slice's class indices into the canvas; what lies outside the image is `outside`. */
export function placeLabels(
  slice: Uint8Array,
  size: Size,
  placement: Placement,
  into: {
    readonly batch: Uint8Array;
    readonly offset: number;
    readonly classOf: Uint8Array;
    readonly outside: number;
  },
): void {
  const { output } = placement.canvas;
  const { batch, offset, classOf, outside } = into;
  for (let row = 0; row < output.height; row++) {
    const y = placement.y + row;
    const at = offset + row * output.width;
    const first = Math.max(0, -placement.x);
    const last = Math.min(output.width, size.width - placement.x);
    const isRowInside = y >= 0 && y < size.height;
    if (!isRowInside || first > 0 || last < output.width) batch.fill(outside, at, at + output.width);
    if (!isRowInside) continue;
    const from = y * size.width + placement.x;
    for (let column = first; column < last; column++) batch[at + column] = classOf[slice[from + column]!]!;
  }
}
