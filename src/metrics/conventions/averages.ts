/** How tools average a score over labels and cases. */
import { mean } from "../../core/statistics.ts";

export type ScoresByLabel = readonly (readonly (number | null)[])[];

const meanOrNull = (values: readonly number[]): number | null => (values.length === 0 ? null : mean(values));
const defined = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);

/** Each label's mean over its cases, then the mean over labels; what is left out (null) is left out of both. */
export function meanOfLabelMeans(scores: ScoresByLabel): number | null {
  return meanOrNull(defined(scores.map((values) => meanOrNull(defined(values)))));
}

/** Each case's mean over its labels, then the mean over cases: a case with few labels weighs as much as any other. */
export function meanOfCaseMeans(scores: ScoresByLabel): number | null {
  const cases = scores[0]?.length ?? 0;
  const perCase = Array.from({ length: cases }, (_, k) =>
    meanOrNull(defined(scores.map((values) => values[k] ?? null))),
  );
  return meanOrNull(defined(perCase));
}
