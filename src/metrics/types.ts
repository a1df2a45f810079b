/** metrics.json: the contract of evaluate, score and every run folder. */
import type { Split } from "../core/split.ts";
import type { Calibration } from "./calibration.ts";
import type { ConventionName } from "./conventions/types.ts";

export interface Aggregate {
  readonly mean: number | null;
  readonly n: number;
}
export interface DistanceAggregate extends Aggregate {
  /** Cases whose distance is infinite (missed or false alarm); the mean is over the finite ones. */
  readonly infinite: number;
}
export type CaseState = "scored" | "missed" | "falseAlarm" | "undefined";

/** [low, high]; null where there are fewer than two patients. */
export type Interval = readonly [low: number, high: number] | null;

/** What a label of a case is scored by; each is null where it is undefined or infinite (`state` says which). */
export interface LabelScores {
  readonly dice: number | null;
  readonly iou: number | null;
  /** Share of the truth that was found; null where the truth is empty. */
  readonly sensitivity: number | null;
  /** Share of the prediction that is right; null where the prediction is empty. */
  readonly precision: number | null;
  readonly hdMm: number | null;
  readonly hd95Mm: number | null;
  /** Mean over the surface distances of both directions pooled. */
  readonly assdMm: number | null;
  /** Mean of the two directed mean surface distances. */
  readonly masdMm: number | null;
  readonly nsd: number | null;
  /** Prediction minus truth, in per cent of the truth; null where the truth is empty. */
  readonly volumeErrorPercent: number | null;
}

export interface CaseLabelMetrics extends LabelScores {
  readonly id: number;
  /** Prediction minus truth. */
  readonly volumeErrorMl: number;
  readonly state: CaseState;
  /** Voxel counts over the volume, for pooled figures. */
  readonly counts: { readonly truth: number; readonly prediction: number; readonly overlap: number };
  /** Connected components (26 neighbours, in 2D 8); null where they were not counted. */
  readonly components: { readonly truth: number; readonly prediction: number } | null;
  /** Dice of each slice where the label is present in the truth. */
  readonly slicesPresent: { readonly diceSum: number; readonly n: number };
}
export interface CaseMetrics {
  readonly id: string;
  readonly patient: string;
  readonly labels: readonly CaseLabelMetrics[];
}

/** 95 % intervals by bootstrap over patients, each drawn with all of its volumes; keys as in LabelMetrics. */
export interface LabelIntervals {
  readonly dicePerPatient: Interval;
  readonly dicePerVolume: Interval;
  readonly dicePooled: Interval;
  readonly iou: Interval;
  readonly sensitivity: Interval;
  readonly precision: Interval;
  /** Of distances: over the patients with a finite one. */
  readonly hdMm: Interval;
  readonly hd95Mm: Interval;
  readonly assdMm: Interval;
  readonly masdMm: Interval;
  readonly nsd: Interval;
  readonly volumeErrorMl: Interval;
  readonly volumeErrorPercent: Interval;
}

export interface LabelMetrics {
  readonly id: number;
  readonly name: string;
  readonly dice: {
    readonly perVolume: Aggregate;
    readonly perPatient: Aggregate;
    readonly pooled: Aggregate;
    readonly perSlicePresent: Aggregate;
  };
  readonly iou: Aggregate;
  readonly sensitivity: Aggregate;
  readonly precision: Aggregate;
  readonly hdMm: DistanceAggregate;
  readonly hd95Mm: DistanceAggregate;
  readonly assdMm: DistanceAggregate;
  readonly masdMm: DistanceAggregate;
  readonly nsd: { readonly toleranceMm: number } & Aggregate;
  /** Signed: the mean is the bias. */
  readonly volumeErrorMl: Aggregate;
  readonly volumeErrorPercent: Aggregate;
  /** Components of the prediction beyond those of the truth, summed over the volumes; null where not counted. */
  readonly extraComponents: number | null;
  readonly missed: number;
  readonly falseAlarms: number;
  readonly undefined: number;
  readonly ci95: LabelIntervals;
}

/** Mean Dice per volume of the same masks as another tool would have averaged it. */
export interface RescoredDice {
  readonly convention: ConventionName;
  /** The tool's rule for empty masks and its average, in one sentence. */
  readonly rule: string;
  readonly foregroundMean: number | null;
  readonly labels: readonly { readonly id: number; readonly dice: Aggregate }[];
}

export interface Metrics {
  /** "unstated": masks of an unknown tool, of which nobody knows what it was trained on. */
  readonly split: Split | "unstated";
  readonly conventionName: ConventionName;
  /** One sentence: the rules by which the figures were made. */
  readonly convention: string;
  readonly patients: number;
  readonly foregroundMean: number | null;
  readonly ci95: { readonly foregroundMean: Interval };
  /** Plain words on what weakens the figures, e.g. few patients; empty where nothing does. */
  readonly warnings: readonly string[];
  /** Foreground labels only: background is never in a mean. */
  readonly labels: readonly LabelMetrics[];
  /** What other tools would have printed. */
  readonly rescored: readonly RescoredDice[];
  /** Of a model's probabilities; null where only masks were judged. */
  readonly calibration: Calibration | null;
  readonly cases: readonly CaseMetrics[];
}
