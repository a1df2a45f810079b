/** PyTorch's results (scripts/make_golden.py) and the inputs they were made from, drawn here by the same hash. */
import { readFileSync } from "node:fs";
import { type Shape, sizeOf } from "../../src/graph/value.ts";
import type { LossWeights } from "../../src/loss/loss.ts";
import type { UnetConfig } from "../../src/unet/config.ts";
import type { NetworkSpec } from "../../src/unet/network.ts";
import { parameterCount, statisticCount } from "../../src/unet/parameters.ts";
import type { PresetName } from "../../src/unet/presets.ts";

interface ImageSize {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}
interface Stored {
  readonly seed: number;
  /** What differs from the preset. */
  readonly config: Partial<UnetConfig>;
  readonly lossWeights: LossWeights;
  readonly results: Readonly<Record<string, { readonly shape: Shape; readonly offset: number }>>;
}
/** One training step of a small version of a preset. */
export interface GoldenCase extends Stored {
  readonly train: ImageSize;
  readonly infer: ImageSize;
  readonly loss: number;
  readonly parameters: readonly { readonly name: string; readonly shape: Shape }[];
  readonly masks: readonly { readonly name: string; readonly rate: number; readonly shape: Shape }[];
}
/** Twenty training steps. */
export interface GoldenTrajectory extends Stored {
  readonly preset: PresetName;
  readonly spread: number;
  /** Height and width. */
  readonly size: number;
  readonly clipNorm: number;
  readonly optimizer: { readonly kind: string; readonly learningRate: number } & Readonly<
    Record<string, unknown>
  >;
  readonly losses: readonly number[];
  /** Before clipping. */
  readonly gradientNorms: readonly number[];
}
export interface GoldenCount {
  readonly title: string;
  readonly preset: PresetName;
  readonly config: Partial<UnetConfig>;
  readonly parameters: number;
  readonly statistics: number;
}

const folder = new URL("../fixtures/golden/", import.meta.url);
const readJson = (name: string): unknown => JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));

/** A case or trajectory, and its stored vectors by name. */
export function readGolden<T extends GoldenCase | GoldenTrajectory>(
  name: string,
): { readonly golden: T; readonly resultOf: (key: string) => Float32Array } {
  const golden = readJson(name) as T;
  const bytes = readFileSync(new URL(`${name}.bin`, folder));
  const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return {
    golden,
    resultOf(key) {
      const { shape, offset } = golden.results[key]!;
      return numbers.subarray(offset, offset + sizeOf(shape));
    },
  };
}

export const readCounts = (): readonly GoldenCount[] => readJson("counts") as readonly GoldenCount[];

// Streams of the hash, as in make_golden.py.
const stream = {
  image: 1,
  labels: 2,
  ignored: 3,
  inferImage: 4,
  means: 5,
  variances: 6,
  shapes: 7,
  noise: 8,
} as const;
const MASKS = 100;
const PARAMETERS = 1000;

/** The finaliser of MurmurHash3. */
function mix(input: number): number {
  let h = input >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function drawIntegers(seed: number, from: number, count: number): Uint32Array {
  const key = mix(mix(seed) + from);
  return Uint32Array.from({ length: count }, (_, i) => mix(i + key));
}

function draw(seed: number, from: number, count: number, low = 0, high = 1): Float64Array {
  return Float64Array.from(drawIntegers(seed, from, count), (h) => low + (high - low) * (h / 2 ** 32));
}

/** @param spread weights are uniform within sqrt(spread / fan-in) */
export function drawParameters({ parameters }: NetworkSpec, seed: number, spread = 6): Float32Array {
  const flat = new Float32Array(parameterCount(parameters));
  for (const [i, { name, shape, offset }] of parameters.entries()) {
    const fanIn = name.includes(".up.") ? shape[0]! : sizeOf(shape.slice(1));
    const bound = Math.sqrt(spread / fanIn);
    const [low, high] =
      shape.length === 4 ? [-bound, bound] : name.endsWith(".scale") ? [0.5, 1.5] : [-0.25, 0.25];
    flat.set(draw(seed, PARAMETERS + i, sizeOf(shape), low, high), offset);
  }
  return flat;
}

/** Running means in [-0.5, 0.5], variances in [0.5, 1.5]. */
export function drawStatistics({ statistics }: NetworkSpec, seed: number): Float32Array {
  const total = statisticCount(statistics) / 2;
  const means = draw(seed, stream.means, total, -0.5, 0.5);
  const variances = draw(seed, stream.variances, total, 0.5, 1.5);
  const flat = new Float32Array(2 * total);
  for (const { offset, channels } of statistics) {
    const at = offset / 2;
    flat.set(means.subarray(at, at + channels), offset);
    flat.set(variances.subarray(at, at + channels), offset + channels);
  }
  return flat;
}

export function drawImage(
  seed: number,
  purpose: "train" | "infer",
  { batch, height, width }: ImageSize,
): Float32Array {
  const from = purpose === "train" ? stream.image : stream.inferImage;
  return Float32Array.from(draw(seed, from, batch * height * width, -2, 2));
}

/** Every label alike, a tenth of them 255. */
export function drawLabels(seed: number, count: number, classes: number): Uint8Array {
  const ignored = draw(seed, stream.ignored, count);
  return Uint8Array.from(drawIntegers(seed, stream.labels, count), (h, i) =>
    ignored[i]! < 0.1 ? 255 : h % classes,
  );
}

/** Mask number `index` of a network: 0 or 1 / (1 - rate). */
export function drawMask(seed: number, index: number, rate: number, shape: Shape): Float32Array {
  return Float32Array.from(draw(seed, MASKS + index, sizeOf(shape)), (u) => (u >= rate ? 1 / (1 - rate) : 0));
}

/** Two square images of discs, one for each label; the first row of labels is 255. */
export function drawBatch(
  seed: number,
  step: number,
  { size, classes }: { readonly size: number; readonly classes: number },
): { readonly image: Float32Array; readonly labels: Uint8Array } {
  const pixels = size * size;
  const image = new Float32Array(2 * pixels);
  const labels = new Uint8Array(2 * pixels);
  for (let k = 0; k < 2; k++) {
    const at = drawIntegers(seed, stream.shapes + 100 * (2 * step + k), 3 * classes);
    const noise = drawIntegers(seed, stream.noise + 100 * (2 * step + k), pixels);
    const part = labels.subarray(k * pixels, (k + 1) * pixels);
    for (let label = 1; label < classes; label++) {
      const [dx, dy, dr] = at.subarray(3 * label, 3 * label + 3) as Iterable<number>;
      const floor = (divisor: number): number => Math.floor(size / divisor);
      const [cx, cy, r] =
        label === 1
          ? [floor(2) + (dx! % 5) - 2, floor(2) + (dy! % 5) - 2, Math.floor((3 * size) / 8)]
          : [floor(4) + (dx! % floor(2)), floor(4) + (dy! % floor(2)), floor(12) + (dr! % floor(12))];
      for (let i = 0; i < pixels; i++) {
        if (((i % size) - cx!) ** 2 + (Math.floor(i / size) - cy!) ** 2 < r! * r!) part[i] = label;
      }
    }
    for (let i = 0; i < pixels; i++) image[k * pixels + i] = (40 * part[i]! + (noise[i]! % 64) - 128) / 64;
    part.fill(255, 0, size);
  }
  return { image, labels };
}
