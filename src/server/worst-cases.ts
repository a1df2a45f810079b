/** The cases of a metrics.json, worst first. */
import { mean } from "../core/statistics.ts";
import { parseMetrics } from "../report/read-metrics.ts";
import type { WorstCases } from "./api.ts";

const MOST_CASES = 50;

/** @throws HipError "bad-dataset" where the text is no metrics.json of ours */
export function worstCases(text: string, name: string): WorstCases {
  const { split, labels, cases } = parseMetrics(text, name);
  const names = new Map(labels.map((label) => [label.id, label.name]));
  const rows = cases.map((scored) => {
    const known = scored.labels.map(({ dice }) => dice).filter((dice) => dice !== null);
    return {
      id: scored.id,
      patient: scored.patient,
      meanDice: known.length === 0 ? null : mean(known),
      labels: scored.labels.map(({ id, dice, hd95Mm, state }) => ({
        id,
        name: names.get(id) ?? `${id}`,
        dice,
        hd95Mm,
        state,
      })),
    };
  });
  // What no label is in cannot be called bad.
  const sorted = rows.sort((a, b) => (a.meanDice ?? 2) - (b.meanDice ?? 2));
  return { split, total: rows.length, cases: sorted.slice(0, MOST_CASES) };
}
