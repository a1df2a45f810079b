/** A data set in one line. */
import { counted } from "../core/text.ts";
import type { DatasetIndex } from "./types.ts";

/**
 * "HipMRI 3D release (CSIRO): 211 volumes of 38 patients, 6 labels".
 * @param what the layout's name for people
 * @param note what is to be said of the labels
 */
export function describeData(
  what: string,
  { cases, labels, unit }: Pick<DatasetIndex, "cases" | "labels" | "unit">,
  note = "",
): string {
  const files = cases.reduce((sum, entry) => sum + entry.files.length, 0);
  const patients = new Set(cases.map((entry) => entry.patient)).size;
  const volumes = counted(cases.length, "volume");
  // Of slices that are each a case of their own, the cases are no volumes.
  const images =
    unit === "volume" ? volumes : `${counted(files, "slice")}${files > cases.length ? ` of ${volumes}` : ""}`;
  return `${what}: ${images} of ${counted(patients, "patient")}, ${counted(labels.length, "label")}${note}`;
}

/** Of labels that nothing names. */
export const FOUND_IN_MASKS = " (found in the masks: no dataset.json names them)";
