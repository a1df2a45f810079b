/** Slices in which there is nothing to see, and which have a label all the same. */
import { counted } from "../../core/text.ts";
import type { CaseExam, CaseVoxels } from "./examine-case.ts";
import type { PairExam } from "./examine-pair.ts";
import { makeFinding } from "./findings.ts";
import { isConstant } from "./intensities.ts";
import type { DoctorFinding } from "./types.ts";

/** At most so many slice numbers of a case are listed. */
const SHOWN_SLICES = 8;

const isLabelled = (mask: Uint8Array): boolean => mask.some((id) => id > 0);

/** Their places in the case, from 0. */
export function constantSlices(
  voxels: CaseVoxels | undefined,
  pairs: readonly PairExam[],
  unit: "slice" | "volume",
): readonly number[] {
  if (unit === "slice")
    return pairs.flatMap(({ values, ids, isMaskFitting }, i) =>
      values !== undefined && ids !== undefined && isMaskFitting && isLabelled(ids) && isConstant(values)
        ? [i]
        : [],
    );
  if (voxels?.mask === undefined) return [];
  const { image, mask, width, height, depth } = voxels;
  const area = width * height;
  return Array.from({ length: depth }, (_, i) => i).filter(
    (i) =>
      isLabelled(mask.subarray(i * area, (i + 1) * area)) &&
      isConstant(image.subarray(i * area, (i + 1) * area)),
  );
}

/** Single slices of one value that have a label all the same. @param exams of cases that are not of one value throughout */
export function findConstantSlices(exams: readonly CaseExam[]): DoctorFinding[] {
  const found = exams.filter(({ constantSlices }) => constantSlices.length > 0);
  if (found.length === 0) return [];
  const slices = found.reduce((sum, { constantSlices }) => sum + constantSlices.length, 0);
  const isOne = slices === 1;
  const files = found.flatMap(({ entry, constantSlices }) =>
    entry.files.length === 1 ? [entry.files[0]!.image] : constantSlices.map((i) => entry.files[i]!.image),
  );
  const numbered = ({ entry, constantSlices }: CaseExam): string => {
    const shown = constantSlices.slice(0, SHOWN_SLICES).map((i) => i + 1);
    const more = constantSlices.length - shown.length;
    const all = `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
    return `"${entry.id}": slice${constantSlices.length === 1 ? "" : "s"} ${all}`;
  };
  return [
    makeFinding({
      severity: "warning",
      code: "constant-slice",
      message: `${counted(slices, "slice")} of ${counted(found.length, "case")} ${isOne ? "is" : "are"} of one single value and ${isOne ? "has" : "have"} a label all the same`,
      remedy:
        "Nothing can be seen there, so the label cannot be learnt: make the image again from its source, or take the slices' labels away",
      files,
      details: found.map((each) => `${numbered(each)} of ${each.slices || each.pairs.length}`),
      cases: found.map(({ entry }) => entry.id),
    }),
  ];
}
