/**
 * How slices meet the network's canvas: padding, tiling, mirroring. Training and inference share it.
 * Larger images are covered by overlapping tiles, as in Ronneberger's overlap-tile strategy (Figure 2 of the paper):
 * an unpadded network sees a margin around each tile, mirrored at the image's border.
 */
import { inputExtentFor, outputExtent, type UnetConfig } from "../unet/config.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
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

/** The weight of a tile's pixels along an axis: highest in the middle, lowest at the border, never 0. */
export function tileWeights(tile: number): Float32Array {
  return Float32Array.from({ length: tile }, (_, i) => (Math.min(i, tile - 1 - i) + 1) / Math.ceil(tile / 2));
}

/** i mirrored into [0, extent): the border pixel itself is not repeated. */
export function mirror(i: number, extent: number): number {
  if (extent === 1) return 0;
  const period = 2 * (extent - 1);
  const within = ((i % period) + period) % period;
  return within < extent ? within : period - within;
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
    for (let column = 0; column < input.width; column++) {
      const x = left + column;
      if (x >= 0 && x < size.width) batch[at + column] = (slice[from + x]! - shift) * scale;
      else
        batch[at + column] = placement.isMirrored
          ? (slice[from + mirror(x, size.width)]! - shift) * scale
          : 0;
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
    batch.fill(outside, at, at + output.width);
    if (y < 0 || y >= size.height) continue;
    const first = Math.max(0, -placement.x);
    const last = Math.min(output.width, size.width - placement.x);
    for (let column = first; column < last; column++) {
      batch[at + column] = classOf[slice[y * size.width + placement.x + column]!]!;
    }
  }
}
