/** Several errors of a user's data told as one. */
import type { HipError } from "./errors.ts";

/** What an error says, a line for each thing that is wrong: of one that joins several, each of them. */
export const problemsOf = ({ code, message, problems }: HipError): readonly string[] =>
  code === "bad-dataset" && problems.length > 0 ? problems : [message];

/** How to mend them: the remedy of all, or, where they differ, each of them once. Undefined where none has any. */
export function hintOfAll(errors: readonly HipError[]): string | undefined {
  const hints = new Set(errors.flatMap(({ hint }) => (hint === undefined ? [] : [hint])));
  return hints.size === 0 ? undefined : [...hints].join("; ");
}

/** More are counted only: an error must be read. */
export const MOST_PROBLEMS = 20;

/** The first problems, and how many more there are. */
export function firstProblems(problems: readonly string[]): readonly string[] {
  const more = problems.length - MOST_PROBLEMS;
  return more > 0 ? [...problems.slice(0, MOST_PROBLEMS), `… and ${more} more`] : problems;
}
