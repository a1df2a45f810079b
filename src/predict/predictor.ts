/** A model applied to slices: the one inference path, used by validation, evaluate and predict alike. */
import type { Program, Runtime } from "../runtime/runtime.ts";
import { float32Of } from "../runtime/runtime.ts";
import { resizeLinear } from "../volume/resize.ts";
import { type ModelCard, readModelCard } from "./card.ts";
import { makeCanvas, placeImage, type Size, tileStarts, tileWeights } from "./fit.ts";
import { type Intensity, sliceIntensities } from "./intensity.ts";

/** `depth` slices of height x width pixels, row-major. */
export interface SliceStack extends Size {
  readonly depth: number;
  readonly image: Float32Array;
}

export interface Predictor {
  readonly card: ModelCard;
  /**
   * Label ids of every pixel, depth * height * width.
   * @param onSlice is shown each finished slice's scores (logits, [classes, height, width]), in slice order.
   */
  predict(stack: SliceStack, onSlice?: (slice: number, scores: Float32Array) => void): Promise<Uint8Array>;
  dispose(): Promise<void>;
}

/** Pixels in one run of the network, all images of the batch together; bounds memory. */
const PIXELS_AT_ONCE = 8 * 256 * 128;

interface Tile {
  readonly slice: number;
  readonly x: number;
  readonly y: number;
}

/** The class with the highest score at each pixel. @param scores [classes, pixels] from `offset` */
function argmax(scores: Float32Array, classes: number, pixels: number, into: Uint8Array): void {
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

/** The scores of one slice, gathered from its tiles: their weighted mean where tiles overlap. */
interface SliceScores extends Size {
  readonly sum: Float32Array;
  readonly weight: Float32Array;
  readonly classes: number;
}

/** Adds weight * scores of a tile to its place in the slice. */
function blend(scores: Float32Array, offset: number, tile: Tile & Size, slice: SliceScores): void {
  const across = tileWeights(tile.width);
  const along = tileWeights(tile.height);
  const firstX = Math.max(0, -tile.x);
  const lastX = Math.min(tile.width, slice.width - tile.x);
  const firstY = Math.max(0, -tile.y);
  const lastY = Math.min(tile.height, slice.height - tile.y);
  for (let row = firstY; row < lastY; row++) {
    const at = (tile.y + row) * slice.width + tile.x;
    for (let column = firstX; column < lastX; column++) {
      slice.weight[at + column]! += across[column]! * along[row]!;
    }
    for (let k = 0; k < slice.classes; k++) {
      const from = offset + (k * tile.height + row) * tile.width;
      const to = k * slice.width * slice.height + at;
      for (let column = firstX; column < lastX; column++) {
        slice.sum[to + column]! += scores[from + column]! * across[column]! * along[row]!;
      }
    }
  }
}

function makeSliceScores({ width, height }: Size, classes: number): SliceScores {
  return {
    width,
    height,
    classes,
    sum: new Float32Array(classes * width * height),
    weight: new Float32Array(width * height),
  };
}

/** The weighted mean, in place. */
function meanScores({ sum, weight, classes }: SliceScores): Float32Array {
  const pixels = weight.length;
  for (let k = 0; k < classes; k++) {
    for (let i = 0; i < pixels; i++) sum[k * pixels + i]! /= weight[i]!;
  }
  return sum;
}

/** Every slice's tiles, in slice order. */
function planTiles(stack: SliceStack, tile: Size): readonly Tile[] {
  const tiles: Tile[] = [];
  for (let slice = 0; slice < stack.depth; slice++) {
    for (const y of tileStarts(stack.height, tile.height)) {
      for (const x of tileStarts(stack.width, tile.width)) tiles.push({ slice, x, y });
    }
  }
  return tiles;
}

function resizeStack(stack: SliceStack, to: Size): SliceStack {
  const image = new Float32Array(stack.depth * to.width * to.height);
  const length = stack.width * stack.height;
  for (let z = 0; z < stack.depth; z++) {
    image.set(
      resizeLinear(stack.image.subarray(z * length, (z + 1) * length), stack, to),
      z * to.width * to.height,
    );
  }
  return { ...to, depth: stack.depth, image };
}

/** @throws HipError "bad-model" when the model carries no card. */
export async function makePredictor(runtime: Runtime, model: Uint8Array, name: string): Promise<Predictor> {
  const card = readModelCard(model, name);
  const program = await runtime.load(model);
  return {
    card,
    predict: (stack, onSlice) => predictStack(program, card, stack, onSlice ?? (() => undefined)),
    dispose: () => program.dispose(),
  };
}

async function predictStack(
  program: Program,
  card: ModelCard,
  original: SliceStack,
  onSlice: (slice: number, scores: Float32Array) => void,
): Promise<Uint8Array> {
  const { input, unet } = card;
  const intensities = sliceIntensities(original.image, original.width * original.height, input);
  const stack = input.mode === "resize" ? resizeStack(original, input.canvas) : original;
  const canvas = makeCanvas(unet, input.canvas);
  const tiles = planTiles(stack, canvas.output);
  const perSlice = tiles.length / stack.depth;
  const pixels = original.width * original.height;
  const result = new Uint8Array(stack.depth * pixels);
  let gathered = makeSliceScores(stack, unet.classes);

  function finishSlice(slice: number): void {
    let scores = meanScores(gathered);
    if (input.mode === "resize") {
      const resized = new Float32Array(unet.classes * pixels);
      const from = stack.width * stack.height;
      for (let k = 0; k < unet.classes; k++) {
        resized.set(resizeLinear(scores.subarray(k * from, (k + 1) * from), stack, original), k * pixels);
      }
      scores = resized;
    }
    const into = result.subarray(slice * pixels, (slice + 1) * pixels);
    argmax(scores, unet.classes, pixels, into);
    for (let i = 0; i < into.length; i++) into[i] = card.labels[into[i]!]!.id;
    onSlice(slice, scores);
  }

  const atOnce = Math.max(1, Math.floor(PIXELS_AT_ONCE / (canvas.input.width * canvas.input.height)));
  for (let first = 0; first < tiles.length; first += atOnce) {
    const some = tiles.slice(first, first + atOnce);
    const scores = await runTiles(program, stack, { tiles: some, canvas, intensities, unet });
    for (const [i, tile] of some.entries()) {
      if ((first + i) % perSlice === 0) gathered = makeSliceScores(stack, unet.classes);
      const offset = i * unet.classes * canvas.output.width * canvas.output.height;
      blend(scores, offset, { ...tile, ...canvas.output }, gathered);
      if ((first + i) % perSlice === perSlice - 1) finishSlice(tile.slice);
    }
  }
  return result;
}

async function runTiles(
  program: Program,
  stack: SliceStack,
  job: {
    readonly tiles: readonly Tile[];
    readonly canvas: ReturnType<typeof makeCanvas>;
    readonly intensities: readonly Intensity[];
    readonly unet: ModelCard["unet"];
  },
): Promise<Float32Array> {
  const { tiles, canvas, unet } = job;
  const pixels = canvas.input.width * canvas.input.height;
  const batch = new Float32Array(tiles.length * pixels);
  const length = stack.width * stack.height;
  for (const [i, { slice, x, y }] of tiles.entries()) {
    placeImage(
      stack.image.subarray(slice * length, (slice + 1) * length),
      stack,
      job.intensities[slice]!,
      { canvas, x, y, isMirrored: unet.padding === "valid" },
      { batch, offset: i * pixels },
    );
  }
  const shape = [tiles.length, 1, canvas.input.height, canvas.input.width];
  return float32Of(await program.run({ image: { dtype: "float32", shape, data: batch } }), "logits");
}
