/** Patients whose names differ in a last number alone: perhaps one person, whom a split would put on both sides. */
import { counted } from "../../core/text.ts";
import type { CaseEntry } from "../types.ts";
import { makeFinding } from "./findings.ts";
import type { DoctorFinding } from "./types.ts";

/** "_V1", "-001", "_2021-03-05": a date counts as one part. */
const LAST_PART = /[_-](?:\d{4}[_-]\d{1,2}[_-]\d{1,2}|[a-z0-9]*\d[a-z0-9]*)$/i;
/** "Case1", "P001", "sub-03": so is a person called, not a data set ("BraTS2021"). */
const PERSON = /^(?:(?:case|patients?|pat|pt|p|subject|subj|sub|s|id)[_-]?)?\d+$/i;
const SHOWN_EXAMPLES = 3;

/** The name without its last part, where what stands before ends in a part with a number: that may be the person. */
function stemOf(patient: string): string | undefined {
  const stem = patient.replace(LAST_PART, "");
  if (stem === patient) return undefined;
  const before = stem.split(/[_-]/).at(-1) ?? "";
  return /\d/.test(before) ? stem : undefined;
}

/** Cases by stem, in the order in which stems are met. */
function groupByStem(cases: readonly CaseEntry[]): ReadonlyMap<string, readonly CaseEntry[]> {
  const groups = new Map<string, CaseEntry[]>();
  for (const entry of cases) {
    const stem = stemOf(entry.patient);
    if (stem === undefined) continue;
    const group = groups.get(stem);
    if (group === undefined) groups.set(stem, [entry]);
    else group.push(entry);
  }
  return groups;
}

const namesOf = (group: readonly CaseEntry[]): readonly string[] => [
  ...new Set(group.map(({ patient }) => patient)),
];

/** Whether some of the group may be learnt from and others judged on. */
function mayLeak(group: readonly CaseEntry[]): boolean {
  const splits = new Set(group.map(({ split }) => split));
  return namesOf(group).length > 1 && (splits.size > 1 || splits.has(undefined));
}

/**
 * Asks whether names such as "P001_V1" and "P001_V2" are scans of one person, which patientOf() cannot know. A stem
 * that all patients share is the data set's name ("BraTS2021_00000"), unless it is called as a person is.
 */
export function findUnclearPatients(cases: readonly CaseEntry[]): readonly DoctorFinding[] {
  const stems = groupByStem(cases);
  const [first] = stems.keys();
  const isOneForAll = stems.size === 1 && cases.every(({ patient }) => stemOf(patient) === first);
  if (first !== undefined && isOneForAll && !PERSON.test(first)) return [];
  const groups = [...stems.values()].filter(mayLeak);
  if (groups.length === 0) return [];
  const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(" and ");
  const examples = groups
    .slice(0, SHOWN_EXAMPLES)
    .map((group) => quoted(namesOf(group).slice(0, 2)))
    .join("; ");
  const patients = groups.reduce((sum, group) => sum + namesOf(group).length, 0);
  return [
    makeFinding({
      severity: "warning",
      code: "unclear-patients",
      message: `${patients} patients have names that differ from another's in the last number alone: are these scans of one person? (${examples})`,
      remedy:
        "If they are, rename the files to NAME_week1, NAME_week2 … with one NAME a person, or state the splits by folders (train, validate, test): else one person is learnt and judged on. If each is another person, nothing is to be done",
      details: groups.map((group) => {
        const names = namesOf(group);
        const more = names.length > 3 ? ` and ${counted(names.length - 3, "other")}` : "";
        return `${names
          .slice(0, 3)
          .map((name) => `"${name}"`)
          .join(", ")}${more}`;
      }),
      cases: groups.flat().map(({ id }) => id),
    }),
  ];
}
