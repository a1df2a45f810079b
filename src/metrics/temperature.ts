/**
 * The temperature at which a network's probabilities are worth most: scores are divided by it.
 * Guo, Pleiss, Sun, Weinberger: "On Calibration of Modern Neural Networks" (ICML 2017), section 4.2. It moves no argmax.
 */
import { IGNORE_LABEL } from "../core/labels.ts";

/** Pixels that are kept; more tell one number no better. */
const MOST_PIXELS = 200_000;
const LIMITS = [0.25, 4] as const;
const ROUNDS = 40;

export interface TemperatureMeter {
  /** One slice. @param scores logits [classes, pixels]; @param truth class indices, 255 = no truth */
  add(scores: Float32Array, truth: ArrayLike<number>): void;
  /** That with the least negative log-likelihood, from 0.25 to 4; 1 where nothing was added. */
  result(): number;
}

export function makeTemperatureMeter(classes: number): TemperatureMeter {
  let stride = 1;
  let seen = 0;
  /** The scores of each kept pixel less that of the truth, classes numbers each. */
  let kept: number[] = [];

  /** Every second pixel goes, and only every second one is taken from now on. */
  function thin(): void {
    const half: number[] = [];
    for (let at = 0; at < kept.length; at += 2 * classes) half.push(...kept.slice(at, at + classes));
    kept = half;
    stride *= 2;
  }

  function loss(temperature: number): number {
    let total = 0;
    for (let at = 0; at < kept.length; at += classes) {
      let highest = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < classes; k++) highest = Math.max(highest, kept[at + k]!);
      let sum = 0;
      for (let k = 0; k < classes; k++) sum += Math.exp((kept[at + k]! - highest) / temperature);
      // -log p(truth), the truth's own entry being 0.
      total += highest / temperature + Math.log(sum);
    }
    return total;
  }

  return {
    add(scores, truth) {
      const pixels = truth.length;
      for (let i = 0; i < pixels; i++) {
        const label = truth[i]!;
        if (label === IGNORE_LABEL || label >= classes) continue;
        if (seen++ % stride !== 0) continue;
        const own = scores[label * pixels + i]!;
        for (let k = 0; k < classes; k++) kept.push(scores[k * pixels + i]! - own);
        if (kept.length >= MOST_PIXELS * classes) thin();
      }
    },
    result() {
      if (kept.length === 0) return 1;
      // Golden section over log T, in which the loss has one valley.
      const ratio = (Math.sqrt(5) - 1) / 2;
      let [low, high] = [Math.log(LIMITS[0]), Math.log(LIMITS[1])];
      for (let round = 0; round < ROUNDS; round++) {
        const width = ratio * (high - low);
        if (loss(Math.exp(high - width)) < loss(Math.exp(low + width))) high = low + width;
        else low = high - width;
      }
      return Number(Math.exp((low + high) / 2).toPrecision(4));
    },
  };
}
