/** Runs judged on the same cases, held against each other: what comparison.json says. */
import { mean } from "../core/statistics.ts";
import type { ConventionName } from "../metrics/conventions/types.ts";
import {
  holm,
  leastP,
  type PairedTest,
  type PatientPair,
  pairByPatient,
  SIGNIFICANT,
  testPairs,
} from "../metrics/paired.ts";
import type { CaseLabelMetrics, CaseMetrics, Interval, Metrics } from "../metrics/types.ts";
import { comparisonWarnings } from "./comparison-warnings.ts";
import { flattenConfig } from "./format.ts";

/** The figures that runs can be compared by. */
export const COMPARED_METRICS = ["dice", "nsd", "hd95"] as const;
export type ComparedMetric = (typeof COMPARED_METRICS)[number];

/** What is known of a run beside its figures. */
export interface ComparedRun {
  /** Short, unlike all others. */
  readonly name: string;
  readonly path: string;
  readonly metrics: Metrics;
  /** Of a training run; null of masks that any tool made. */
  readonly training: {
    readonly preset: string;
    readonly steps: number;
    readonly seed: number;
    /** Nested, as in config.json. */
    readonly config: Readonly<Record<string, unknown>>;
    readonly modelSha256: string;
    /** "sha256:…" of the data of all splits; null where the model does not say. */
    readonly dataDigest: string | null;
    readonly trainPatients: readonly string[];
    readonly log: readonly Readonly<Record<string, unknown>>[];
  } | null;
}

/**
 * "too few patients": no difference between so few, however large, could be shown.
 * "not comparable": of distances, where the runs missed or wrongly found a label in other volumes.
 */
export type Verdict =
  | "better"
  | "worse"
  | "no difference shown"
  | "too few patients"
  | "not tested"
  | "not comparable";

/** One figure of two runs. */
export interface ComparedFigure extends PairedTest {
  /** "mean" of all foreground labels, or the label's name. */
  readonly name: string;
  /** null of the mean. */
  readonly id: number | null;
  /** Corrected for all tests of the comparison. */
  readonly pHolm: number | null;
  /** Of the other run, by pHolm < 0.05. */
  readonly verdict: Verdict;
  readonly pairs: readonly PatientPair[];
}

export interface ComparedPair {
  readonly baseline: string;
  readonly other: string;
  /** The mean first, then the labels. */
  readonly figures: readonly ComparedFigure[];
}

export interface ComparedSummary {
  readonly name: string;
  readonly path: string;
  readonly preset: string | null;
  readonly steps: number | null;
  readonly modelSha256: string | null;
  /** Mean Dice per volume over the foreground labels, whatever the metric compared. */
  readonly foregroundMean: number | null;
  readonly ci95: Interval;
  readonly missed: number;
  readonly falseAlarms: number;
}

export interface Comparison {
  readonly split: Metrics["split"];
  readonly metric: ComparedMetric;
  readonly conventionName: ConventionName;
  readonly convention: string;
  readonly toleranceMm: number;
  readonly patients: number;
  readonly volumes: number;
  readonly seed: number;
  /** How many p-values were made. */
  readonly tests: number;
  readonly runs: readonly ComparedSummary[];
  /** Settings in which the runs differ; null where a run does not state them. */
  readonly settings: readonly { readonly key: string; readonly values: readonly (string | null)[] }[];
  readonly comparisons: readonly ComparedPair[];
  readonly warnings: readonly string[];
}

const KEYS = { dice: "dice", nsd: "nsd", hd95: "hd95Mm" } as const satisfies Record<
  ComparedMetric,
  keyof CaseLabelMetrics
>;

/** Whether more is better. */
export const isLargerBetter = (metric: ComparedMetric): boolean => metric !== "hd95";

type CaseValue = Parameters<typeof pairByPatient>[2];

/**
 * A label's figure, where both runs have it. Where the truth lacks the label and only one run found one, the other was
 * right to find nothing: that counts as a full overlap, or false alarms would cost nothing.
 */
function labelValue(id: number, metric: ComparedMetric): CaseValue {
  const of = ({ labels }: CaseMetrics) => {
    const label = labels.find((each) => each.id === id);
    const isRightlyAbsent = metric !== "hd95" && label?.state === "undefined";
    return { value: label?.[KEYS[metric]] ?? null, isRightlyAbsent };
  };
  return (one, another) => {
    const [a, b] = [of(one), of(another)];
    if (a.value !== null && b.value !== null) return [a.value, b.value];
    if (a.isRightlyAbsent && b.value !== null) return [1, b.value];
    return b.isRightlyAbsent && a.value !== null ? [a.value, 1] : null;
  };
}

/** Distances of misses and false alarms are infinite and in no mean: runs with other ones cannot be ranked by the rest. */
function hasOtherMisses(one: Metrics, another: Metrics, id: number | null): boolean {
  return one.labels.some((label) => {
    const other = another.labels.find((each) => each.id === label.id);
    const isMeant = id === null || label.id === id;
    return isMeant && (label.missed !== other?.missed || label.falseAlarms !== other.falseAlarms);
  });
}

/** The mean over the labels whose figure both runs have. */
function meanValue(ids: readonly number[], metric: ComparedMetric): CaseValue {
  const byLabel = ids.map((id) => labelValue(id, metric));
  return (one, another) => {
    const found = byLabel.map((value) => value(one, another)).filter((pair) => pair !== null);
    if (found.length === 0) return null;
    return [mean(found.map(([a]) => a)), mean(found.map(([, b]) => b))];
  };
}

function verdictOf(
  { difference, larger, smaller }: PairedTest,
  {
    pHolm,
    leastPHolm,
    metric,
  }: { readonly pHolm: number | null; readonly leastPHolm: number | null; readonly metric: ComparedMetric },
): Verdict {
  if (pHolm === null || difference === null) return "not tested";
  if (pHolm >= SIGNIFICANT)
    return larger + smaller > 0 && leastPHolm !== null && leastPHolm >= SIGNIFICANT
      ? "too few patients"
      : "no difference shown";
  return difference > 0 === isLargerBetter(metric) ? "better" : "worse";
}

type Untested = Omit<ComparedFigure, "pHolm" | "verdict"> & { readonly hasOtherMisses: boolean };

function figuresOf(
  baseline: ComparedRun,
  other: ComparedRun,
  options: { readonly metric: ComparedMetric; readonly seed: number },
): readonly Untested[] {
  const { labels } = baseline.metrics;
  const { metric, seed } = options;
  const test = (name: string, id: number | null, value: CaseValue): Untested => {
    const sample = pairByPatient(baseline.metrics.cases, other.metrics.cases, value);
    return {
      name,
      id,
      ...testPairs(sample, { seed }),
      pairs: sample.pairs,
      hasOtherMisses: metric === "hd95" && hasOtherMisses(baseline.metrics, other.metrics, id),
    };
  };
  const ids = labels.map(({ id }) => id);
  return [
    // Of one label the mean is that label: a second test of it would only cost power.
    ...(labels.length > 1 ? [test("mean", null, meanValue(ids, metric))] : []),
    ...labels.map(({ id, name }) => test(name, id, labelValue(id, metric))),
  ];
}

function summaryOf({ name, path, metrics, training }: ComparedRun): ComparedSummary {
  const sum = (of: (label: Metrics["labels"][number]) => number): number =>
    metrics.labels.reduce((total, label) => total + of(label), 0);
  return {
    name,
    path,
    preset: training?.preset ?? null,
    steps: training?.steps ?? null,
    modelSha256: training?.modelSha256 ?? null,
    foregroundMean: metrics.foregroundMean,
    ci95: metrics.ci95.foregroundMean,
    missed: sum(({ missed }) => missed),
    falseAlarms: sum(({ falseAlarms }) => falseAlarms),
  };
}

/** Settings that are not the same in all runs, in the order of the first run's config. */
function differingSettings(runs: readonly ComparedRun[]): Comparison["settings"] {
  const configs = runs.map(({ training }) => new Map(flattenConfig(training?.config ?? {})));
  const keys = new Set(configs.flatMap((config) => [...config.keys()]));
  return [...keys].flatMap((key) => {
    const values = configs.map((config) => config.get(key) ?? null);
    const stated = configs.flatMap((config, i) => (config.size === 0 ? [] : [values[i]]));
    return new Set(stated).size < 2 ? [] : [{ key, values }];
  });
}

export interface CompareOptions {
  readonly metric: ComparedMetric;
  readonly seed: number;
  /** "baseline": every run against the first; "all": every two. */
  readonly pairs: "baseline" | "all";
}

/**
 * Compares runs on the same cases, checked by differencesOf(). The same input gives the same result.
 * @throws RangeError for fewer than two runs
 */
export function compareRuns(runs: readonly ComparedRun[], options: CompareOptions): Comparison {
  const [first] = runs;
  if (first === undefined || runs.length < 2) throw new RangeError("Comparing takes two runs or more");
  const pairs = runs.flatMap((baseline, i) =>
    i > 0 && options.pairs === "baseline"
      ? []
      : runs.slice(i + 1).map((other) => ({ baseline, other, figures: figuresOf(baseline, other, options) })),
  );
  const untested = pairs.flatMap(({ figures }) => figures);
  const corrected = holm(untested.map(({ p }) => p));
  // As if each figure were as unlike as its patients can make it.
  const least = holm(untested.map(({ p, patients }) => (p === null ? null : leastP(patients))));
  const tests = corrected.filter((p) => p !== null).length;
  const { metric } = options;
  const finished = new Map(
    untested.map((figure, i): [Untested, ComparedFigure] => {
      const pHolm = corrected[i]!;
      const { pairs: patients, hasOtherMisses: _, ...rest } = figure;
      const verdict = figure.hasOtherMisses
        ? "not comparable"
        : verdictOf(figure, { pHolm, leastPHolm: least[i]!, metric });
      return [figure, { ...rest, pHolm, verdict, pairs: patients }];
    }),
  );
  const { metrics } = first;
  return {
    split: metrics.split,
    metric: options.metric,
    conventionName: metrics.conventionName,
    convention: metrics.convention,
    toleranceMm: metrics.labels[0]?.nsd.toleranceMm ?? 0,
    patients: metrics.patients,
    volumes: metrics.cases.length,
    seed: options.seed,
    tests,
    runs: runs.map(summaryOf),
    settings: differingSettings(runs),
    comparisons: pairs.map(({ baseline, other, figures }) => ({
      baseline: baseline.name,
      other: other.name,
      figures: figures.map((figure) => finished.get(figure)!),
    })),
    warnings: comparisonWarnings(runs, tests),
  };
}
