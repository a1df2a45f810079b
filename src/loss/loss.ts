/**
 * Losses over logits [N,K,H,W] and labels uint8 [N,H,W]. Pixels labelled 255 (outside the image) count for nothing.
 * The network gives logits: no softmax stands before the cross-entropy.
 */
import {
  add,
  div,
  exp,
  logSoftmax,
  mul,
  neg,
  oneHot,
  reduceMean,
  reduceSum,
  reshape,
  slice,
  sub,
} from "../graph/build.ts";
import type { Value } from "../graph/value.ts";

export { IGNORE_LABEL } from "../core/labels.ts";

export interface LossWeights {
  readonly crossEntropy: number;
  readonly dice: number;
}

/** Keeps 0 / 0 from happening; far below a rounding step of any real count. */
const TINY = 1e-8;

/** Mean over labelled pixels of -log p(truth). @param truth one-hot [N,K,H,W] */
export function crossEntropy(logProbabilities: Value, truth: Value): Value {
  return div(neg(reduceSum(mul(truth, logProbabilities))), add(reduceSum(truth), TINY));
}

/**
 * 1 - mean soft Dice of the foreground labels, each summed over the whole batch.
 * Milletari et al., "V-Net" (2016); over the batch and without background as nnU-Net (Isensee et al. 2021) has it.
 */
export function softDice(logProbabilities: Value, truth: Value, smooth = 1): Value {
  const labelled = reduceSum(truth, [1]);
  const foreground = (x: Value): Value => slice(x, [0, 1, 0, 0], [0, 0, 0, 0]);
  const p = mul(foreground(exp(logProbabilities)), labelled);
  const g = foreground(truth);
  const overlap = reduceSum(mul(p, g), [0, 2, 3]);
  const total = add(reduceSum(p, [0, 2, 3]), reduceSum(g, [0, 2, 3]));
  const dice = div(add(mul(2, overlap), smooth), add(total, smooth));
  return sub(1, reduceMean(dice));
}

/** The weighted sum of both, as a scalar [1]. */
export function segmentationLoss(logits: Value, labels: Value, weights: LossWeights): Value {
  const logProbabilities = logSoftmax(logits);
  const truth = oneHot(labels, logits.shape[1]!);
  const parts: Value[] = [];
  if (weights.crossEntropy > 0) parts.push(mul(crossEntropy(logProbabilities, truth), weights.crossEntropy));
  if (weights.dice > 0) parts.push(mul(softDice(logProbabilities, truth), weights.dice));
  const [first, second] = parts;
  if (first === undefined) throw new RangeError("A loss needs a weight above 0 for cross-entropy or Dice");
  return reshape(second === undefined ? first : add(first, second), [1]);
}
