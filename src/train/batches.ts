/**
 * Which slices make up each batch, and the batch itself: pure functions of (seed, step, place), so that a run can resume
 * and a batch can be shared out.
 */
import { makeRandom, type Random } from "../core/random.ts";
import type { CaseEntry, DecodedCase } from "../dataset/types.ts";
import { IGNORE_LABEL } from "../loss/loss.ts";
import type { InputFit } from "../predict/card.ts";
import {
  type Canvas,
  neighboursOf,
  pixelFit,
  placeImage,
  placeLabels,
  type Size,
  tileStarts,
} from "../predict/fit.ts";
import { type Intensity, sliceIntensities } from "../predict/intensity.ts";
import type { UnetConfig } from "../unet/config.ts";
import { resizeLinear, resizeNearest } from "../volume/resize.ts";

export interface SliceRef {
  readonly entry: CaseEntry;
  readonly slice: number;
  /** The label for whose sake it was drawn: where only a tile of the slice is seen, the tile holds some of it. */
  readonly label?: number;
}

/** Which slice stands at a place of a step's batch. */
export type SlicePicker = (step: number, place: number) => SliceRef;

/** Places of a batch that the passes over all slices fill; the rest, rounded down, is oversampled. */
export function streamedPlaces(config: { readonly batchSize: number; readonly oversample: number }): number {
  return config.batchSize - Math.floor(config.batchSize * config.oversample);
}

/**
 * Pass after pass over all slices, each pass in its own seeded order; the last `oversample` of each batch comes
 * instead from slices that hold a label drawn at random, so that small organs are seen as often as large ones
 * (nnU-Net, Isensee et al. 2021, draws a third of its patches so).
 */
export function makeSlicePicker(
  slices: readonly SliceRef[],
  options: {
    /** Slices that hold each foreground label; labels of no slice are left out. */
    readonly byLabel: readonly (readonly SliceRef[])[];
    readonly batchSize: number;
    readonly oversample: number;
    readonly seed: number;
    readonly shuffle: boolean;
  },
): SlicePicker {
  const { byLabel, batchSize, oversample, seed, shuffle } = options;
  const streamed = byLabel.length === 0 ? batchSize : streamedPlaces({ batchSize, oversample });
  let pass = -1;
  let order: readonly SliceRef[] = [];
  return (step, place) => {
    if (place >= streamed) {
      const random = makeRandom(seed, "oversample", step, place);
      const holders = byLabel[random.integer(byLabel.length)]!;
      return holders[random.integer(holders.length)]!;
    }
    const position = step * streamed + place;
    const wanted = Math.floor(position / slices.length);
    if (wanted !== pass) {
      pass = wanted;
      order = shuffle ? makeRandom(seed, "order", pass).shuffle(slices) : slices;
    }
    return order[position % slices.length]!;
  };
}

export interface Batch {
  /** [N, C, H, W]: the slice and its neighbours from the lowest to the highest. */
  readonly image: Float32Array;
  /** [N, H', W'], class indices; 255 outside the image. */
  readonly labels: Uint8Array;
}

export interface BatchOptions {
  readonly unet: UnetConfig;
  readonly fit: InputFit;
  readonly canvas: Canvas;
  /** From label id to class index; 256 entries. */
  readonly classOf: Uint8Array;
  readonly seed: number;
}

/** Intensity scales are found once a case. */
const scales = new WeakMap<DecodedCase, readonly Intensity[]>();

function intensityOf(decoded: DecodedCase, slice: number, fit: InputFit): Intensity {
  let known = scales.get(decoded);
  if (known === undefined) {
    known = sliceIntensities(decoded.image, decoded.width * decoded.height, fit);
    scales.set(decoded, known);
  }
  return known[slice]!;
}

/** A tile's start along an axis: centred where the slice fits, else drawn. */
function drawStart(extent: number, tile: number, uniform: () => number): number {
  return extent <= tile ? tileStarts(extent, tile)[0]! : Math.floor(uniform() * (extent - tile + 1));
}

/** A tile's start along an axis, such that a pixel lies in the tile's middle half where the slice allows it. */
function startAround(pixel: number, extent: number, tile: number, uniform: () => number): number {
  const wanted = Math.round(pixel - tile * (0.25 + 0.5 * uniform()));
  return Math.min(Math.max(wanted, 0), extent - tile);
}

/** One pixel of a label, drawn; undefined where the slice has none. */
function drawPixel(mask: Uint8Array, label: number, random: Random): number | undefined {
  let count = 0;
  for (const id of mask) if (id === label) count++;
  if (count === 0) return undefined;
  let left = random.integer(count);
  return mask.findIndex((id) => id === label && left-- === 0);
}

/** Where the tile of a slice begins: anywhere, or about a pixel of the label that it was drawn for. */
function drawTile(
  mask: Uint8Array,
  size: Size,
  { output }: Canvas,
  label: number | undefined,
  random: Random,
): { readonly x: number; readonly y: number } {
  const isTiled = size.width > output.width || size.height > output.height;
  const pixel = isTiled && label !== undefined ? drawPixel(mask, label, random) : undefined;
  const along = (extent: number, tile: number, at: number): number =>
    pixel === undefined || extent <= tile
      ? drawStart(extent, tile, random.uniform)
      : startAround(at, extent, tile, random.uniform);
  return {
    x: along(size.width, output.width, (pixel ?? 0) % size.width),
    y: along(size.height, output.height, Math.floor((pixel ?? 0) / size.width)),
  };
}

/** Places of a step's batch that lie next to each other. */
export interface BatchPart {
  /** The first place. */
  readonly at: number;
  readonly count: number;
}

/** A part of a step's batch. */
export async function makeBatch(
  step: number,
  { at, count }: BatchPart,
  pick: SlicePicker,
  load: (entry: CaseEntry) => Promise<DecodedCase>,
  options: BatchOptions,
): Promise<Batch> {
  const { unet, fit, canvas, classOf } = options;
  const pixels = canvas.input.width * canvas.input.height;
  const labelPixels = canvas.output.width * canvas.output.height;
  const channels = 1 + 2 * fit.neighbours;
  const image = new Float32Array(count * channels * pixels);
  const labels = new Uint8Array(count * labelPixels);
  for (let i = 0; i < count; i++) {
    const random = makeRandom(options.seed, "tile", step, at + i);
    const ref = pick(step, at + i);
    const decoded = await load(ref.entry);
    const size = pixelFit(decoded, fit);
    const isSame = size.width === decoded.width && size.height === decoded.height;
    const cut = cutSlice(decoded.mask, ref.slice, decoded);
    const mask = isSame ? cut : resizeNearest(cut, decoded, size);
    const tile = drawTile(mask, size, canvas, ref.label, random);
    const placement = { canvas, ...tile, isMirrored: unet.padding === "valid" };
    for (const [channel, at] of neighboursOf(ref.slice, decoded.depth, fit.neighbours).entries()) {
      const offset = (i * channels + channel) * pixels;
      const own = cutSlice(decoded.image, at, decoded);
      const slice = isSame ? own : resizeLinear(own, decoded, size);
      placeImage(slice, size, intensityOf(decoded, at, fit), placement, { batch: image, offset });
    }
    const into = { batch: labels, offset: i * labelPixels, classOf, outside: IGNORE_LABEL };
    placeLabels(mask, size, placement, into);
  }
  return { image, labels };
}

function cutSlice<T extends Float32Array | Uint8Array>(stack: T, slice: number, { width, height }: Size): T {
  return stack.subarray(slice * width * height, (slice + 1) * width * height) as T;
}
