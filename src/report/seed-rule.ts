/** The student project's own Dice, kept apart from ours: what it measures, and what its figures mean. */
import { mean } from "../core/statistics.ts";
import { IGNORED, makeSoftmax, makeTruthReader } from "../metrics/softmax.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { type BatchDicePoint, countSlices, makeBatchDice, type SliceCounts } from "./batch-dice.ts";

export interface SeedRuleResult {
  /** Undivided, one a batch. */
  readonly batches: readonly BatchDicePoint[];
  /** null where no pixel was seen. */
  readonly mean: number | null;
  readonly max: number | null;
  /** Divided by the number of labels, as in the last version of the student's code. */
  readonly dividedMean: number | null;
  readonly dividedMax: number | null;
  /** What a model gets that is sure of background everywhere: the mean over the batches of the truth's background. */
  readonly allBackgroundMean: number | null;
  /** Our Dice of the very same batches, as makeBatchDice() has it; null where none of them has a foreground label. */
  readonly ours: { readonly mean: number | null; readonly max: number | null };
  /** Background included. */
  readonly labels: number;
  readonly batchSize: number;
  /** One sentence. */
  readonly rule: string;
}

/** What a slice gives to its batch. */
export interface SeedSlice {
  /** Sum over the pixels of the probability of the true label. */
  readonly probability: number;
  /** Pixels whose truth is background. */
  readonly background: number;
  /** Pixels with a truth. */
  readonly pixels: number;
  /** Of the most probable labels. */
  readonly counts: SliceCounts;
}

export interface SeedRule {
  /** The next slice; a batch may take slices of two volumes. @param scores logits [classes, pixels]; @param truth label ids [pixels] */
  add(scores: Float32Array, truth: Uint8Array): void;
  /** As add(), of a slice that makeSeedMeter() measured. */
  addSlice(slice: SeedSlice): void;
  result(): SeedRuleResult;
}

function meanAndMax(points: readonly BatchDicePoint[]): SeedRuleResult["ours"] {
  const values = points.map(({ value }) => value);
  return values.length === 0 ? { mean: null, max: null } : { mean: mean(values), max: Math.max(...values) };
}

/** The label id with the highest probability; the first of equal ones, as the predictor has it. */
function mostProbable(probabilities: Float32Array, pixels: number, ids: readonly number[]): Uint8Array {
  const labels = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    let top = probabilities[i]!;
    let label = 0;
    for (let k = 1, at = i + pixels; k < ids.length; k++, at += pixels) {
      if (probabilities[at]! > top) {
        top = probabilities[at]!;
        label = k;
      }
    }
    labels[i] = ids[label]!;
  }
  return labels;
}

function ruleText(labels: number, batchSize: number): string {
  return (
    `2 x sum(truth x p) / sum(truth + p) over all ${labels} labels, background included, all pixels and all slices of a ` +
    `batch of ${batchSize} together, p being the softmax probability and not the argmax, then divided by ${labels}; ` +
    "reported as the mean and the maximum over the batches"
  );
}

/**
 * Measures slices one by one: @param probabilities [classes, pixels]; @param truth label ids [pixels].
 * @param labels in the order of the classes; the first is background
 */
export function makeSeedMeter(
  labels: readonly LabelDefinition[],
): (probabilities: Float32Array, truth: Uint8Array) => SeedSlice {
  const ids = labels.map(({ id }) => id);
  const foreground = ids.filter((id) => id !== 0);
  const readTruth = makeTruthReader(ids);
  return (probabilities, truth) => {
    const length = truth.length;
    if (probabilities.length !== labels.length * length)
      throw new RangeError(
        `${probabilities.length} scores are not those of ${length} pixels of ${labels.length} classes`,
      );
    const classes = readTruth(truth);
    const prediction = mostProbable(probabilities, length, ids);
    const [counts = []] = countSlices({ truth, prediction, length }, foreground);
    let [probability, background, pixels] = [0, 0, 0];
    for (let i = 0; i < length; i++) {
      const own = classes[i]!;
      if (own === IGNORED) continue;
      probability += probabilities[own * length + i]!;
      if (own === 0) background++;
      pixels++;
    }
    return { probability, background, pixels, counts };
  };
}

/**
 * The rule of dice.py and train.py in github.com/shakes76/PatternAnalysis-2024,
 * recognition/HipMRI_UNet_Al_Holliday_43950214. Of a pixel both the one-hot truth and p sum to 1, so that the quotient,
 * before it is divided, is the mean over the pixels of the probability of the true label: that is what is summed here.
 * Pixels without truth (255), of which he had none, count nowhere.
 * @param options.labels in the order of the classes; the first is background.
 */
export function makeSeedRule(options: {
  readonly labels: readonly LabelDefinition[];
  readonly batchSize?: number;
}): SeedRule {
  const { labels, batchSize = 8 } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(`batchSize must be an integer >= 1, got ${batchSize}`);
  const softmax = makeSoftmax(labels.length);
  const measure = makeSeedMeter(labels);
  const ours = makeBatchDice(
    labels.map(({ id }) => id).filter((id) => id !== 0),
    batchSize,
  );
  const batches: { probability: number; background: number; pixels: number }[] = [];
  let slices = 0;

  function addSlice({ probability, background, pixels, counts }: SeedSlice): void {
    ours.addCounts([counts]);
    if (slices % batchSize === 0) batches.push({ probability: 0, background: 0, pixels: 0 });
    slices++;
    const batch = batches.at(-1)!;
    batch.probability += probability;
    batch.background += background;
    batch.pixels += pixels;
  }

  return {
    add: (scores, truth) => addSlice(measure(softmax(scores), truth)),
    addSlice,
    result() {
      const points = batches.flatMap(({ probability, background, pixels }, i) =>
        pixels === 0 ? [] : [{ x: i + 1, value: probability / pixels, background: background / pixels }],
      );
      const undivided = meanAndMax(points);
      const divided = (value: number | null): number | null =>
        value === null ? null : value / labels.length;
      return {
        batches: points.map(({ x, value }) => ({ x, value })),
        ...undivided,
        dividedMean: divided(undivided.mean),
        dividedMax: divided(undivided.max),
        allBackgroundMean: points.length === 0 ? null : mean(points.map(({ background }) => background)),
        ours: meanAndMax(ours.points()),
        labels: labels.length,
        batchSize,
        rule: ruleText(labels.length, batchSize),
      };
    },
  };
}
