/** `hipmri info`: the header of an image, or the card of a model. */
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { DicomListing } from "../../formats/dicom/series.ts";
import { imageStem, readImageHeader } from "../../formats/image-file.ts";
import { readModelMetadata } from "../../onnx/model.ts";
import { type ModelCard, readModelCard } from "../../predict/card.ts";
import { readKnownAnswer } from "../../predict/known-answer.ts";
import type { ImageHeader } from "../../volume/image.ts";
import { withImageFile } from "../files.ts";
import { inflateGzip } from "../inflate.ts";
import { isRunModel, RUN_FILES } from "../run-folder.ts";
import { sha256Of } from "../sha256.ts";
import { testSeenOfRun } from "../test-looks.ts";
import { findSeries } from "./dicom-input.ts";
import { readModelFile } from "./model-file.ts";

/** The header as nibabel has it; `affine` is voxel index to RAS+ millimetres, rows first. */
export type ImageInfo = { readonly kind: "image" } & Pick<
  ImageHeader,
  | "format"
  | "shape"
  | "spacingMm"
  | "orientation"
  | "affine"
  | "affineSource"
  | "dtype"
  | "scale"
  | "warnings"
>;
/** The card; of a model in its run folder `testSeen` also knows what happened after it was written. */
export interface ModelInfo extends ModelCard {
  readonly kind: "model";
  readonly path: string;
  readonly bytes: number;
  /** Of the file, in hexadecimal. */
  readonly sha256: string;
  /** Whether it can tell if a machine computes it rightly. */
  readonly hasKnownAnswer: boolean;
}
export interface DicomInfo extends Omit<DicomListing, "damaged"> {
  readonly kind: "dicom";
  readonly path: string;
  /** What is wrong with files that could not be read. */
  readonly damaged: readonly string[];
}
export type FileInfo = ImageInfo | ModelInfo | DicomInfo;

async function describeDicom(path: string): Promise<DicomInfo | undefined> {
  const listing = await findSeries(path);
  if (listing === undefined) return undefined;
  return { kind: "dicom", path, ...listing, damaged: listing.damaged.map(({ message }) => message) };
}

async function describeModel(given: string): Promise<ModelInfo> {
  const { path, bytes } = await readModelFile(given);
  const card = readModelCard(bytes, path);
  const sha256 = sha256Of(bytes);
  const isInRun = isRunModel(path);
  const model = { steps: card.steps, testPatients: card.patients.test };
  const testSeen = isInRun ? await testSeenOfRun(dirname(path), model) : card.testSeen;
  const hasKnownAnswer = readKnownAnswer(readModelMetadata(bytes)!, card, path) !== undefined;
  return { kind: "model", path, bytes: bytes.length, sha256, hasKnownAnswer, ...card, testSeen };
}

/**
 * Describes an image, the DICOM series of a folder, a model.onnx or a run folder.
 * @throws HipError "not-found", "unreadable-image", "bad-image", "bad-model"
 */
export async function describeFile(path: string): Promise<FileInfo> {
  const found = await stat(path).catch(() => undefined);
  const isRun = (await stat(join(path, RUN_FILES.model)).catch(() => undefined)) !== undefined;
  if (!isRun && found !== undefined && imageStem(basename(path)) === undefined && !/\.onnx$/i.test(path)) {
    const dicom = await describeDicom(path);
    if (dicom !== undefined) return dicom;
  }
  if (found?.isDirectory() || /\.onnx$/i.test(path)) {
    return describeModel(path);
  }
  const header = await withImageFile(path, (file) => readImageHeader(file, inflateGzip));
  const { format, shape, spacingMm, orientation, affine, affineSource, dtype, scale, warnings } = header;
  return {
    kind: "image",
    format,
    shape,
    spacingMm,
    orientation,
    affine,
    affineSource,
    dtype,
    scale,
    warnings,
  };
}
