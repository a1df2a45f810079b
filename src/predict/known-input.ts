/**
 * The image of a known-answer test: a body with shades and noise, mean 0 and standard deviation 1. Only sums, products
 * and one square root make it, which IEEE 754 rounds alike everywhere: the same numbers on every machine and engine.
 */
import { makeRandom, type Random } from "../core/random.ts";

/** [1, channels, height, width] */
export type InputShape = readonly [batch: 1, channels: number, height: number, width: number];

/** Pixels between the points of the shades, and how far they go up and down. */
const SHADES = [
  { step: 19, depth: 1 },
  { step: 7, depth: 0.5 },
] as const;
/** Against the body's brightness of about 2. */
const NOISE = 0.15;

/** Values in [-1, 1) at the points of a lattice, blended in between without a kink. */
function makeShade(random: Random, width: number, height: number, step: number) {
  const across = Math.ceil(width / step) + 2;
  const points = Array.from({ length: across * (Math.ceil(height / step) + 2) }, () => random.between(-1, 1));
  const smooth = (t: number): number => t * t * (3 - 2 * t);
  return (row: number, column: number): number => {
    const [x, y] = [Math.floor(column / step), Math.floor(row / step)];
    const [u, v] = [smooth(column / step - x), smooth(row / step - y)];
    const at = y * across + x;
    const above = points[at]! * (1 - u) + points[at + 1]! * u;
    const below = points[at + across]! * (1 - u) + points[at + across + 1]! * u;
    return above * (1 - v) + below * v;
  };
}

/** A channel is a slice: neighbours have the same body, and shades and noise of their own beside the common ones. */
export function knownInput(seed: number, [, channels, height, width]: InputShape): Float32Array {
  const random = makeRandom(seed, "known input");
  const shadesOf = (of: Random) =>
    SHADES.map(({ step, depth }) => ({ depth, at: makeShade(of, width, height, step) }));
  const common = shadesOf(random);
  const pixels = width * height;
  const image = new Float64Array(channels * pixels);
  for (let c = 0; c < channels; c++) {
    const own = makeRandom(seed, "known input", c);
    const shades = [...common, ...shadesOf(own).map(({ depth, at }) => ({ depth: depth / 4, at }))];
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const [x, y] = [(2 * column) / width - 1, (2 * row) / height - 1];
        const isBody = x * x + 1.3 * y * y + 0.2 * x * y < 0.8;
        const tissue = isBody
          ? 2 + shades.reduce((sum, { depth, at }) => sum + depth * at(row, column), 0)
          : 0;
        image[c * pixels + row * width + column] =
          tissue + NOISE * (own.between(-1, 1) + own.between(-1, 1) + own.between(-1, 1));
      }
    }
  }
  let sum = 0;
  for (const value of image) sum += value;
  const mean = sum / image.length;
  let squares = 0;
  for (const value of image) squares += (value - mean) * (value - mean);
  const deviation = Math.sqrt(squares / image.length);
  return Float32Array.from(image, (value) => (value - mean) / deviation);
}
