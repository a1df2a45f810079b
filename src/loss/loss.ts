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
  /** Share of each pixel's certainty that cross-entropy spreads over all labels (Szegedy et al. 2016). */
  readonly labelSmoothing?: number;
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
function softDice(logProbabilities: Value, truth: Value, smooth = 1): Value {
  const labelled = reduceSum(truth, [1]);
  const foreground = (x: Value): Value => slice(x, [0, 1, 0, 0], [0, 0, 0, 0]);
  const p = mul(foreground(exp(logProbabilities)), labelled);
  const g = foreground(truth);
  const overlap = reduceSum(mul(p, g), [0, 2, 3]);
  const total = add(reduceSum(p, [0, 2, 3]), reduceSum(g, [0, 2, 3]));
  const dice = div(add(mul(2, overlap), smooth), add(total, smooth));
  return sub(1, reduceMean(dice));
}

/** Each pixel's certainty less `share` of it, which all labels have in equal parts. @param truth [N,K,H,W] */
function smoothLabels(truth: Value, share: number): Value {
  const labelled = reduceSum(truth, [1]);
  return add(mul(truth, 1 - share), mul(labelled, share / truth.shape[1]!));
}

/** The share of each label in squares of `factor` by `factor` pixels; height and width must be multiples. */
function coarser(truth: Value, factor: number): Value {
  const [n, k, height, width] = truth.shape as readonly [number, number, number, number];
  const [rows, columns] = [height / factor, width / factor];
  const squares = reshape(truth, [n, k, rows, factor, columns, factor]);
  return reshape(reduceMean(squares, [3, 5]), [n, k, rows, columns]);
}

/** The weighted sum of both at one level, as a scalar [1]. @param truth shares of the labels [N,K,H,W] */
function levelLoss(logits: Value, truth: Value, weights: LossWeights): Value {
  const logProbabilities = logSoftmax(logits);
  const parts: Value[] = [];
  if (weights.crossEntropy > 0) {
    const { labelSmoothing = 0 } = weights;
    const target = labelSmoothing > 0 ? smoothLabels(truth, labelSmoothing) : truth;
    parts.push(mul(crossEntropy(logProbabilities, target), weights.crossEntropy));
  }
  if (weights.dice > 0) parts.push(mul(softDice(logProbabilities, truth), weights.dice));
  const [first, second] = parts;
  if (first === undefined) throw new RangeError("A loss needs a weight above 0 for cross-entropy or Dice");
  return reshape(second === undefined ? first : add(first, second), [1]);
}

/**
 * The weighted sum of cross-entropy and 1 - soft Dice, as a scalar [1].
 * @param auxiliary scores of coarser levels, each half as high and wide as the one before; each counts half as much
 *   (nnU-Net's weights), the weights of all levels summing to 1
 */
export function segmentationLoss(
  logits: Value,
  labels: Value,
  weights: LossWeights,
  auxiliary: readonly Value[] = [],
): Value {
  const truth = oneHot(labels, logits.shape[1]!);
  const shares = [logits, ...auxiliary].map((_, level) => 0.5 ** level);
  const total = shares.reduce((sum, share) => sum + share, 0);
  let loss = levelLoss(logits, truth, weights);
  if (auxiliary.length > 0) loss = mul(loss, 1 / total);
  for (const [i, scores] of auxiliary.entries()) {
    const factor = 2 ** (i + 1);
    loss = add(loss, mul(levelLoss(scores, coarser(truth, factor), weights), shares[i + 1]! / total));
  }
  return loss;
}
