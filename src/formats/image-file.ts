/** Any image file in, one kind of image out: the format is told by the first bytes, then by the name. */
import type { ByteSource, Inflate } from "../core/bytes.ts";
import { readNifti, readNiftiHeader } from "../nifti/read.ts";
import type { Image, ImageHeader } from "../volume/image.ts";

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
const ENDINGS = /\.(?:nii\.gz|nii|hdr\.gz|hdr)$/i;

/** A file name without its image ending; undefined where it has none that we read. */
export function imageStem(fileName: string): string | undefined {
  const stem = fileName.replace(ENDINGS, "");
  return stem === fileName || stem === "" ? undefined : stem;
}

/**
 * Describes an image without keeping its voxels.
 * @throws HipError "unreadable-image", "bad-image"
 */
export function readImageHeader(file: ImageFile, inflate: Inflate): Promise<ImageHeader> {
  return readNiftiHeader(file.source, { name: file.name, inflate });
}

/**
 * Reads an image.
 * @throws HipError "unreadable-image": damaged, cut short, not one number per voxel; "bad-image"
 */
export function readImage(file: ImageFile, inflate: Inflate): Promise<Image> {
  return readNifti(file.source, { name: file.name, inflate });
}
