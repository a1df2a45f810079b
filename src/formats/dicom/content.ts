/** A series as a user sees it, and what stands behind it. */
import type { Inflate } from "../../core/bytes.ts";
import { HipError } from "../../core/errors.ts";
import { counted } from "../../core/text.ts";
import type { LoadCodec } from "./codecs.ts";
import type { StackGeometry } from "./geometry.ts";
import type { Frame } from "./instance.ts";

/**
 * One volume of a set of DICOM files: a series, or a part of one that holds several. It names no patient; what
 * reading and the SEG writer need beside it is kept apart.
 */
export interface DicomSeries {
  /** What a user chooses by: the Series Number where each has one of its own, else from 1 on in their order. */
  readonly index: number;
  readonly seriesNumber: number | undefined;
  /** Series Description, then what tells this part from the series' others: "localizer [sagittal]". */
  readonly description: string;
  readonly modality: string;
  readonly sliceCount: number;
  readonly rows: number;
  readonly columns: number;
  /** Undefined, as the next two, of slices that cannot be placed. */
  readonly spacingMm: readonly [x: number, y: number, z: number] | undefined;
  /** e.g. "LPS" */
  readonly orientation: string | undefined;
  readonly plane: StackGeometry["plane"] | undefined;
  readonly seriesUid: string;
  readonly transferSyntax: string;
  /** Why it cannot be read as one volume; empty where it can. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** What stands behind a DicomSeries. */
export interface SeriesContent {
  readonly frames: readonly Frame[];
  /** Undefined of slices that cannot be placed. */
  readonly geometry: StackGeometry | undefined;
  readonly platform: DicomPlatform;
}

/** What a platform lends. */
export interface DicomPlatform {
  readonly inflate: Inflate;
  /** Without it series in JPEG-LS and JPEG 2000 are listed but cannot be read. */
  readonly loadCodec?: LoadCodec;
}

const CONTENTS = new WeakMap<DicomSeries, SeriesContent>();

export function keepContent(series: DicomSeries, content: SeriesContent): void {
  CONTENTS.set(series, content);
}

/** @throws RangeError of an object that listDicomSeries() did not make */
export function contentOf(series: DicomSeries): SeriesContent {
  const content = CONTENTS.get(series);
  if (content === undefined) throw new RangeError("The series must be one that listDicomSeries() gave");
  return content;
}

/** Equal of series of one patient, and tells of nobody who that is; where no file has an ID, of one study. */
export function patientOfSeries(series: DicomSeries): string {
  const { patientKey, studyUid, seriesUid } = contentOf(series).frames[0]!.instance;
  return patientKey ?? `study ${studyUid || seriesUid}`;
}

/** The volume of a series that can be read as one. */
export function placedContentOf(series: DicomSeries): SeriesContent & { readonly geometry: StackGeometry } {
  const content = contentOf(series);
  if (series.problems.length > 0 || content.geometry === undefined) throw cannotUse(series);
  return { ...content, geometry: content.geometry };
}

function cannotUse(series: DicomSeries): HipError {
  const [first = "it has no place in space"] = series.problems;
  return new HipError("bad-image", `Cannot use ${nameOf(series)}: ${first}`, {
    hint: "Choose another series, or export this one again from the scanner or the archive",
    problems: series.problems,
  });
}

/** "DICOM series 3, "t2 axial" (42 slices of 256 x 256)" */
export function nameOf({ index, description, sliceCount, columns, rows }: DicomSeries): string {
  const size = `${counted(sliceCount, "slice")} of ${columns} x ${rows}`;
  return `DICOM series ${index}, "${description}" (${size})`;
}
