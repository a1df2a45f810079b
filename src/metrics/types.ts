/** metrics.json: the contract of evaluate, score and every run folder. */
import type { Split } from "../core/split.ts";

export interface Aggregate {
  readonly mean: number | null;
  readonly n: number;
}
export interface DistanceAggregate extends Aggregate {
  /** Cases whose distance is infinite (missed or false alarm); the mean is over the finite ones. */
  readonly infinite: number;
}
export type CaseState = "scored" | "missed" | "falseAlarm" | "undefined";

export interface CaseLabelMetrics {
  readonly id: number;
  readonly dice: number | null;
  readonly iou: number | null;
  readonly hdMm: number | null;
  readonly hd95Mm: number | null;
  readonly assdMm: number | null;
  readonly nsd: number | null;
  readonly volumeErrorMl: number;
  readonly state: CaseState;
  /** Voxel counts over the volume, for pooled figures. */
  readonly counts: { readonly truth: number; readonly prediction: number; readonly overlap: number };
  /** Dice of each slice where the label is present in the truth. */
  readonly slicesPresent: { readonly diceSum: number; readonly n: number };
}
export interface CaseMetrics {
  readonly id: string;
  readonly patient: string;
  readonly labels: readonly CaseLabelMetrics[];
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
  readonly hd95Mm: DistanceAggregate;
  readonly assdMm: DistanceAggregate;
  readonly nsd: { readonly toleranceMm: number } & Aggregate;
  readonly volumeErrorMl: Aggregate;
  readonly missed: number;
  readonly falseAlarms: number;
  readonly undefined: number;
  readonly ci95: { readonly dicePerPatient: readonly [number, number] | null };
}
export interface Metrics {
  readonly split: Split;
  /** One sentence: the rules by which the figures were made. */
  readonly convention: string;
  readonly patients: number;
  readonly foregroundMean: number | null;
  /** Foreground labels only: background is never in a mean. */
  readonly labels: readonly LabelMetrics[];
  readonly cases: readonly CaseMetrics[];
}
