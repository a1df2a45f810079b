/** Patients whom a data folder has in more than one split. */
import type { CaseEntry, Split } from "./types.ts";

export interface Leak {
  readonly patient: string;
  /** Two or three. */
  readonly splits: readonly Split[];
}

/** A patient who is in two splits makes every figure of the later one too good. */
export function findLeaks(cases: readonly CaseEntry[]): readonly Leak[] {
  const splits = new Map<string, Set<Split>>();
  for (const { patient, split } of cases) {
    if (split === undefined) continue;
    splits.set(patient, (splits.get(patient) ?? new Set()).add(split));
  }
  return [...splits]
    .filter(([, found]) => found.size > 1)
    .map(([patient, found]) => ({ patient, splits: [...found] }));
}

/** One warning for each. */
export function warnOfLeaks(cases: readonly CaseEntry[]): string[] {
  return findLeaks(cases).map(
    ({ patient, splits }) =>
      `Patient "${patient}" is in ${splits.length} splits: ${splits.join(", ")}; figures of the held-out splits would be too good`,
  );
}
