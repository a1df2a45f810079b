/**
 * What one batch's augmentation is fed: drawn from the seed, the step and the place in the batch alone, so that a
 * resumed run sees the same images, and so do several processes that share out a batch. Each kind of change has a
 * stream of its own: turning one off moves no other.
 */
import { makeRandom, type Random } from "../core/random.ts";
import type { Shape } from "../graph/value.ts";
import {
  type AugmentConfig,
  hasGamma,
  isBending,
  isSmoothing,
  MIRROR_PROBABILITY,
  strengthened,
} from "./config.ts";
import { blurMatrix, composeMatrices, lowResolutionMatrix } from "./matrices.ts";

/** Control points of the fields along each axis. */
export const CONTROL_POINTS = 5;

export interface AugmentSize {
  readonly batchSize: number;
  readonly channels: number;
  /** Of the network's input. */
  readonly height: number;
  readonly width: number;
}

export interface Draw {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** Shapes of the graph's inputs, by name; only of what the configuration asks for. */
export function drawShapes(asked: AugmentConfig, size: AugmentSize): Readonly<Record<string, Shape>> {
  const config = strengthened(asked);
  const { batchSize: n, channels, height, width } = size;
  const perImage: Shape = [n, 1, 1, 1];
  return {
    ...(isBending(config) ? { affine: [n, 3, 2] } : {}),
    ...(config.elastic.probability > 0 ? { elastic: [n, 2, CONTROL_POINTS, CONTROL_POINTS] } : {}),
    ...(config.noise.probability > 0 ? { noise: [n, channels, height, width] } : {}),
    ...(isSmoothing(config) ? { rows: [n, 1, height, height], columns: [n, 1, width, width] } : {}),
    ...(config.brightness.probability > 0 ? { brightness: perImage } : {}),
    ...(config.contrast.probability > 0 ? { contrast: perImage } : {}),
    ...(config.bias.probability > 0 ? { bias: [n, 1, CONTROL_POINTS, CONTROL_POINTS] } : {}),
    ...(hasGamma(config) ? { gamma: perImage, sign: perImage } : {}),
  };
}

/** A factor from low to high, as often below 1 / x as above x. */
const logBetween = (random: Random, low: number, high: number): number =>
  Math.exp(random.between(Math.log(low), Math.log(high)));

/** The generator of a kind of change for each of the images that are drawn for. */
type Stream = (i: number) => Random;

/**
 * The draws of a step, by the names of drawShapes().
 * @param at the place in the batch of the first of the `size.batchSize` images; default 0
 */
export function drawAugmentation(
  asked: AugmentConfig,
  size: AugmentSize,
  { seed, step, at = 0 }: { readonly seed: number; readonly step: number; readonly at?: number },
): Readonly<Record<string, Draw>> {
  const config = strengthened(asked);
  const stream =
    (name: string): Stream =>
    (i) =>
      makeRandom(seed, "augment", name, step, at + i);
  const drawFields = (data: Float32Array, probability: number, deviation: number, name: string): void =>
    drawNormals(data, probability, stream(name), size.batchSize, () => deviation);
  const fillers: Readonly<Record<string, (data: Float32Array) => void>> = {
    affine: (data) => drawAffines(data, config, size, stream),
    elastic: (data) => drawFields(data, config.elastic.probability, config.elastic.pixels, "elastic"),
    noise: (data) => {
      const { probability, deviation } = config.noise;
      drawNormals(data, probability, stream("noise"), size.batchSize, (own) => own.between(0, deviation));
    },
    brightness: (data) => drawFactors(data, config.brightness, stream("brightness")),
    contrast: (data) => drawFactors(data, config.contrast, stream("contrast")),
    bias: (data) => drawFields(data, config.bias.probability, config.bias.strength, "bias"),
  };
  const shapes = drawShapes(asked, size);
  const empty = (name: string): Float32Array =>
    new Float32Array(shapes[name]!.reduce((product, extent) => product * extent, 1));
  const draws: Record<string, Draw> = {};
  for (const [name, fill] of Object.entries(fillers)) {
    if (shapes[name] === undefined) continue;
    const data = empty(name);
    fill(data);
    draws[name] = { shape: shapes[name], data };
  }
  if (shapes.rows !== undefined && shapes.columns !== undefined) {
    const [rows, columns] = [empty("rows"), empty("columns")];
    drawMatrices({ rows, columns }, config, size, stream("smoothing"));
    draws.rows = { shape: shapes.rows, data: rows };
    draws.columns = { shape: shapes.columns, data: columns };
  }
  if (shapes.gamma !== undefined && shapes.sign !== undefined) {
    const [gamma, sign] = [empty("gamma"), empty("sign")];
    drawGammas({ gamma, sign }, config.gamma, stream("gamma"));
    draws.gamma = { shape: shapes.gamma, data: gamma };
    draws.sign = { shape: shapes.sign, data: sign };
  }
  return draws;
}

/** From a pixel of the result to that of the source, both counted from the middle: [x, y, 1] times a 3 x 2 matrix. */
function drawAffines(
  data: Float32Array,
  config: ReturnType<typeof strengthened>,
  { batchSize, width, height }: AugmentSize,
  stream: (name: string) => Stream,
): void {
  const { rotation, scale, shift, mirror } = config;
  for (let i = 0; i < batchSize; i++) {
    const random = {
      rotation: stream("rotation")(i),
      scale: stream("scale")(i),
      shift: stream("shift")(i),
      mirror: stream("mirror")(i),
    };
    const isTurned = random.rotation.uniform() < rotation.probability;
    const turn = (random.rotation.between(-rotation.degrees, rotation.degrees) * Math.PI) / 180;
    const isScaled = random.scale.uniform() < scale.probability;
    const factor = logBetween(random.scale, scale.low, scale.high);
    const isShifted = random.shift.uniform() < shift.probability;
    const [x, y] = [random.shift.between(-1, 1) * width, random.shift.between(-1, 1) * height];
    const flips = [
      random.mirror.uniform() < MIRROR_PROBABILITY,
      random.mirror.uniform() < MIRROR_PROBABILITY,
    ];
    const angle = isTurned ? turn : 0;
    const size = isScaled ? 1 / factor : 1;
    const [cos, sin] = [Math.cos(angle) * size, Math.sin(angle) * size];
    const flipX = mirror.width && flips[0] ? -1 : 1;
    const flipY = mirror.height && flips[1] ? -1 : 1;
    data.set(
      [
        ...[cos * flipX, sin * flipX],
        ...[-sin * flipY, cos * flipY],
        ...(isShifted ? [x * shift.share, y * shift.share] : [0, 0]),
      ],
      6 * i,
    );
  }
}

/**
 * Normal numbers for the images that are chosen, 0 for the others: a normal number costs more than all else that is
 * drawn for a pixel.
 */
function drawNormals(
  data: Float32Array,
  probability: number,
  stream: Stream,
  batchSize: number,
  deviation: (random: Random) => number,
): void {
  const each = data.length / batchSize;
  for (let i = 0; i < batchSize; i++) {
    const random = stream(i);
    if (random.uniform() >= probability) continue;
    const own = deviation(random);
    for (let k = 0; k < each; k++) data[i * each + k] = random.normal() * own;
  }
}

function drawFactors(
  data: Float32Array,
  { probability, low, high }: AugmentConfig["brightness"],
  stream: Stream,
): void {
  for (let i = 0; i < data.length; i++) {
    const random = stream(i);
    const isChosen = random.uniform() < probability;
    const factor = random.between(low, high);
    data[i] = isChosen ? factor : 1;
  }
}

function drawGammas(
  { gamma, sign }: { readonly gamma: Float32Array; readonly sign: Float32Array },
  { probability, negativeProbability, low, high }: AugmentConfig["gamma"],
  stream: Stream,
): void {
  for (let i = 0; i < gamma.length; i++) {
    const random = stream(i);
    const isNegative = random.uniform() < negativeProbability;
    const isChosen = random.uniform() < probability || isNegative;
    const exponent = random.between(low, high);
    gamma[i] = isChosen ? exponent : 1;
    sign[i] = isNegative ? -1 : 1;
  }
}

function drawMatrices(
  into: { readonly rows: Float32Array; readonly columns: Float32Array },
  { blur, lowResolution }: AugmentConfig,
  { batchSize, height, width }: AugmentSize,
  stream: Stream,
): void {
  for (let i = 0; i < batchSize; i++) {
    const random = stream(i);
    const isBlurred = random.uniform() < blur.probability;
    const sigma = random.between(blur.low, blur.high);
    const isCoarse = random.uniform() < lowResolution.probability;
    const share = random.between(lowResolution.low, 1);
    for (const [data, extent] of [
      [into.rows, height],
      [into.columns, width],
    ] as const) {
      const smoothed = blurMatrix(extent, isBlurred ? sigma : 0);
      const matrix = isCoarse ? composeMatrices(lowResolutionMatrix(extent, share), smoothed) : smoothed;
      const isTurned = data === into.columns;
      const at = i * extent * extent;
      for (const [row, taps] of matrix.entries()) {
        for (const { from, weight } of taps) {
          // Rows are multiplied from the left, columns from the right.
          data[at + (isTurned ? from * extent + row : row * extent + from)]! += weight;
        }
      }
    }
  }
}
