/** How far a figure lies outside what training scans had. */
import { mean } from "../core/statistics.ts";
import type { Range, Verdict } from "./types.ts";

const round = (value: number): number => Number(value.toPrecision(5));

/** @returns undefined of no values */
export function rangeOf(values: readonly number[]): Range | undefined {
  if (values.length === 0) return undefined;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return {
    mean: round(centre),
    sd: round(Math.sqrt(squares / Math.max(1, values.length - 1))),
    min: round(Math.min(...values)),
    max: round(Math.max(...values)),
  };
}

/**
 * A new scan may well lie outside the range of a few: so many standard deviations beyond it are ordinary. Of 5 patients
 * the range holds 1.2 standard deviations to either side on average, of 30 two, of 130 two and a half: the three together
 * make an ordinary scan an alarm about as rarely, whatever the number of patients.
 */
const lookAt = (patients: number): number => 1 + 6 / patients;
const doubtfulAt = (patients: number): number => 4 + 12 / patients;

/**
 * @param floor the smallest standard deviation that is believed: training scans that are all alike must not make every
 *   rounding an alarm
 * @param side whether only values that are too low, or too high, count
 */
export function gradeValue(
  value: number,
  range: Range,
  options: { readonly patients: number; readonly floor: number; readonly side?: "low" | "high" },
): Verdict {
  const { patients, floor, side } = options;
  const above = side === "low" ? 0 : Math.max(0, value - range.max);
  const below = side === "high" ? 0 : Math.max(0, range.min - value);
  const beyond = Math.max(above, below) / Math.max(range.sd, floor);
  if (Number.isNaN(beyond) || beyond > doubtfulAt(patients)) return "doubtful";
  return beyond > lookAt(patients) ? "look" : "ok";
}

const ORDER: readonly Verdict[] = ["ok", "look", "doubtful"];

export function worstOf(verdicts: readonly Verdict[]): Verdict {
  return ORDER[Math.max(0, ...verdicts.map((verdict) => ORDER.indexOf(verdict)))]!;
}
