/** The same pixels under two names: a case that counts twice, or one that is learnt and judged on. */
import { counted } from "../../core/text.ts";
import type { CaseEntry } from "../types.ts";
import type { CaseExam } from "./examine-case.ts";
import { makeFinding } from "./findings.ts";
import type { DoctorFinding, FindingCode, Severity } from "./types.ts";

/** An image, and where it is. */
export interface Place {
  readonly entry: CaseEntry;
  /** The image's path. */
  readonly file: string;
  /** Equal where all voxels are. */
  readonly print: string;
}

/** Images with equal voxels: two or more places each. */
function findTwins(places: readonly Place[]): readonly (readonly Place[])[] {
  const byPrint = new Map<string, Place[]>();
  for (const place of places) {
    const found = byPrint.get(place.print);
    if (found === undefined) byPrint.set(place.print, [place]);
    else found.push(place);
  }
  return [...byPrint.values()].filter((same) => same.length > 1);
}

type Kind = Extract<FindingCode, "duplicate-across-splits" | "duplicate-across-patients" | "duplicate-image">;

function kindOf(places: readonly Place[]): Kind {
  const distinct = (of: (entry: CaseEntry) => string | undefined): number =>
    new Set(places.map(({ entry }) => of(entry))).size;
  if (distinct(({ split }) => split) > 1) return "duplicate-across-splits";
  return distinct(({ patient }) => patient) > 1 ? "duplicate-across-patients" : "duplicate-image";
}

/** One line for all equal slices of the same cases, else one for each set of equal images. */
function linesOf(twins: readonly (readonly Place[])[]): string[] {
  const groups = new Map<string, (readonly Place[])[]>();
  for (const places of twins) {
    const key = JSON.stringify(places.map(({ entry }) => entry.id));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [places]);
    else group.push(places);
  }
  return [...groups.values()].map((group) => {
    const [first] = group;
    if (group.length === 1) return first!.map(({ file }) => `"${file}"`).join(" = ");
    const ids = first!.map(({ entry }) => `"${entry.id}"`).join(" = ");
    return `${group.length} slices of ${ids}`;
  });
}

const SAYINGS: Readonly<Record<Kind, { readonly where: string; readonly remedy: string }>> = {
  "duplicate-across-splits": {
    where: "in more than one split: figures of the held-out splits would be too good",
    remedy: "Keep one copy, in the split where its patient belongs",
  },
  "duplicate-across-patients": {
    where: "under the names of different patients",
    remedy: "Find out whose they are and keep one copy: a split by patient would put copies on both sides",
  },
  "duplicate-image": {
    where: "more than once for the same patient",
    remedy: "Keep one copy: the others make this patient count more than once",
  },
};

/** Copies within one split do not reach a held-out patient; where the split is drawn, they may. */
function severityOf(kind: Kind, isStated: boolean): Severity {
  if (kind === "duplicate-across-splits") return "error";
  return kind === "duplicate-across-patients" && !isStated ? "error" : "warning";
}

function findSameMasks(exams: readonly CaseExam[]): DoctorFinding[] {
  const byPrint = new Map<string, CaseExam[]>();
  for (const exam of exams) {
    const { maskFingerprint: print } = exam;
    if (print === undefined) continue;
    byPrint.set(print, [...(byPrint.get(print) ?? []), exam]);
  }
  // The same image has the same mask with good reason.
  const imagesOf = ({ pairs }: CaseExam): string => pairs.map(({ fingerprint }) => fingerprint).join(" ");
  const twins = [...byPrint.values()].filter((same) => new Set(same.map(imagesOf)).size > 1);
  if (twins.length === 0) return [];
  const cases = twins.flat().map(({ entry }) => entry.id);
  return [
    makeFinding({
      severity: "warning",
      code: "duplicate-mask",
      message: `${counted(cases.length, "case")} of different images have the mask of another, voxel by voxel`,
      remedy: "Look whether the mask fits the image: it was probably copied to the wrong case",
      details: twins.map((same) => same.map(({ entry }) => `"${entry.id}"`).join(" = ")),
      cases,
    }),
  ];
}

/**
 * Images that are the same under several names.
 * @param isStated whether the splits of the entries are stated, or still to be drawn
 */
export function findCopies(places: readonly Place[], isStated: boolean): readonly DoctorFinding[] {
  const twins = findTwins(places);
  return (Object.keys(SAYINGS) as Kind[]).flatMap((kind) => {
    const found = twins.filter((places) => kindOf(places) === kind);
    if (found.length === 0) return [];
    const files = found.flat().map(({ file }) => file);
    const { where, remedy } = SAYINGS[kind];
    return [
      makeFinding({
        severity: severityOf(kind, isStated),
        code: kind,
        message: `The same pixels are stored ${where} (${counted(files.length, "image")})`,
        remedy,
        files,
        details: linesOf(found),
        cases: found.flat().map(({ entry }) => entry.id),
      }),
    ];
  });
}

const placesOf = ({ entry, pairs }: CaseExam): readonly Place[] =>
  pairs.flatMap(({ fingerprint: print }, i) =>
    print === undefined ? [] : [{ entry, file: entry.files[i]!.image, print }],
  );

export function duplicateFindings(exams: readonly CaseExam[]): readonly DoctorFinding[] {
  const isStated = exams.every(({ entry }) => entry.split !== undefined);
  return [...findCopies(exams.flatMap(placesOf), isStated), ...findSameMasks(exams)];
}
