/** From a network's scores to probabilities, once a slice, for all who judge them. */
import { HipError } from "../core/errors.ts";
import { IGNORE_LABEL } from "../core/labels.ts";

/**
 * From logits [classes, pixels] to probabilities of the same shape, which the next call overwrites.
 * @throws HipError "bad-model" where a pixel's scores are not finite.
 */
export type Softmax = (scores: Float32Array) => Float32Array;

/** Steps of the table in an octave. */
const STEPS = 16;
/** 2^(-m / 16), down to the smallest normal float32, 2^-126. */
const POWERS = Float64Array.from({ length: 126 * STEPS + 1 }, (_, m) => 2 ** (-m / STEPS));

/**
 * e^x of x <= 0 to 8 digits, more than float32 holds, in half of Math.exp's time; below 2^-126 it is 0. x is r - m ln 2 / 16
 * with m whole and |r| <= ln 2 / 32, and Taylor's series of e^r is cut after r^3: the rest is below 0.0217^4 / 4! = 1e-8.
 */
export function expOfNegative(x: number): number {
  const steps = x * (-STEPS * Math.LOG2E);
  if (steps >= 126 * STEPS) return 0;
  const m = (steps + 0.5) | 0;
  const r = (m - steps) * (Math.LN2 / STEPS);
  return (1 + r * (1 + r * (1 / 2 + r * (1 / 6)))) * POWERS[m]!;
}

/** The highest score is taken off first (Goodfellow, Bengio, Courville: "Deep learning", 2016, 4.1): no overflow. */
export function makeSoftmax(classes: number): Softmax {
  if (!Number.isInteger(classes) || classes < 2)
    throw new RangeError(`Softmax needs two classes or more, got ${classes}`);
  let probabilities = new Float32Array(0);
  const own = new Float64Array(classes);
  return (scores) => {
    const pixels = scores.length / classes;
    if (!Number.isInteger(pixels))
      throw new RangeError(`${scores.length} scores are no whole number of pixels of ${classes} classes`);
    if (probabilities.length !== scores.length) probabilities = new Float32Array(scores.length);
    const into = probabilities;
    for (let i = 0; i < pixels; i++) {
      let highest = scores[i]!;
      own[0] = highest;
      for (let k = 1, at = i + pixels; k < classes; k++, at += pixels) {
        const score = scores[at]!;
        own[k] = score;
        if (score > highest) highest = score;
      }
      let sum = 0;
      for (let k = 0; k < classes; k++) {
        const power = expOfNegative(own[k]! - highest);
        own[k] = power;
        sum += power;
      }
      // NaN, and infinity minus infinity, end here.
      if (!(sum > 0)) throw notANumber(i);
      const scale = 1 / sum;
      for (let k = 0, at = i; k < classes; k++, at += pixels) into[at] = own[k]! * scale;
    }
    return into;
  };
}

function notANumber(pixel: number): HipError {
  return new HipError(
    "bad-model",
    `Cannot turn the model's scores into probabilities: they must be finite, but at pixel ${pixel} of a slice they are not`,
    {
      hint: "The weights hold NaN or overflow: train again with a lower learning rate, or take an earlier model",
    },
  );
}

/** In place of a class: the voxel has no truth. */
export const IGNORED = 255;
const UNKNOWN = 254;

/**
 * The true class of every pixel of a slice, or IGNORED; the next call overwrites it.
 * @param ids label ids, in the order of the classes
 * @throws RangeError of the function returned, for a value that is neither a label nor 255.
 */
export function makeTruthReader(ids: readonly number[]): (truth: Uint8Array) => Uint8Array {
  const classOf = new Uint8Array(256).fill(UNKNOWN);
  for (const [k, id] of ids.entries()) classOf[id] = k;
  classOf[IGNORE_LABEL] = IGNORED;
  let classes = new Uint8Array(0);
  return (truth) => {
    if (classes.length !== truth.length) classes = new Uint8Array(truth.length);
    for (let i = 0; i < truth.length; i++) {
      const known = classOf[truth[i]!]!;
      if (known === UNKNOWN) throw new RangeError(`Truth has a voxel of ${truth[i]}, which is no label`);
      classes[i] = known;
    }
    return classes;
  };
}
