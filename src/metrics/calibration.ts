/** Whether a model's probabilities are what they claim to be. */
import type { LabelDefinition } from "../volume/volume.ts";
import { IGNORED, makeSoftmax, makeTruthReader } from "./softmax.ts";

/** One bin of probabilities: [from, to), the last one closed. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  /** Voxels in the bin. */
  readonly n: number;
  /** null of an empty bin. */
  readonly meanProbability: number | null;
  /** Share of the bin's voxels that bear the label in the truth; null of an empty bin. */
  readonly frequency: number | null;
}

export interface LabelCalibration {
  readonly id: number;
  readonly name: string;
  /** Expected calibration error: mean over the bins of |frequency - meanProbability|, weighted by n. */
  readonly ece: number | null;
  /** The first one, [0, LEAST_PROBABILITY), counts in no ece. */
  readonly bins: readonly ReliabilityBin[];
}

export interface Calibration {
  /** One sentence: which voxels, how many bins, which formula. */
  readonly convention: string;
  /** Of the label with the highest probability, over all voxels that count. */
  readonly ece: number | null;
  /** Foreground labels. */
  readonly labels: readonly LabelCalibration[];
}

export interface CalibrationMeter {
  /** One slice. @param scores logits [classes, pixels]; @param truth label ids [pixels], 255 = no truth. */
  add(scores: Float32Array, truth: Uint8Array): void;
  /** As add(), of probabilities that makeSoftmax() made for others as well. */
  addProbabilities(probabilities: Float32Array, truth: Uint8Array): void;
  /** What was added so far, for the addSums() of another meter of the same labels and bins. */
  sums(): CalibrationSums;
  addSums(sums: CalibrationSums): void;
  result(): Calibration;
}

/**
 * A label's voxels below this count in no ECE: nearly all voxels of a pelvis are far from the prostate and rightly called
 * so, and would make every model look calibrated. The choice goes by the prediction alone; had it taken in voxels because
 * they bear the label, a perfect model would be found wrong.
 */
export const LEAST_PROBABILITY = 0.01;

/** Guo et al. and Kull et al. have 15. */
const BINS = 15;

/** Sums by bin. */
interface Sums {
  readonly n: Float64Array;
  readonly probability: Float64Array;
  readonly hits: Float64Array;
}

/** What calibration rests on. */
export interface CalibrationSums {
  /** Of the most probable label. */
  readonly top: Sums;
  /** Of each label, in the order of the classes. */
  readonly labels: readonly Sums[];
}

function addTo(sums: Sums, added: Sums): void {
  for (const key of ["n", "probability", "hits"] as const)
    for (const [bin, value] of added[key].entries()) sums[key][bin]! += value;
}

const makeSums = (bins: number): Sums => ({
  n: new Float64Array(bins),
  probability: new Float64Array(bins),
  hits: new Float64Array(bins),
});

/** |sum of hits - sum of probabilities| is a bin's n |frequency - meanProbability|. */
function eceOf({ n, probability, hits }: Sums, firstBin: number): number | null {
  let total = 0;
  let gaps = 0;
  for (let b = firstBin; b < n.length; b++) {
    total += n[b]!;
    gaps += Math.abs(hits[b]! - probability[b]!);
  }
  return total === 0 ? null : gaps / total;
}

/** The highest probability of each voxel, and whether that label is the true one. */
function addTop(sums: Sums, probabilities: Float32Array, truth: Uint8Array, classes: number): void {
  const pixels = truth.length;
  const bins = sums.n.length;
  for (let i = 0; i < pixels; i++) {
    const own = truth[i]!;
    if (own === IGNORED) continue;
    let top = probabilities[i]!;
    let label = 0;
    for (let k = 1, at = i + pixels; k < classes; k++, at += pixels) {
      if (probabilities[at]! > top) {
        top = probabilities[at]!;
        label = k;
      }
    }
    const bin = Math.min(bins - 1, (top * bins) | 0);
    sums.n[bin]! += 1;
    sums.probability[bin]! += top;
    if (label === own) sums.hits[bin]! += 1;
  }
}

/** One label against all others. Bin 0 is what lies below LEAST_PROBABILITY. @param probabilities of the label */
function addLabel(sums: Sums, probabilities: Float32Array, truth: Uint8Array, label: number): void {
  const { n, probability, hits } = sums;
  const bins = n.length - 1;
  // Most voxels are in bin 0: counted in registers, which halves the time.
  let low = 0;
  let lowProbability = 0;
  let lowHits = 0;
  for (let i = 0; i < truth.length; i++) {
    const own = truth[i]!;
    if (own === IGNORED) continue;
    const value = probabilities[i]!;
    const hit = own === label ? 1 : 0;
    if (value < LEAST_PROBABILITY) {
      low++;
      lowProbability += value;
      lowHits += hit;
      continue;
    }
    const bin = Math.min(bins, 1 + ((value * bins) | 0));
    n[bin]! += 1;
    probability[bin]! += value;
    hits[bin]! += hit;
  }
  n[0]! += low;
  probability[0]! += lowProbability;
  hits[0]! += lowHits;
}

function binsOf({ n, probability, hits }: Sums): ReliabilityBin[] {
  const bins = n.length - 1;
  const edge = (b: number): number => (b === 0 ? 0 : b === 1 ? LEAST_PROBABILITY : (b - 1) / bins);
  return Array.from(n, (count, b) => ({
    from: edge(b),
    to: edge(b + 1),
    n: count,
    meanProbability: count === 0 ? null : probability[b]! / count,
    frequency: count === 0 ? null : hits[b]! / count,
  }));
}

function conventionText(bins: number): string {
  return (
    `Softmax probabilities in ${bins} bins of equal width; ECE: the mean over the bins of |frequency - mean probability|, ` +
    "weighted by their voxels (Naeini et al. 2015), once of the most probable label over all voxels with a truth, most of " +
    "them easy background (Guo et al. 2017), and once of each label against all others (Kull et al. 2019) over the " +
    `voxels that give it ${LEAST_PROBABILITY} or more: what lies below has a bin of its own, which counts in no ECE`
  );
}

/**
 * Expected calibration error (Naeini, Cooper, Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
 * binning", AAAI 2015; Guo et al., "On calibration of modern neural networks", ICML 2017) and the reliability of each
 * label (classwise: Kull et al., "Beyond temperature scaling", NeurIPS 2019), slice by slice. Sums are float64.
 * @param options.labels in the order of the classes; 0 is background, which is one of the labels that may be the most
 *   probable, and has no reliability of its own.
 */
export function makeCalibration(options: {
  readonly labels: readonly LabelDefinition[];
  readonly bins?: number;
}): CalibrationMeter {
  const { labels, bins = BINS } = options;
  if (!Number.isInteger(bins) || bins < 2 || bins > 50)
    throw new RangeError(`bins must be an integer from 2 to 50, got ${bins}`);
  const softmax = makeSoftmax(labels.length);
  const readTruth = makeTruthReader(labels.map(({ id }) => id));
  const top = makeSums(bins);
  const byLabel = labels.map(() => makeSums(bins + 1));

  function addProbabilities(probabilities: Float32Array, truth: Uint8Array): void {
    const pixels = truth.length;
    if (probabilities.length !== labels.length * pixels)
      throw new RangeError(
        `${probabilities.length} scores are not those of ${pixels} pixels of ${labels.length} classes`,
      );
    const classes = readTruth(truth);
    addTop(top, probabilities, classes, labels.length);
    for (const [k, sums] of byLabel.entries()) {
      if (labels[k]!.id === 0) continue;
      addLabel(sums, probabilities.subarray(k * pixels, (k + 1) * pixels), classes, k);
    }
  }

  return {
    add: (scores, truth) => addProbabilities(softmax(scores), truth),
    addProbabilities,
    sums: () => ({ top, labels: byLabel }),
    addSums(sums) {
      addTo(top, sums.top);
      for (const [k, added] of sums.labels.entries()) addTo(byLabel[k]!, added);
    },
    result: () => ({
      convention: conventionText(bins),
      ece: eceOf(top, 0),
      labels: labels.flatMap(({ id, name }, k) =>
        id === 0 ? [] : [{ id, name, ece: eceOf(byLabel[k]!, 1), bins: binsOf(byLabel[k]!) }],
      ),
    }),
  };
}
