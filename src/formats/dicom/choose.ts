/** Which series of several is meant. */
import { HipError } from "../../core/errors.ts";
import { counted } from "../../core/text.ts";
import type { DicomSeries } from "./content.ts";

/** '3: MR, 42 slices of 256 x 256, axial, "t2 axial"' */
function lineOf(series: DicomSeries): string {
  const { index, modality, sliceCount, columns, rows, plane, description, problems } = series;
  const size = `${counted(sliceCount, "slice")} of ${columns} x ${rows}`;
  const flaw = problems.length === 0 ? "" : ` (cannot be used: ${problems[0]})`;
  return `${index}: ${[modality, size, plane].filter(Boolean).join(", ")}, "${description}"${flaw}`;
}

function choiceError(message: string, series: readonly DicomSeries[]): HipError {
  return new HipError("usage", message, {
    hint: "Name a series by its number in this list, or by a part of its description that no other has",
    problems: series.map(lineOf),
  });
}

/**
 * The series that is wanted: by its `index`, or by a part of its description, letter case aside (a text of digits is
 * an index). Without a wish the only one is taken.
 * @throws HipError "usage" where none or several fit, with a list of all; "bad-dataset" where there is none at all.
 */
export function chooseSeries(
  series: readonly DicomSeries[],
  wanted: string | number | undefined,
): DicomSeries {
  if (series.length === 0) {
    throw new HipError("bad-dataset", "No DICOM series with images was found", {
      hint: "Give the folder that holds the DICOM files",
    });
  }
  const [only] = series;
  if (wanted === undefined || wanted === "") {
    // Not even where only one of several can be used: it may not be the one that is meant.
    if (only !== undefined && series.length === 1) return only;
    throw choiceError(`There are ${series.length} DICOM series: one must be chosen`, series);
  }
  const isIndex = typeof wanted === "number" || /^\d+$/.test(wanted);
  const fitting = isIndex
    ? series.filter(({ index }) => index === Number(wanted))
    : series.filter(({ description }) => description.toLowerCase().includes(wanted.toLowerCase()));
  const [first, ...others] = fitting;
  if (first !== undefined && others.length === 0) return first;
  if (first === undefined) {
    const what = isIndex ? `has number ${wanted}` : `has "${wanted}" in its description`;
    throw choiceError(`None of the DICOM series found ${what}`, series);
  }
  throw choiceError(`${fitting.length} DICOM series have "${wanted}" in their descriptions`, fitting);
}
