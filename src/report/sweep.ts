/** The trials of a sweep ranked by validation, held against the best as `compare` holds runs: what sweep.json says. */
import { alignText, counted, wrapText } from "../core/text.ts";
import type { Interval, Metrics } from "../metrics/types.ts";
import type { ComparedFigure, Comparison } from "./comparison.ts";
import { figureText, pText, rangeText, signed } from "./comparison-text.ts";

/** One trial, trained or failed. */
export interface TrialOutcome {
  /** As its folder. */
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly steps: number | null;
  /** That the steps were planned for; null where steps or epochs were stated. */
  readonly minutes: number | null;
  /** That its minutes left too few steps, as tooShort() says it; null where they did not. */
  readonly tooShort: string | null;
  /** That training took, all sessions together. */
  readonly seconds: number | null;
  /** Of the validation split; null of a trial that failed. */
  readonly metrics: Metrics | null;
  /** Why there is no model; null of a trial that was trained to its end. */
  readonly failure: string | null;
}

export interface RankedTrial extends Omit<TrialOutcome, "metrics"> {
  /** From 1. */
  readonly rank: number;
  readonly foregroundMean: number | null;
  readonly ci95: Interval;
  /** This trial minus the best, by patient; null of the best itself and of trials that failed. */
  readonly toBest: Pick<ComparedFigure, "difference" | "ci95" | "p" | "pHolm" | "verdict"> | null;
}

export interface SweptKey {
  readonly key: string;
  readonly kind: "list" | "range";
  readonly scale: "linear" | "log";
}

export interface SweepRanking {
  readonly format: 1;
  readonly split: "validate";
  readonly metric: "dice";
  readonly convention: string | null;
  readonly patients: number;
  readonly volumes: number;
  readonly keys: readonly SweptKey[];
  /** The name of the first; null where every trial failed. */
  readonly best: string | null;
  /** How many p-values were made. */
  readonly tests: number;
  readonly trials: readonly RankedTrial[];
  readonly notes: readonly string[];
}

const WIDTH = 100;
const DIGITS = 3;
/** More are told by their range. */
const NAMED_TRIALS = 12;

/** Best first; of equals the earlier; those without a figure, then those that failed, last. */
export function orderTrials(outcomes: readonly TrialOutcome[]): readonly TrialOutcome[] {
  const worth = ({ metrics, failure }: TrialOutcome): number =>
    failure !== null || metrics === null ? -2 : (metrics.foregroundMean ?? -1);
  return outcomes
    .map((outcome, at) => ({ outcome, at }))
    .sort((a, b) => worth(b.outcome) - worth(a.outcome) || a.at - b.at)
    .map(({ outcome }) => outcome);
}

const range = (values: readonly number[]): string => `${Math.min(...values)} to ${Math.max(...values)}`;

/** Names with their number of steps, "31: trial_000, trial_002; 85: trial_001"; the range of more than a line holds. */
export function stepsText(trials: readonly Pick<RankedTrial, "name" | "steps">[]): string {
  const named = trials.flatMap(({ name, steps }) => (steps === null ? [] : [{ name, steps }]));
  const counts = [...new Set(named.map(({ steps }) => steps))].sort((a, b) => a - b);
  if (counts.length < 2) return counts.length === 0 ? "none" : `${counts[0]} in every trial`;
  if (named.length > NAMED_TRIALS) return `${range(counts)}, differing between trials: see the ranking`;
  const namesOf = (count: number): string =>
    named.flatMap(({ name, steps }) => (steps === count ? [name] : [])).join(", ");
  return counts.map((count) => `${count}: ${namesOf(count)}`).join("; ");
}

/** Where trials had more steps than others, what the ranking ranks. */
function stepNotes(trained: readonly RankedTrial[]): readonly string[] {
  const counts = trained.flatMap(({ steps }) => steps ?? []);
  if (new Set(counts).size < 2) return [];
  const minutes = new Set(trained.map((trial) => trial.minutes));
  const [same] = minutes;
  return minutes.size === 1 && typeof same === "number"
    ? [
        `Trials had ${range(counts)} steps in the same ${same} minutes: the ranking says what is learnt in the time. State steps or epochs to compare at equal steps`,
      ]
    : [`Trials had ${range(counts)} steps: the ranking ranks how long they were trained, too`];
}

function shortNotes(trained: readonly RankedTrial[]): readonly string[] {
  const short = trained.flatMap(({ tooShort }) => tooShort ?? []);
  return short.length === 0
    ? []
    : [
        `${short.length} of ${counted(trained.length, "trial")} ${short.length === 1 ? "was" : "were"} ${short[0]}`,
      ];
}

/** What must be said of any sweep. */
function notesOf(trials: readonly RankedTrial[], comparison: Comparison | undefined): readonly string[] {
  const trained = trials.filter(({ failure }) => failure === null);
  const failed = trials.length - trained.length;
  const worse = trained.filter(({ toBest }) => toBest?.verdict === "worse").length;
  const alike = trained.length - 1 - worse;
  return [
    ...(trained.length < 2
      ? []
      : [
          `The best of ${trained.length} is optimistic: it was chosen by these very patients, so that new patients will give less. Judge it, and it alone, once on test patients`,
          worse === 0
            ? "No other trial is shown to be worse than the best"
            : `${counted(worse, "trial")} shown to be worse than the best (p after Holm < 0.05); of ${alike === 0 ? "none" : `${alike}`} no difference from it was shown, which does not prove that there is none`,
        ]),
    ...(failed === 0 ? [] : [`${counted(failed, "trial")} failed: ranked last, without a figure`]),
    ...stepNotes(trained),
    ...shortNotes(trained),
    ...(comparison?.warnings ?? []),
  ];
}

/**
 * @param ordered as orderTrials() gives them
 * @param comparison of those that were trained, the best as its baseline; undefined of fewer than two
 */
export function rankTrials(
  ordered: readonly TrialOutcome[],
  keys: readonly SweptKey[],
  comparison: Comparison | undefined,
): SweepRanking {
  const trials = ordered.map(({ metrics, ...trial }, at): RankedTrial => {
    const figure = comparison?.comparisons.find(({ other }) => other === trial.name)?.figures[0];
    return {
      rank: at + 1,
      ...trial,
      foregroundMean: trial.failure === null ? (metrics?.foregroundMean ?? null) : null,
      ci95: trial.failure === null ? (metrics?.ci95.foregroundMean ?? null) : null,
      toBest:
        figure === undefined
          ? null
          : {
              difference: figure.difference,
              ci95: figure.ci95,
              p: figure.p,
              pHolm: figure.pHolm,
              verdict: figure.verdict,
            },
    };
  });
  const [first] = ordered;
  const judged = first?.failure === null ? first.metrics : null;
  return {
    format: 1,
    split: "validate",
    metric: "dice",
    convention: judged?.convention ?? null,
    patients: judged?.patients ?? 0,
    volumes: judged?.cases.length ?? 0,
    keys,
    best: judged === null ? null : first!.name,
    tests: comparison?.tests ?? 0,
    trials,
    notes: notesOf(trials, comparison),
  };
}

const valueText = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");

/** "optimizer.kind sgd, clipNorm 1" */
export const describeValues = (values: RankedTrial["values"]): string =>
  Object.entries(values)
    .map(([key, value]) => `${key} ${valueText(value)}`)
    .join(", ");

/** "-0.012 (-0.020 to -0.004), p 0.03", "the best", "failed". */
function toBestText({ rank, toBest, failure }: RankedTrial): string {
  if (failure !== null) return "failed";
  if (toBest === null) return rank === 1 ? "the best" : "-";
  const range = toBest.ci95 === null ? "" : ` (${rangeText(toBest.ci95, DIGITS)})`;
  return `${signed(toBest.difference, DIGITS)}${range}, p ${pText(toBest.pHolm)}`;
}

export const diceText = ({ foregroundMean }: RankedTrial): string => figureText(foregroundMean, DIGITS);
export const intervalText = ({ ci95 }: RankedTrial): string =>
  ci95 === null ? "-" : `${ci95[0].toFixed(DIGITS)} to ${ci95[1].toFixed(DIGITS)}`;

/** The columns of the ranking, on a terminal and on the page. @param time seconds as text */
export function rankingTable(
  { keys, trials }: SweepRanking,
  time: (seconds: number) => string,
): readonly (readonly string[])[] {
  const head = [
    "trial",
    "rank",
    ...keys.map(({ key }) => key),
    "mean Dice",
    "95 % interval",
    "against the best",
    "steps",
    "time",
  ];
  return [
    head,
    ...trials.map((trial) => [
      trial.name,
      `${trial.rank}`,
      ...keys.map(({ key }) => valueText(trial.values[key])),
      diceText(trial),
      intervalText(trial),
      toBestText(trial),
      trial.steps === null ? "-" : `${trial.steps}`,
      trial.seconds === null ? "-" : time(trial.seconds),
    ]),
  ];
}

/** The ranking for a terminal. */
export function formatRanking(ranking: SweepRanking, time: (seconds: number) => string): string {
  const { patients, volumes, trials, notes, tests } = ranking;
  const failures = trials.flatMap(({ name, failure }) => (failure === null ? [] : [`${name}: ${failure}`]));
  const rule =
    tests === 0 ? "" : `; differences by patient, p by sign-flip, corrected after Holm for ${tests} tests`;
  return [
    ...alignText(rankingTable(ranking, time)),
    "",
    ...wrapText(
      `Mean Dice over the labels on ${counted(patients, "validation patient")}, ${counted(volumes, "volume")}${rule}`,
      WIDTH,
    ),
    ...[...notes, ...failures].flatMap((note) => wrapText(`- ${note}`, WIDTH)),
  ].join("\n");
}
