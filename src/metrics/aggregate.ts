/** From the scores of cases to metrics.json. */
import { mean } from "../core/statistics.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { bootstrapMean } from "./bootstrap.ts";
import { diceOf } from "./overlap.ts";
import { DEFAULT_TOLERANCE_MM } from "./score-case.ts";
import type {
  Aggregate,
  CaseLabelMetrics,
  CaseMetrics,
  DistanceAggregate,
  LabelMetrics,
  Metrics,
} from "./types.ts";

export interface AggregateOptions {
  readonly split: Metrics["split"];
  /** Label 0 is background and enters nothing. */
  readonly labels: readonly LabelDefinition[];
  /** The tolerance that scoreCase() was given; 2 unless given. */
  readonly toleranceMm?: number | undefined;
  /** Of the bootstrap; 0 unless given. */
  readonly seed?: number | undefined;
}

/** One label of one case, with the patient it belongs to. */
interface Score {
  readonly patient: string;
  readonly label: CaseLabelMetrics;
}

function aggregateOf(values: readonly number[]): Aggregate {
  return { mean: values.length === 0 ? null : mean(values), n: values.length };
}

function definedValues(
  scores: readonly Score[],
  key: "dice" | "iou" | "nsd" | "hd95Mm" | "assdMm",
): number[] {
  return scores.map(({ label }) => label[key]).filter((value) => value !== null);
}

function distanceAggregate(scores: readonly Score[], key: "hd95Mm" | "assdMm"): DistanceAggregate {
  const infinite = count(scores, "missed") + count(scores, "falseAlarm");
  return { ...aggregateOf(definedValues(scores, key)), infinite };
}

function count(scores: readonly Score[], state: CaseLabelMetrics["state"]): number {
  return scores.filter(({ label }) => label.state === state).length;
}

/** Mean Dice of each patient's volumes, patients in alphabetical order so that the bootstrap can be repeated. */
function patientMeans(scores: readonly Score[]): number[] {
  const byPatient = new Map<string, number[]>();
  for (const { patient, label } of scores) {
    if (label.dice === null) continue;
    const values = byPatient.get(patient);
    if (values === undefined) byPatient.set(patient, [label.dice]);
    else values.push(label.dice);
  }
  return [...byPatient.keys()].sort().map((patient) => mean(byPatient.get(patient)!));
}

function pooledDice(scores: readonly Score[]): Aggregate {
  const total = { truth: 0, prediction: 0, overlap: 0 };
  for (const { label } of scores) {
    total.truth += label.counts.truth;
    total.prediction += label.counts.prediction;
    total.overlap += label.counts.overlap;
  }
  return { mean: diceOf(total), n: scores.length };
}

function slicesPresentDice(scores: readonly Score[]): Aggregate {
  let diceSum = 0;
  let n = 0;
  for (const { label } of scores) {
    diceSum += label.slicesPresent.diceSum;
    n += label.slicesPresent.n;
  }
  return { mean: n === 0 ? null : diceSum / n, n };
}

function aggregateLabel(
  { id, name }: LabelDefinition,
  cases: readonly CaseMetrics[],
  toleranceMm: number,
  seed: number,
): LabelMetrics {
  const all = cases.map((scored): Score => {
    const label = scored.labels.find((candidate) => candidate.id === id);
    if (label === undefined)
      throw new RangeError(`Label ${id} "${name}" is not scored in case "${scored.id}"`);
    return { patient: scored.patient, label };
  });
  // Neither in the truth nor predicted: nothing to say, so it is counted and left out of every mean.
  const defined = all.filter(({ label }) => label.state !== "undefined");
  const perPatient = patientMeans(defined);
  return {
    id,
    name,
    dice: {
      perVolume: aggregateOf(definedValues(defined, "dice")),
      perPatient: aggregateOf(perPatient),
      pooled: pooledDice(defined),
      perSlicePresent: slicesPresentDice(defined),
    },
    iou: aggregateOf(definedValues(defined, "iou")),
    hd95Mm: distanceAggregate(defined, "hd95Mm"),
    assdMm: distanceAggregate(defined, "assdMm"),
    nsd: { toleranceMm, ...aggregateOf(definedValues(defined, "nsd")) },
    volumeErrorMl: aggregateOf(defined.map(({ label }) => label.volumeErrorMl)),
    missed: count(defined, "missed"),
    falseAlarms: count(defined, "falseAlarm"),
    undefined: all.length - defined.length,
    ci95: { dicePerPatient: bootstrapMean(perPatient, { seed }) },
  };
}

/** The rules in one sentence, to stand beside every figure. */
function conventionText(toleranceMm: number): string {
  return (
    "Hard Dice and IoU per label; both masks empty: undefined, counted and left out of means; one empty: overlap 0, " +
    "distance infinite, counted as missed or false alarm and left out of the mean distance; surface: mask voxels with " +
    "a face neighbour outside the mask, beyond the image's edge being outside; HD95: the larger of the two directed " +
    "95th percentiles (linear interpolation), mm; ASSD: the mean of both directions pooled, mm; NSD at " +
    `${toleranceMm} mm; volume error: prediction minus truth; 95 % intervals by bootstrap over patients`
  );
}

/**
 * Averages case scores per volume, per patient, pooled over voxels and per slice, with a 95 % interval over patients.
 * volumeErrorMl is signed (prediction minus truth): its mean is the bias.
 * @throws RangeError where a case was not scored for one of the labels.
 */
export function aggregate(cases: readonly CaseMetrics[], options: AggregateOptions): Metrics {
  const { split, toleranceMm = DEFAULT_TOLERANCE_MM, seed = 0 } = options;
  const labels = options.labels
    .filter(({ id }) => id !== 0)
    .map((label) => aggregateLabel(label, cases, toleranceMm, seed));
  const labelMeans = labels.map(({ dice }) => dice.perVolume.mean).filter((value) => value !== null);
  return {
    split,
    convention: conventionText(toleranceMm),
    patients: new Set(cases.map(({ patient }) => patient)).size,
    foregroundMean: aggregateOf(labelMeans).mean,
    labels,
    cases,
  };
}
