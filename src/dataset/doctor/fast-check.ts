/** What can be found without decoding a voxel: soon enough to run before every training. */
import { mapParallel } from "../../core/parallel.ts";
import { sampleEvenly } from "../../core/statistics.ts";
import { counted } from "../../core/text.ts";
import { layoutPlane } from "../orientation.ts";
import type { CaseEntry, DatasetIndex, FilePair } from "../types.ts";
import { caseProblems, sliceWarnings } from "./examine-case.ts";
import { examineHeaders, type PairHeaders, type ReadContext } from "./examine-pair.ts";
import { type FileProblem, gatherProblems, groupAlike, makeFinding, sortFindings } from "./findings.ts";
import { geometryFindings, geometryTable } from "./geometry-findings.ts";
import type { HeaderFacts } from "./headers.ts";
import { fastFindings } from "./index-findings.ts";
import type { DoctorFinding, GeometryTable } from "./types.ts";

/** Pairs whose headers are read; of more cases, an even sample is. */
const MOST_PAIRS = 480;
const AT_ONCE = 8;

/** The first and the last file of a case, and the one in the middle. */
function someOf(files: readonly FilePair[], isMiddleWanted: boolean): readonly FilePair[] {
  const places = [0, ...(isMiddleWanted ? [files.length >> 1] : []), files.length - 1];
  return [...new Set(places)].map((at) => files[at]!);
}

interface HeaderCase {
  readonly entry: CaseEntry;
  readonly files: readonly FilePair[];
  readonly pairs: readonly PairHeaders[];
}

async function readCase(
  entry: CaseEntry,
  files: readonly FilePair[],
  unit: "slice" | "volume",
  context: ReadContext,
): Promise<HeaderCase> {
  const mostAxes = unit === "slice" ? 2 : 3;
  const pairs = await mapParallel(files, files.length, (file) =>
    examineHeaders({ file, caseId: entry.id, mostAxes }, context),
  );
  return { entry, files, pairs };
}

/** What a set of cases says by its headers, whether read for themselves or with the voxels. */
export function headerFindings(
  cases: readonly {
    readonly pairs: readonly Pick<PairHeaders, "image" | "mask">[];
    readonly problems: readonly FileProblem[];
    readonly warnings: readonly string[];
  }[],
  index: Pick<DatasetIndex, "layout">,
): { readonly findings: readonly DoctorFinding[]; readonly geometry: GeometryTable } {
  const facts = (which: "image" | "mask"): HeaderFacts[] =>
    cases.flatMap(({ pairs }) => pairs.flatMap((pair) => (pair[which] === undefined ? [] : [pair[which]])));
  const images = facts("image");
  const masks = facts("mask");
  const isUsable = ({ shape }: HeaderFacts): boolean => shape.length <= 3;
  const doubts = groupAlike(cases.flatMap(({ warnings }) => warnings)).map((group) =>
    makeFinding({
      severity: "warning",
      code: "slice-distance",
      message: `In ${counted(group.length, "case")} ${group[0]}`,
      remedy:
        "Distances and volumes between slices rest on this: correct the slices' headers if you know better",
    }),
  );
  return {
    findings: [
      ...gatherProblems(cases.flatMap(({ problems }) => problems)),
      ...geometryFindings(images.filter(isUsable), masks),
      ...doubts,
    ],
    geometry: geometryTable(images, masks, layoutPlane(index)),
  };
}

/** As fastCheck(), with the table that goes with it. */
export async function checkHeaders(
  index: DatasetIndex,
  context: ReadContext & { readonly onProgress?: ((done: number, total: number) => void) | undefined },
): Promise<{ readonly findings: readonly DoctorFinding[]; readonly geometry: GeometryTable }> {
  const readPerCase = (isMiddleWanted: boolean): number =>
    index.cases.reduce((sum, { files }) => sum + someOf(files, isMiddleWanted).length, 0);
  // All cases rather than three slices of some.
  const isMiddleWanted = readPerCase(true) <= MOST_PAIRS;
  const pairs = readPerCase(isMiddleWanted);
  const chosen = sampleEvenly(
    index.cases,
    Math.ceil((index.cases.length * MOST_PAIRS) / Math.max(MOST_PAIRS, pairs)),
  );
  let done = 0;
  const cases = await mapParallel(chosen, AT_ONCE, async (entry) => {
    const read = await readCase(entry, someOf(entry.files, isMiddleWanted), index.unit, context);
    context.onProgress?.(++done, chosen.length);
    return {
      ...read,
      problems: caseProblems(entry, read.pairs, index.unit),
      warnings: index.unit === "slice" ? sliceWarnings(read.files, read.pairs) : [],
    };
  });
  const { findings, geometry } = headerFindings(cases, index);
  return { findings: sortFindings([...fastFindings(index), ...findings]), geometry };
}

/**
 * Pairing, patients, splits and headers. Of a case of many slices two or three headers are read, of many cases an even
 * sample: 480 pairs, so that it takes a second or two on any data set.
 */
export async function fastCheck(
  index: DatasetIndex,
  context: ReadContext,
): Promise<readonly DoctorFinding[]> {
  return (await checkHeaders(index, context)).findings;
}
