/** Who was scanned, told from a file's name: what splits, averages and bootstraps go by. */
import { counted } from "../core/text.ts";
import { VIEW_WORDS } from "./name-words.ts";

/** BIDS: "sub-01_ses-02_T2w" is a scan of "sub-01" (https://bids-specification.readthedocs.io, "Entities"). */
const BIDS = /^(sub-[a-z0-9]+)(?:_.*)?$/i;

const TIME_WORDS =
  "(?:frame|week|wk|ses|session|visit|time|timepoint|tp|day|month|year|fu)[_-]?\\d+[a-z]?|baseline|follow-?up[_-]?\\d*";
const SCAN_WORDS = "(?:scan|run|acq|rep|repeat|echo|series)[_-]?\\d+[a-z]?";
/** Where data came from, which is no person: "site1", "promise12". */
const GROUP_WORDS =
  "(?:dataset|data|promise|challenge|site|cent(?:er|re)|cohort|study|trial|group|batch|fold|phase|release|vendor|scanner|hospital|task)\\d*";
const FIELD_STRENGTH = "\\d(?:[.p]\\d)?t";

const END = "(?=[_\\-. ]|$)";
const TIME = new RegExp(`[_\\-. ](?:${TIME_WORDS})${END}`, "gi");
const SCAN = new RegExp(`[_\\-. ](?:${SCAN_WORDS})${END}`, "gi");
/** Everything in a name that tells no person. */
const NOBODY = new RegExp(
  `(?<=^|[_\\-. ])(?:${[TIME_WORDS, SCAN_WORDS, "slice[_-]?\\d+", GROUP_WORDS, FIELD_STRENGTH, ...VIEW_WORDS].join("|")})${END}`,
  "gi",
);
const VIEWS: ReadonlySet<string> = new Set(VIEW_WORDS);

/** A name that can be one person's only: "patient001", "case_004", "K019", "sub-01". */
const SURELY_A_PERSON = /^(?:[a-z]{1,2}|subj?|subject|pat|patient|case|volunteer)[_-]?\d+$|^sub-/i;

/**
 * The patient of a case, so that two frames, weeks, sessions, planes or sides of one person are never split.
 *
 *     patient001_frame01    patient001          sub-01_ses-02_T2w         sub-01
 *     K019_Week1_LFOV       K019                prostate_01_scan2         prostate_01
 *     anna_baseline         anna                prostate_scan2            prostate_scan2
 *     knee_12_left          knee_12             ProstateX-0000_t2w_sag    ProstateX-0000
 *     T2_scan01             T2_scan01           site1_year2_case014       site1_year2_case014
 *
 * Whatever stands before a point in time is a person, unless it names a sequence or a site only, or a number that
 * may be a person's follows. Before a word for a scan ("scan2", "run-1"), or for a side, plane or sequence at the
 * end, it is one only where it has a number: "prostate_scan2" names an organ, and to take all of its scans for one
 * man would leave nothing to split. A name without such a word is a person of its own, so that visits which bare
 * numbers tell apart ("00000-000", "00000-001") are not understood: such files must be renamed, or the split leaks.
 */
export function patientOf(name: string): string {
  const bids = BIDS.exec(name)?.[1];
  if (bids !== undefined) return bids;
  const person = withoutTimes(name);
  const rest = withoutViews(person);
  return /\d/.test(namingOf(rest)) ? rest : person;
}

/** The name with blanks in place of what tells no person, as long as it was. */
function namingOf(name: string): string {
  return name.replace(NOBODY, (found) => " ".repeat(found.length));
}

/** The name without a point in time, or one of several scans, and without whatever follows. */
function withoutTimes(name: string): string {
  const naming = namingOf(name);
  const firstName = naming.search(/[^_\-. ]/);
  const firstNumber = naming.search(/\d/);
  const lastNumber = naming.search(/\d[^\d]*$/);
  const cuts = (pattern: RegExp, from: number): number | undefined => {
    if (from < 0) return undefined;
    for (const { index } of name.matchAll(pattern)) if (index > from && index > lastNumber) return index;
    return undefined;
  };
  return name.slice(
    0,
    Math.min(cuts(TIME, firstName) ?? name.length, cuts(SCAN, firstNumber) ?? name.length),
  );
}

/** The name without the words for views at its end. */
function withoutViews(name: string): string {
  // Names and separators take turns.
  const parts = name.split(/([_\-. ])/);
  while (parts.length > 1 && VIEWS.has(parts.at(-1)!.toLowerCase())) parts.splice(-2);
  return parts.join("");
}

const isNobody = (name: string): boolean => namingOf(name).search(/[^_\-. ]/) < 0;

/**
 * The patient of a file by its name and its folders: a part that can be one person's only, the last of them; else all
 * parts that may tell a person. It rather takes two persons for one than one for two.
 *
 *     p1/T2              p1             week1/K019          K019
 *     anna/T2            anna           site/p2/image_7     p2
 *     scans/image_7      scans_image_7  T2                  T2
 *
 * @param path without the ending of the file's name, "/" between folders
 */
export function patientOfPath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "");
  for (const part of [...parts].reverse()) {
    const person = patientOf(part);
    if (!isNobody(part) && SURELY_A_PERSON.test(person)) return person;
  }
  const naming = parts.filter((part) => !isNobody(part));
  return naming.length === 0 ? path : patientOf(naming.join("_"));
}

/**
 * The patients of a data set's cases. Where all names would be one person's, and do not say so plainly, the shared
 * part is more likely the data set's: each case is then a person of its own, with a warning.
 * @param ids the cases' names, each once
 */
export function patientsByName(ids: readonly string[]): {
  readonly patients: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
} {
  const patients = new Map(ids.map((id) => [id, patientOf(id)]));
  const [only = "", ...others] = new Set(patients.values());
  if (patients.size < 2 || others.length > 0 || SURELY_A_PERSON.test(only)) return { patients, warnings: [] };
  return {
    patients: new Map(ids.map((id) => [id, id])),
    warnings: [
      `The names of all ${counted(patients.size, "case")} begin with "${only}", which is taken for no person: each case is a patient of its own. If several are of one person, name them PATIENT_week1, PATIENT_week2 …`,
    ],
  };
}
