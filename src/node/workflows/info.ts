/** `hipmri info`: the header of an image, or the card of a model. */
import { stat } from "node:fs/promises";
import { readImageHeader } from "../../formats/image-file.ts";
import { type ModelCard, readModelCard } from "../../predict/card.ts";
import type { ImageHeader } from "../../volume/image.ts";
import { withImageFile } from "../files.ts";
import { inflateGzip } from "../inflate.ts";
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
export type ModelInfo = { readonly kind: "model"; readonly path: string; readonly bytes: number } & ModelCard;
export type FileInfo = ImageInfo | ModelInfo;

/**
 * Describes a NIfTI image, a model.onnx or a run folder.
 * @throws HipError "not-found", "unreadable-image", "bad-image", "bad-model"
 */
export async function describeFile(path: string): Promise<FileInfo> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() || /\.onnx$/i.test(path)) {
    const model = await readModelFile(path);
    const card = readModelCard(model.bytes, model.path);
    return { kind: "model", path: model.path, bytes: model.bytes.length, ...card };
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
