/** DICOM as the user names it: a folder of files, or one file. */
import { HipError } from "../../core/errors.ts";
import { counted } from "../../core/text.ts";
import { type DicomListing, listDicomSeries } from "../../formats/dicom/series.ts";
import { DICOM_ON_NODE, findDicomFiles } from "../dicom-folder.ts";

/**
 * The series in a folder (searched in depth) or file; undefined where there is no DICOM image.
 * @throws HipError "unreadable-image" where no DICOM file can be read; "not-found", "disk"
 */
export async function findSeries(path: string): Promise<DicomListing | undefined> {
  const { files } = await findDicomFiles(path);
  if (files.length === 0) return undefined;
  const listing = await listDicomSeries(files, DICOM_ON_NODE);
  const { series, damaged } = listing;
  if (series.length > 0) return listing;
  const [first] = damaged;
  if (first === undefined) return undefined;
  if (damaged.length === 1) throw first;
  throw new HipError(
    first.code,
    `Cannot read "${path}": ${counted(damaged.length, "DICOM file")} are damaged`,
    {
      problems: damaged.slice(0, 20).map(({ message }) => message),
      hint: first.hint ?? "Export the series again",
    },
  );
}
