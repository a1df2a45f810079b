/** What one DICOM file says of its series, its pixels and its frames, drawn from the header so that that can go. */
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Point } from "../../nifti/affine.ts";
import { type Dataset, finiteNumbersOf, freeTextOf, itemsOf, numberOf, textOf, textsOf } from "./dataset.ts";
import type { Keyword } from "./dictionary.ts";
import type { DicomHeader, DicomInput } from "./file.ts";
import { failToReadDicom, type PixelElement } from "./parse.ts";
import { findIn, type Lookup, separatorsOf } from "./separators.ts";
import type { TransferSyntax } from "./transfer-syntax.ts";
import { digest } from "./uid.ts";

/** PS3.3 section C.7.6.3. */
export interface PixelFormat {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly photometric: string;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
}

export interface DicomInstance {
  readonly input: DicomInput;
  readonly syntax: TransferSyntax;
  readonly pixels: PixelElement;
  readonly format: PixelFormat;
  readonly frameCount: number;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly studyUid: string;
  /** A digest of the Patient ID and its issuer; undefined where the file has none. */
  readonly patientKey: string | undefined;
  readonly seriesUid: string;
  readonly seriesNumber: number | undefined;
  readonly seriesDescription: string;
  readonly modality: string;
  readonly frameOfReferenceUid: string | undefined;
  /** Reasons why its values would not be what they seem. */
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}

/** One slice: a file of the usual kind, or a frame of an enhanced one. */
export interface Frame {
  readonly instance: DicomInstance;
  /** From 1 on. */
  readonly number: number;
  /** Centre of the first voxel, LPS millimetres. */
  readonly position: Point | undefined;
  /** Along a row (towards higher columns), LPS. */
  readonly rowDirection: Point | undefined;
  /** Along a column (towards higher rows), LPS. */
  readonly columnDirection: Point | undefined;
  /** Between columns, then between rows. */
  readonly pixelSpacingMm: readonly [x: number, y: number] | undefined;
  readonly thicknessMm: number | undefined;
  readonly sliceSpacingMm: number | undefined;
  readonly slope: number;
  readonly intercept: number;
  /** What may tell slices at one place apart, in the order of `SEPARATORS`; "" where the file is silent. */
  readonly separators: readonly string[];
}

function point([x, y, z]: readonly number[]): Point {
  return [x!, y!, z!];
}

/** A number that changes every voxel must not be passed over where it is damaged. */
function statedNumberOf(dataset: Dataset, keyword: Keyword, name: string): number | undefined {
  if (textOf(dataset, keyword) === undefined) return undefined;
  const value = numberOf(dataset, keyword);
  if (value === undefined) failToReadDicom(name, `its ${keyword} must be a number`);
  return value;
}

function frameOf(instance: DicomInstance, number: number, find: Lookup): Frame {
  const numbers = (group: Keyword, keyword: Keyword, count: number) =>
    find(group, (each) => finiteNumbersOf(each, keyword, count));
  const measure = (keyword: Keyword) => find("PixelMeasuresSequence", (each) => numberOf(each, keyword));
  const { name } = instance.input;
  const rescale = (keyword: Keyword): number | undefined =>
    find("PixelValueTransformationSequence", (each) => statedNumberOf(each, keyword, name));
  const position = numbers("PlanePositionSequence", "ImagePositionPatient", 3);
  const orientation = numbers("PlaneOrientationSequence", "ImageOrientationPatient", 6);
  const spacing = numbers("PixelMeasuresSequence", "PixelSpacing", 2);
  const slope = rescale("RescaleSlope");
  if (slope === 0) failToReadDicom(name, "its rescale slope must not be 0");
  return {
    instance,
    number,
    position: position && point(position),
    rowDirection: orientation && point(orientation.slice(0, 3)),
    columnDirection: orientation && point(orientation.slice(3)),
    // The file has the distance between rows first.
    pixelSpacingMm: spacing && [spacing[1]!, spacing[0]!],
    thicknessMm: measure("SliceThickness"),
    sliceSpacingMm: measure("SpacingBetweenSlices"),
    slope: slope ?? 1,
    intercept: rescale("RescaleIntercept") ?? 0,
    separators: separatorsOf(find),
  };
}

function pixelFormatOf(dataset: Dataset, rows: number, columns: number): PixelFormat {
  const bitsAllocated = numberOf(dataset, "BitsAllocated") ?? 0;
  const bitsStored = numberOf(dataset, "BitsStored") ?? bitsAllocated;
  return {
    rows,
    columns,
    samplesPerPixel: numberOf(dataset, "SamplesPerPixel") ?? 1,
    photometric: (textOf(dataset, "PhotometricInterpretation") ?? "")
      .replace(/[^A-Z0-9_ ]+/g, "?")
      .slice(0, 16),
    bitsAllocated,
    bitsStored,
    highBit: numberOf(dataset, "HighBit") ?? bitsStored - 1,
    signed: numberOf(dataset, "PixelRepresentation") === 1,
  };
}

/** Oddities of one file that matter to its whole series. */
function remarksOf(dataset: Dataset, format: PixelFormat): Pick<DicomInstance, "refusals" | "warnings"> {
  const refusals: string[] = [];
  const warnings: string[] = [];
  if (format.samplesPerPixel !== 1) {
    refusals.push(`it is in colour (${format.photometric}), expected one number per voxel`);
  } else if (format.photometric === "PALETTE COLOR") {
    refusals.push("it is in palette colours, expected one number per voxel");
  }
  if (textsOf(dataset, "ImageType").includes("MOSAIC")) {
    refusals.push("its slices are tiles of one picture (Siemens mosaic): convert it with dcm2niix");
  }
  if (itemsOf(dataset, "ModalityLUTSequence").length > 0) {
    refusals.push("its values pass through a modality lookup table, expected a rescale slope and intercept");
  }
  if (format.photometric === "MONOCHROME1") {
    warnings.push("Higher values are darker here (MONOCHROME1); the values are used as they are");
  }
  if (textOf(dataset, "LossyImageCompression") === "01") {
    warnings.push("The pixels were compressed with loss");
  }
  return { refusals, warnings };
}

/** Without positions no slice can be placed: Secondary Capture, photographs, many ultrasound images. */
function framesOfInstance(instance: DicomInstance, dataset: Dataset): readonly Frame[] {
  const { frameCount } = instance;
  const [shared] = itemsOf(dataset, "SharedFunctionalGroupsSequence");
  const perFrame = itemsOf(dataset, "PerFrameFunctionalGroupsSequence");
  if (perFrame.length > 0 && perFrame.length !== frameCount) {
    failToReadDicom(
      instance.input.name,
      `it must describe each of its ${frameCount} frames, found ${perFrame.length} descriptions`,
    );
  }
  // A file of several frames that does not describe them has one position for all: they cannot be placed.
  const undescribed = frameCount > 1 && perFrame.length === 0;
  return Array.from({ length: undescribed ? 1 : frameCount }, (_, i) => {
    const frame = frameOf(instance, i + 1, findIn(dataset, shared, perFrame[i]));
    return undescribed ? { ...frame, position: undefined } : frame;
  });
}

function dimension(dataset: Dataset, keyword: "Rows" | "Columns"): number {
  const value = numberOf(dataset, keyword);
  return value !== undefined && Number.isInteger(value) && value > 0 ? value : 0;
}

/** A UID's own letters alone, so that it can stand in JSON and in a dataset. */
function uid(dataset: Dataset, keyword: Keyword): string | undefined {
  return (
    textOf(dataset, keyword)
      ?.replace(/[^0-9.]/g, "")
      .slice(0, 64) || undefined
  );
}

function patientKeyOf(dataset: Dataset): string | undefined {
  const id = freeTextOf(dataset, "PatientID");
  if (id === undefined) return undefined;
  return `patient ${bytesToHex(digest([id, freeTextOf(dataset, "IssuerOfPatientID") ?? ""])).slice(0, 16)}`;
}

/**
 * The slices of a file; undefined of one without an image on a grid of voxels: reports, plans, segmentations.
 * @throws HipError "unreadable-image": a damaged image
 */
export function readFrames(input: DicomInput, header: DicomHeader): readonly Frame[] | undefined {
  const { dataset, pixels, syntax } = header;
  const rows = dimension(dataset, "Rows");
  const columns = dimension(dataset, "Columns");
  const modality = (textOf(dataset, "Modality") ?? "").replace(/[^A-Z0-9]/g, "").slice(0, 16);
  if (pixels === undefined || rows === 0 || columns === 0 || modality === "SEG") return undefined;
  const sopInstanceUid = uid(dataset, "SOPInstanceUID");
  const seriesUid = uid(dataset, "SeriesInstanceUID");
  if (sopInstanceUid === undefined || seriesUid === undefined) {
    failToReadDicom(input.name, "it must name its instance (0008,0018) and its series (0020,000e)");
  }
  const frameCount = numberOf(dataset, "NumberOfFrames") ?? 1;
  // Even frames of one compressed byte would not fit.
  if (!Number.isInteger(frameCount) || frameCount < 1 || frameCount > header.size) {
    failToReadDicom(input.name, `its number of frames must be 1 or more, got ${frameCount}`);
  }
  const format = pixelFormatOf(dataset, rows, columns);
  const instance: DicomInstance = {
    input,
    syntax,
    pixels,
    format,
    frameCount,
    sopClassUid: uid(dataset, "SOPClassUID") ?? "",
    sopInstanceUid,
    studyUid: uid(dataset, "StudyInstanceUID") ?? "",
    patientKey: patientKeyOf(dataset),
    seriesUid,
    seriesNumber: numberOf(dataset, "SeriesNumber"),
    seriesDescription: (freeTextOf(dataset, "SeriesDescription") ?? "").slice(0, 64),
    modality,
    frameOfReferenceUid: uid(dataset, "FrameOfReferenceUID"),
    ...remarksOf(dataset, format),
  };
  return framesOfInstance(instance, dataset);
}
