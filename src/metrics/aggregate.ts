/** From the scores of cases to metrics.json. */
import { mean } from "../core/statistics.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { makePatientBootstrap, type PatientBootstrap, type PatientTerms } from "./bootstrap.ts";
import type { Calibration } from "./calibration.ts";
import { conventionOf } from "./conventions/index.ts";
import { CONVENTION_NAMES, type ConventionName } from "./conventions/types.ts";
import { DEFAULT_TOLERANCE_MM } from "./score-case.ts";
import type {
  Aggregate,
  CaseLabelMetrics,
  CaseMetrics,
  DistanceAggregate,
  LabelMetrics,
  LabelScores,
  Metrics,
  RescoredDice,
} from "./types.ts";
import { warningsOf } from "./warnings.ts";

export interface AggregateOptions {
  readonly split: Metrics["split"];
  /** Label 0 is background and enters nothing. */
  readonly labels: readonly LabelDefinition[];
  /** The tolerance that scoreCase() was given; 2 unless given. */
  readonly toleranceMm?: number | undefined;
  /** The convention that scoreCase() was given; "hipmri" unless given. */
  readonly convention?: ConventionName | undefined;
  /** Of the model's probabilities on the same cases, where they are known. */
  readonly calibration?: Calibration | undefined;
  /** Of the bootstrap; 0 unless given. */
  readonly seed?: number | undefined;
}

/** One label of one case, with the patient it belongs to. */
interface Score {
  readonly patient: string;
  readonly label: CaseLabelMetrics;
}

type Key = keyof LabelScores;
type DistanceKey = "hdMm" | "hd95Mm" | "assdMm" | "masdMm";

/** The scores of one label, and what turns them into intervals. */
interface LabelContext {
  /** Every case, those where the label is undefined too. */
  readonly all: readonly Score[];
  /** In alphabetical order, so that the order of the cases changes nothing. */
  readonly patients: readonly string[];
  readonly bootstrap: PatientBootstrap;
}

function aggregateOf(values: readonly number[]): Aggregate {
  return { mean: values.length === 0 ? null : mean(values), n: values.length };
}

const count = (scores: readonly Score[], state: CaseLabelMetrics["state"]): number =>
  scores.filter(({ label }) => label.state === state).length;

/** Adds up two numbers of each score by patient; a score without them (undefined) adds nothing. */
function termsOf(
  { all, patients }: LabelContext,
  pick: (label: CaseLabelMetrics) => readonly [sum: number, count: number] | undefined,
): PatientTerms {
  const at = new Map(patients.map((patient, k) => [patient, k]));
  const sums = patients.map(() => 0);
  const counts = patients.map(() => 0);
  for (const { patient, label } of all) {
    const picked = pick(label);
    if (picked === undefined) continue;
    const k = at.get(patient)!;
    sums[k]! += picked[0];
    counts[k]! += picked[1];
  }
  return { sums, counts };
}

const single = (value: number | null): readonly [number, number] | undefined =>
  value === null ? undefined : [value, 1];

const meanTerms = (context: LabelContext, key: Key): PatientTerms =>
  termsOf(context, (label) => single(label[key]));

/** The mean of each patient that has a value. */
function patientMeans({ sums, counts }: PatientTerms): PatientTerms {
  return {
    sums: sums.map((sum, k) => (counts[k] === 0 ? 0 : sum / counts[k]!)),
    counts: counts.map((n) => (n === 0 ? 0 : 1)),
  };
}

function ratioOf({ sums, counts }: PatientTerms): Aggregate {
  const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  const n = total(counts);
  return { mean: n === 0 ? null : total(sums) / n, n };
}

/** Dice of all voxels together: a large volume weighs more than a small one. */
const pooledTerms = (context: LabelContext): PatientTerms =>
  termsOf(context, ({ counts }) => [2 * counts.overlap, counts.truth + counts.prediction]);

const isDefined = ({ label }: Score): boolean => label.state !== "undefined";

/** Volume errors of the cases where the label is in either mask. */
const volumeTerms = (context: LabelContext): PatientTerms =>
  termsOf(context, ({ state, volumeErrorMl }) => (state === "undefined" ? undefined : [volumeErrorMl, 1]));

function sumOfExtraComponents(all: readonly Score[]): number | null {
  if (all.some(({ label }) => label.components === null)) return null;
  return all.reduce(
    (sum, { label }) => sum + Math.max(0, label.components!.prediction - label.components!.truth),
    0,
  );
}

function intervalsOf(context: LabelContext): LabelMetrics["ci95"] {
  const { ratio } = context.bootstrap;
  const of = (key: Key) => ratio(meanTerms(context, key));
  return {
    dicePerPatient: ratio(patientMeans(meanTerms(context, "dice"))),
    dicePerVolume: of("dice"),
    dicePooled: ratio(pooledTerms(context)),
    iou: of("iou"),
    sensitivity: of("sensitivity"),
    precision: of("precision"),
    hdMm: of("hdMm"),
    hd95Mm: of("hd95Mm"),
    assdMm: of("assdMm"),
    masdMm: of("masdMm"),
    nsd: of("nsd"),
    volumeErrorMl: ratio(volumeTerms(context)),
    volumeErrorPercent: of("volumeErrorPercent"),
  };
}

function aggregateLabel(
  { id, name }: LabelDefinition,
  context: LabelContext,
  toleranceMm: number,
): LabelMetrics {
  const { all } = context;
  const of = (key: Key): Aggregate =>
    aggregateOf(all.map(({ label }) => label[key]).filter((value) => value !== null));
  const [missed, falseAlarms] = [count(all, "missed"), count(all, "falseAlarm")];
  const distance = (key: DistanceKey): DistanceAggregate => ({ ...of(key), infinite: missed + falseAlarms });
  const { mean: pooled } = ratioOf(pooledTerms(context));
  return {
    id,
    name,
    dice: {
      perVolume: of("dice"),
      perPatient: ratioOf(patientMeans(meanTerms(context, "dice"))),
      pooled: { mean: pooled, n: all.filter(isDefined).length },
      perSlicePresent: ratioOf(
        termsOf(context, ({ slicesPresent }) => [slicesPresent.diceSum, slicesPresent.n]),
      ),
    },
    iou: of("iou"),
    sensitivity: of("sensitivity"),
    precision: of("precision"),
    hdMm: distance("hdMm"),
    hd95Mm: distance("hd95Mm"),
    assdMm: distance("assdMm"),
    masdMm: distance("masdMm"),
    nsd: { toleranceMm, ...of("nsd") },
    volumeErrorMl: ratioOf(volumeTerms(context)),
    volumeErrorPercent: of("volumeErrorPercent"),
    extraComponents: sumOfExtraComponents(all),
    missed,
    falseAlarms,
    undefined: count(all, "undefined"),
    ci95: intervalsOf(context),
  };
}

function scoresOf(cases: readonly CaseMetrics[], { id, name }: LabelDefinition): readonly Score[] {
  return cases.map((scored): Score => {
    const label = scored.labels.find((candidate) => candidate.id === id);
    if (label === undefined)
      throw new RangeError(`Label ${id} "${name}" is not scored in case "${scored.id}"`);
    return { patient: scored.patient, label };
  });
}

/** The Dice of the same masks under every other tool's rules: the voxel counts are all it takes. */
function rescore(byLabel: readonly (readonly Score[])[], labels: readonly LabelDefinition[]): RescoredDice[] {
  return CONVENTION_NAMES.map((name) => {
    const { dice, overlapRule, foregroundMean } = conventionOf(name);
    const scores = byLabel.map((all) => all.map(({ label }) => dice(label.counts)));
    return {
      convention: name,
      rule: overlapRule,
      foregroundMean: foregroundMean(scores),
      labels: labels.map(({ id }, k) => ({
        id,
        dice: aggregateOf(scores[k]!.filter((value) => value !== null)),
      })),
    };
  });
}

/**
 * Averages case scores per volume, per patient, pooled over voxels and per slice, with 95 % intervals over patients.
 * volumeErrorMl is signed (prediction minus truth): its mean is the bias.
 * @throws RangeError where a case was not scored for one of the labels.
 */
export function aggregate(cases: readonly CaseMetrics[], options: AggregateOptions): Metrics {
  const { split, toleranceMm = DEFAULT_TOLERANCE_MM, seed = 0 } = options;
  const convention = conventionOf(options.convention ?? "hipmri");
  const patients = [...new Set(cases.map(({ patient }) => patient))].sort();
  const bootstrap = makePatientBootstrap(patients.length, { seed });
  const foreground = options.labels.filter(({ id }) => id !== 0);
  const byLabel = foreground.map((label) => scoresOf(cases, label));
  const contexts = byLabel.map((all): LabelContext => ({ all, patients, bootstrap }));
  const labels = foreground.map((label, k) => aggregateLabel(label, contexts[k]!, toleranceMm));
  const dice = byLabel.map((all) => all.map(({ label }) => label.dice));
  const counts = { patients: patients.length, volumes: cases.length };
  return {
    split,
    conventionName: convention.name,
    convention: convention.text(toleranceMm),
    patients: patients.length,
    foregroundMean: convention.foregroundMean(dice),
    ci95: {
      foregroundMean: bootstrap.meanOfRatios(contexts.map((context) => meanTerms(context, "dice"))),
    },
    warnings: warningsOf(labels, counts),
    labels,
    rescored: rescore(byLabel, foreground),
    calibration: options.calibration ?? null,
    cases,
  };
}
