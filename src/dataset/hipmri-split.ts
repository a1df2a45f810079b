/** HipMRI's own split, which its 2D release states in the names of folders and its 3D release does not. */
import type { CaseEntry, Split } from "./types.ts";

/** In which split HipMRI's 2D release has a man: 31 train, 4 validate, 3 test; undefined where he is none of its 38. */
export function hipmriSplit(caseNumber: number): Split | undefined {
  if ((caseNumber >= 4 && caseNumber <= 33) || caseNumber === 35) return "train";
  if (caseNumber >= 36 && caseNumber <= 39) return "validate";
  return caseNumber >= 40 && caseNumber <= 42 ? "test" : undefined;
}

/**
 * The volumes with the split of the 2D release, so that figures of both releases can be compared. Cases stay without
 * a split where a man is none of the release's 38, or where a split would be empty.
 */
export function withHipmriSplit(cases: readonly CaseEntry[]): readonly CaseEntry[] {
  const splits = cases.map(({ patient }) => {
    const number = /^case_(\d+)$/.exec(patient)?.[1];
    return number === undefined ? undefined : hipmriSplit(Number(number));
  });
  const used = new Set(splits);
  if (used.has(undefined) || used.size < 3) return cases;
  return cases.map((entry, i) => ({ ...entry, split: splits[i] }));
}
