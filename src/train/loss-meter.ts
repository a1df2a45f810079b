/** The training loss of whole validation images, from the scores of the inference path. */
import type { LossWeights } from "../loss/loss.ts";

export interface LossMeter {
  /** @param scores logits [classes, pixels]; @param truth label ids [pixels] */
  add(scores: Float32Array, truth: Uint8Array): void;
  /** What was added up so far; for addSums() of another meter. */
  sums(): Float64Array;
  addSums(sums: Float64Array): void;
  /** Cross-entropy over all pixels and 1 - soft Dice over all slices, weighted as in training. */
  result(weights: LossWeights): number;
}

/** Smoothing of the soft Dice, as in loss/loss.ts. */
const SMOOTH = 1;

/** @param classOf from label id to class index. */
export function makeLossMeter(classes: number, classOf: Uint8Array): LossMeter {
  const probability = new Float64Array(classes);
  const overlap = new Float64Array(classes);
  const predicted = new Float64Array(classes);
  const present = new Float64Array(classes);
  let surprise = 0;
  let count = 0;
  return {
    add(scores, truth) {
      const pixels = truth.length;
      for (let i = 0; i < pixels; i++) {
        const label = classOf[truth[i]!]!;
        if (label >= classes) continue;
        let highest = Number.NEGATIVE_INFINITY;
        for (let k = 0; k < classes; k++) highest = Math.max(highest, scores[k * pixels + i]!);
        let sum = 0;
        for (let k = 0; k < classes; k++) {
          const value = Math.exp(scores[k * pixels + i]! - highest);
          probability[k] = value;
          sum += value;
        }
        for (let k = 0; k < classes; k++) predicted[k]! += probability[k]! / sum;
        const own = probability[label]! / sum;
        overlap[label]! += own;
        present[label]! += 1;
        surprise += Math.log(sum) + highest - scores[label * pixels + i]!;
        count++;
      }
    },
    sums: () => Float64Array.of(...overlap, ...predicted, ...present, surprise, count),
    addSums(sums) {
      for (let k = 0; k < classes; k++) {
        overlap[k]! += sums[k]!;
        predicted[k]! += sums[classes + k]!;
        present[k]! += sums[2 * classes + k]!;
      }
      surprise += sums[3 * classes]!;
      count += sums[3 * classes + 1]!;
    },
    result({ crossEntropy, dice }) {
      let total = 0;
      for (let k = 1; k < classes; k++) {
        total += (2 * overlap[k]! + SMOOTH) / (predicted[k]! + present[k]! + SMOOTH);
      }
      const diceLoss = 1 - total / (classes - 1);
      return crossEntropy * (count === 0 ? 0 : surprise / count) + dice * diceLoss;
    },
  };
}
