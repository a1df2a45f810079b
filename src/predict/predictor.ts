/** A model applied to slices: the one inference path, used by validation, evaluate and predict alike. */

import type { Program, Runtime } from "../runtime/runtime.ts";
import { float32Of } from "../runtime/runtime.ts";
import { keepLargestComponent } from "../volume/components.ts";
import { resizeLinear } from "../volume/resize.ts";
import { type ModelCard, readModelCard } from "./card.ts";
import { makeCanvas, neighboursOf, pixelFit, placeImage, type Size } from "./fit.ts";
import { type Intensity, sliceIntensities } from "./intensity.ts";
import { makeBlender, planTiles, type Tile } from "./tiles.ts";

/** `depth` slices of height x width pixels, row-major, turned as the model's card has them. */
export interface SliceStack extends Size {
  readonly depth: number;
  readonly image: Float32Array;
  /** Along width, height (and depth): slices are resampled to the model's. Left out: taken as the model's. */
  readonly spacingMm?: readonly number[];
  /** false: `spacingMm` is a guess, and not to be used. */
  readonly hasSpacing?: boolean;
}

export interface PredictWatcher {
  /** Is shown each finished slice's scores (logits, [classes, height, width]), in slice order. */
  readonly onSlice?: (slice: number, scores: Float32Array) => void;
  /** Is told how many slices are done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Aborted: the promise rejects after the batch under way. */
  readonly signal?: AbortSignal | undefined;
}

export interface Predictor {
  readonly card: ModelCard;
  /** Label ids of every pixel, depth * height * width. */
  predict(stack: SliceStack, watcher?: PredictWatcher): Promise<Uint8Array>;
  dispose(): Promise<void>;
}

/** Pixels in one run of the network, all images of the batch together; bounds memory. */
export const PIXELS_AT_ONCE = 8 * 256 * 128;

/** The class with the highest score at each pixel. @param scores [classes, pixels] */
function argmax(scores: Float32Array, classes: number, into: Uint8Array): void {
  const pixels = into.length;
  for (let i = 0; i < pixels; i++) {
    let best = scores[i]!;
    let index = 0;
    for (let k = 1; k < classes; k++) {
      const score = scores[k * pixels + i]!;
      if (score > best) {
        best = score;
        index = k;
      }
    }
    into[i] = index;
  }
}

const isSameSize = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;

/** Slices at the network's pixel size, the last few of them kept: neighbouring slices are asked for again. */
function makeSliceSource(stack: SliceStack, size: Size, keep: number): (slice: number) => Float32Array {
  const length = stack.width * stack.height;
  const cut = (slice: number): Float32Array => stack.image.subarray(slice * length, (slice + 1) * length);
  if (isSameSize(stack, size)) return cut;
  const kept = new Map<number, Float32Array>();
  return (slice) => {
    const known = kept.get(slice);
    if (known !== undefined) return known;
    const resized = resizeLinear(cut(slice), stack, size);
    kept.set(slice, resized);
    if (kept.size > keep) kept.delete(kept.keys().next().value!);
    return resized;
  };
}

/** @throws HipError "bad-model" when the model carries no card. */
export async function makePredictor(runtime: Runtime, model: Uint8Array, name: string): Promise<Predictor> {
  const card = readModelCard(model, name);
  const program = await runtime.load(model);
  return {
    card,
    predict: (stack, watcher) => predictStack(program, card, stack, watcher ?? {}),
    dispose: () => program.dispose(),
  };
}

/** Gathers rows of scores into labels of the stack's own size. */
function makeLabelWriter(card: ModelCard, stack: SliceStack, size: Size, watcher: PredictWatcher) {
  const { classes } = card.unet;
  const pixels = stack.width * stack.height;
  const result = new Uint8Array(stack.depth * pixels);
  const ids = Uint8Array.from(card.labels, ({ id }) => id);
  const isResized = !isSameSize(stack, size);
  // Whole slices of scores are held only where somebody looks at them or they change size.
  const whole =
    isResized || watcher.onSlice ? new Float32Array(classes * size.width * size.height) : undefined;

  function finishPixels(scores: Float32Array, from: number, to: number): void {
    const into = result.subarray(from, to);
    argmax(scores, classes, into);
    for (let i = 0; i < into.length; i++) into[i] = ids[into[i]!]!;
  }

  function finishSlice(slice: number, scores: Float32Array): void {
    let own = scores;
    if (isResized) {
      own = new Float32Array(classes * pixels);
      const from = size.width * size.height;
      for (let k = 0; k < classes; k++) {
        own.set(resizeLinear(scores.subarray(k * from, (k + 1) * from), size, stack), k * pixels);
      }
    }
    finishPixels(own, slice * pixels, (slice + 1) * pixels);
    watcher.onSlice?.(slice, own);
  }

  return {
    result,
    addRows({
      slice,
      y,
      height,
      scores,
    }: {
      slice: number;
      y: number;
      height: number;
      scores: Float32Array;
    }) {
      const isLast = y + height === size.height;
      if (whole === undefined) {
        const from = slice * pixels + y * size.width;
        finishPixels(scores, from, from + height * size.width);
      } else {
        const length = height * size.width;
        for (let k = 0; k < classes; k++) {
          const at = (k * size.height + y) * size.width;
          whole.set(scores.subarray(k * length, (k + 1) * length), at);
        }
        if (isLast) finishSlice(slice, whole);
      }
      if (isLast) watcher.onProgress?.(slice + 1, stack.depth);
    },
  };
}

async function predictStack(
  program: Program,
  card: ModelCard,
  stack: SliceStack,
  watcher: PredictWatcher,
): Promise<Uint8Array> {
  const { input, unet } = card;
  const intensities = sliceIntensities(stack.image, stack.width * stack.height, input);
  const size = pixelFit(stack, input);
  const canvas = makeCanvas(unet, input.canvas);
  const tiles = planTiles(size, stack.depth, canvas.output);
  const writer = makeLabelWriter(card, stack, size, watcher);
  const blender = makeBlender(size, canvas, unet, writer.addRows);
  const atOnce = Math.max(1, Math.floor(PIXELS_AT_ONCE / (canvas.input.width * canvas.input.height)));
  const source = makeSliceSource(stack, size, atOnce + 2 * input.neighbours + 1);
  const outputPixels = unet.classes * canvas.output.width * canvas.output.height;
  for (let first = 0; first < tiles.length; first += atOnce) {
    watcher.signal?.throwIfAborted();
    const some = tiles.slice(first, first + atOnce);
    const scores = await runTiles(program, card, {
      tiles: some,
      canvas,
      size,
      depth: stack.depth,
      intensities,
      source,
    });
    for (const [i, tile] of some.entries()) blender.add(tile, scores, i * outputPixels);
  }
  // A label's largest component in one slice alone would say nothing: organs are cut in two by many slices.
  if (stack.depth > 1) {
    const shape = [stack.width, stack.height, stack.depth] as const;
    for (const id of card.inference.keepLargest) keepLargestComponent(writer.result, shape, id);
  }
  return writer.result;
}

async function runTiles(
  program: Program,
  { unet, input }: ModelCard,
  job: {
    readonly tiles: readonly Tile[];
    readonly canvas: ReturnType<typeof makeCanvas>;
    readonly size: Size;
    readonly depth: number;
    readonly intensities: readonly Intensity[];
    readonly source: (slice: number) => Float32Array;
  },
): Promise<Float32Array> {
  const { tiles, canvas, size, depth } = job;
  const pixels = canvas.input.width * canvas.input.height;
  const channels = 1 + 2 * input.neighbours;
  const batch = new Float32Array(tiles.length * channels * pixels);
  for (const [i, { slice, x, y }] of tiles.entries()) {
    const placement = { canvas, x, y, isMirrored: unet.padding === "valid" };
    for (const [channel, at] of neighboursOf(slice, depth, input.neighbours).entries()) {
      const offset = (i * channels + channel) * pixels;
      placeImage(job.source(at), size, job.intensities[at]!, placement, { batch, offset });
    }
  }
  const shape = [tiles.length, channels, canvas.input.height, canvas.input.width];
  return float32Of(await program.run({ image: { dtype: "float32", shape, data: batch } }), "logits");
}
