/** Patients whom a data folder has in more than one split. */
import type { CaseEntry, Split } from "./types.ts";

/** One warning for each: a patient who is in two splits makes every figure of the later one too good. */
export function warnOfLeaks(cases: readonly CaseEntry[]): string[] {
  const splits = new Map<string, Set<Split>>();
  for (const { patient, split } of cases) {
    if (split === undefined) continue;
    splits.set(patient, (splits.get(patient) ?? new Set()).add(split));
  }
  return [...splits]
    .filter(([, found]) => found.size > 1)
    .map(
      ([patient, found]) =>
        `Patient "${patient}" is in ${found.size} splits: ${[...found].join(", ")}; figures of the held-out splits would be too good`,
    );
}
