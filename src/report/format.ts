/** How figures are written in a report: absent is a dash, and every mean says over how many. */
import type { Aggregate, DistanceAggregate } from "../metrics/types.ts";

export const ABSENT = "\u2013";

export function formatNumber(value: number | null, digits: number): string {
  if (value === null || !Number.isFinite(value)) return ABSENT;
  // No "-0.00": which way so small a value points says nothing.
  return value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1");
}

/** "0.842 (n=11)". */
export function formatAggregate(aggregate: Aggregate, digits: number): string {
  return `${formatNumber(aggregate.mean, digits)} (n=${aggregate.n})`;
}

/** "4.10 (n=9, 2 infinite)": the mean is over the finite ones, so the others must be named. */
export function formatDistance(aggregate: DistanceAggregate, digits: number): string {
  const infinite = aggregate.infinite === 0 ? "" : `, ${aggregate.infinite} infinite`;
  return `${formatNumber(aggregate.mean, digits)} (n=${aggregate.n}${infinite})`;
}

/** "0.801 to 0.877", or a dash where there is no interval. */
export function formatInterval(interval: readonly [number, number] | null, digits: number): string {
  if (interval === null) return ABSENT;
  return interval.map((bound) => formatNumber(bound, digits)).join(" to ");
}

/** A nested configuration as rows "optimizer.lr" -> "0.001", in the order in which it is written. */
export function flattenConfig(config: Readonly<Record<string, unknown>>, prefix = ""): [string, string][] {
  return Object.entries(config).flatMap(([key, value]): [string, string][] => {
    const name = prefix === "" ? key : `${prefix}.${key}`;
    const nested = typeof value === "object" && value !== null && !Array.isArray(value);
    if (nested && Object.keys(value).length > 0) return flattenConfig({ ...value }, name);
    const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined");
    return [[name, text]];
  });
}
