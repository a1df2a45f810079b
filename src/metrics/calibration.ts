/** Whether a model's probabilities are what they claim to be. */

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
