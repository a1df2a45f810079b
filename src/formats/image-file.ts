/** Any image file in, one kind of image out: the format is told by the first bytes, then by the name. */
import type { ByteSource, Inflate } from "../core/bytes.ts";
import { readNifti, readNiftiHeader, readNiftiMask } from "../nifti/read.ts";
import type { Image, ImageHeader, MaskImage } from "../volume/image.ts";
import { failToRead } from "./errors.ts";
import { openMetaImage } from "./meta-image.ts";
import { openNrrd } from "./nrrd.ts";
import { type OpenImage, readOpened } from "./open-image.ts";
import { openPng } from "./png.ts";
import { type FileKind, SNIFF_BYTES, sniff } from "./sniff.ts";

export interface ImageFile {
  /** The file's path, for messages; its last part tells the names of files beside it. */
  readonly name: string;
  readonly source: ByteSource;
  /**
   * Opens another file of the same folder by its bare name: the .img of an .hdr, the .raw of an .mhd. Rejects with
   * HipError "not-found" where there is none. Without it a header with its voxels elsewhere cannot be read.
   */
  readonly openBeside?: (fileName: string) => Promise<ByteSource>;
}

/** Endings of image files, the longer first. An .img is found through its .hdr, a .raw through its header. */
const ENDINGS = /\.(?:nii\.gz|nii|hdr\.gz|hdr|nrrd|nhdr|mha|mhd|(?:nii\.)?png)$/i;

const OPENERS: Readonly<
  Record<Exclude<FileKind, "nifti">, (file: ImageFile, inflate: Inflate) => Promise<OpenImage>>
> = { nrrd: openNrrd, metaImage: openMetaImage, png: openPng };

/** A file name without its image ending; undefined where it has none that we read. */
export function imageStem(fileName: string): string | undefined {
  const stem = fileName.replace(ENDINGS, "");
  return stem === fileName || stem === "" ? undefined : stem;
}

/** @throws HipError "unreadable-image" where the file is of another kind, which is named. */
async function kindOf({ name, source }: ImageFile): Promise<FileKind> {
  const kind = sniff(await source.read(0, Math.min(SNIFF_BYTES, source.size)), name);
  if (typeof kind === "string") return kind;
  return failToRead(name, `expected a NIfTI, NRRD, MetaImage or PNG file, but it is ${kind.what}`, kind.hint);
}

/**
 * Describes an image without keeping its voxels, after checking that all of them are there; of a PNG only that its
 * file is whole, as nothing of it is inflated. A header whose voxels are in another file is described without it, and
 * so is an image that has several numbers per voxel.
 * @throws HipError "unreadable-image", "bad-image"
 */
export async function readImageHeader(file: ImageFile, inflate: Inflate): Promise<ImageHeader> {
  const kind = await kindOf(file);
  if (kind !== "nifti") return (await OPENERS[kind](file, inflate)).header;
  return readNiftiHeader(file.source, { name: file.name, inflate, openBeside: file.openBeside });
}

/**
 * Reads an image.
 * @throws HipError "unreadable-image": damaged, cut short, not one number per voxel; "bad-image"; "not-found": a header without
 * the file of its voxels
 */
export async function readImage(file: ImageFile, inflate: Inflate): Promise<Image> {
  const kind = await kindOf(file);
  if (kind !== "nifti") return readOpened(await OPENERS[kind](file, inflate));
  return readNifti(file.source, { name: file.name, inflate, openBeside: file.openBeside });
}

/**
 * As readImage(), without turning a mask's bytes into float32; the values are the caller's own, to change.
 * @throws HipError as readImage()
 */
export async function readMask(file: ImageFile, inflate: Inflate): Promise<MaskImage> {
  const kind = await kindOf(file);
  if (kind !== "nifti") return readOpened(await OPENERS[kind](file, inflate));
  return readNiftiMask(file.source, { name: file.name, inflate, openBeside: file.openBeside });
}
