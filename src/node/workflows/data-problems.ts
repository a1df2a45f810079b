/** Everything that is wrong with the data of a training, in one error. */
import { HipError } from "../../core/errors.ts";
import { firstProblems, MOST_PROBLEMS, problemsOf } from "../../core/joined-errors.ts";
import { counted } from "../../core/text.ts";
import type { DoctorFinding } from "../../dataset/doctor/types.ts";
import { sortNaturally } from "../../dataset/listing.ts";
import { type PairingFaults, pairingError } from "../../dataset/pairing.ts";
import type { LayoutName } from "../../dataset/types.ts";
import { commandLine } from "../shell.ts";

export interface DataProblems {
  readonly faults: PairingFaults | undefined;
  /** Of cases that cannot be used, one each. */
  readonly errors: readonly HipError[];
  /** How many cases were read. */
  readonly cases: number;
  /** Images that are the same under several names. */
  readonly copies: readonly DoctorFinding[];
}

export interface DataPlace {
  readonly data: string;
  /** What the user says of it. */
  readonly layout?: LayoutName | undefined;
}

/** A finding with what it was found in, on one line. */
export const findingLine = ({ message, details }: DoctorFinding): string =>
  details.length === 0 ? message : `${message}: ${details.join("; ")}`;

/** How to mend it all, where one remedy does; else what tells each. */
function hintOf(hints: ReadonlySet<string | undefined>, { data, layout }: DataPlace): string | undefined {
  if (hints.size === 1) return [...hints][0];
  const stated = layout === undefined ? [] : ["--layout", layout];
  const command = commandLine(["hipmri", "check", data, ...stated, "--out", "DIR"]);
  return `Not all have one remedy: ${command} tells that of each`;
}

function headline({ faults, errors, cases, copies }: DataProblems): string {
  const parts = [
    ...(faults === undefined
      ? []
      : [`${counted(faults.problems.length, "problem")} in pairing images and masks`]),
    ...(errors.length === 0
      ? []
      : [`${errors.length} of ${counted(cases, "case")} ${errors.length === 1 ? "has" : "have"} problems`]),
    ...(copies.length === 0 ? [] : ["images are stored more than once"]),
  ];
  return `Cannot use the data: ${parts.join(", ")}`;
}

/**
 * All problems as one error, at most 20 of them listed; what is wrong with a single case, or with the pairing alone,
 * keeps its own. Undefined where nothing is wrong.
 */
export function dataError(found: DataProblems, place: DataPlace): HipError | undefined {
  const { faults, errors, copies } = found;
  const [first] = errors;
  const isMixed = (faults === undefined ? 0 : 1) + errors.length + copies.length > 1;
  if (!isMixed && faults !== undefined) return pairingError(faults);
  const problems = [
    ...(faults?.problems ?? []),
    ...sortNaturally(errors.flatMap(problemsOf)),
    ...copies.map(findingLine),
  ];
  if (problems.length === 0) return undefined;
  if (!isMixed && first !== undefined && problems.length <= MOST_PROBLEMS) return first;
  const hint = hintOf(
    new Set([
      ...(faults === undefined ? [] : [faults.hint]),
      ...errors.map((error) => error.hint),
      ...copies.map(({ remedy }) => remedy),
    ]),
    place,
  );
  return new HipError("bad-dataset", !isMixed && first !== undefined ? first.message : headline(found), {
    problems: firstProblems(problems),
    ...(hint === undefined ? {} : { hint }),
  });
}
