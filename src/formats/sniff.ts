/** What a file is, by its first bytes, then by its name. */
import { looksLikeMetaImage } from "./meta-image-fields.ts";
import { PNG_SIGNATURE } from "./png-chunks.ts";

export type FileKind = "nifti" | "nrrd" | "metaImage" | "png";

/** A file of another kind, and what to do about it. */
export interface Foreign {
  readonly what: string;
  readonly hint: string;
}

/** Bytes that are enough to tell. */
export const SNIFF_BYTES = 1024;

const EXPORT = "Export the image as NIfTI (.nii.gz), NRRD, MetaImage or a DICOM series";
const EXPORT_SLICE = `${EXPORT}; a slice may be PNG`;
const UNPACK = "Unpack it first, and give the files in it";
const DOWNLOAD = "It is what a web page sent in place of the file: download it again";

/** Signatures by offset, as Latin-1 text. */
const SIGNATURES: readonly (readonly [at: number, bytes: string, what: string, hint: string])[] = [
  [128, "DICM", "a DICOM file", "Give the folder of its series"],
  [0, "\xff\xd8\xff", "a JPEG picture", EXPORT_SLICE],
  [0, "GIF8", "a GIF picture", EXPORT_SLICE],
  [0, "II*\0", "a TIFF picture", EXPORT_SLICE],
  [0, "MM\0*", "a TIFF picture", EXPORT_SLICE],
  [0, "\0\0\0\x0cjP  ", "a JPEG 2000 picture", EXPORT_SLICE],
  [0, "PK\x03\x04", "a zip archive", UNPACK],
  [0, "PK\x05\x06", "an empty zip archive", UNPACK],
  [0, "7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK],
  [0, "Rar!", "a RAR archive", UNPACK],
  [257, "ustar", "a tar archive", UNPACK],
  [0, "BZh", "compressed with bzip2", "Decompress it with bunzip2 first"],
  [0, "\xfd7zXZ", "compressed with xz", "Decompress it with unxz first"],
  [0, "\x28\xb5\x2f\xfd", "compressed with Zstandard", "Decompress it with unzstd first"],
  [0, "%PDF", "a PDF document", EXPORT],
  [0, "MATLAB", "a MATLAB file", EXPORT],
  [0, "\x89HDF", "an HDF5 file (MINC 2, MATLAB 7.3 or another)", EXPORT],
  [0, "CDF\x01", "a netCDF file (perhaps MINC 1)", EXPORT],
  [0, "\x93NUMPY", "a NumPy array", EXPORT],
  [0, "mrtrix image", "an MRtrix image", EXPORT],
  [
    0,
    "version https://git-lfs",
    "a Git LFS pointer, not the file itself",
    "Fetch the file with git lfs pull",
  ],
];

const ENDINGS: readonly (readonly [RegExp, FileKind])[] = [
  [/\.(?:nii|hdr|img)(?:\.gz)?$/i, "nifti"],
  [/\.(?:nrrd|nhdr)$/i, "nrrd"],
  [/\.(?:mha|mhd)$/i, "metaImage"],
  [/\.png$/i, "png"],
];

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, SNIFF_BYTES));

/** NIfTI's and Analyze's size of header, in either byte order. */
function startsLikeNifti(start: Uint8Array): boolean {
  if (start.length < 4) return false;
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  return [348, 540].some((size) => view.getInt32(0, true) === size || view.getInt32(0, false) === size);
}

/** Letters, digits and blanks alone: a number in binary would show. */
function looksLikeText(text: string): boolean {
  return text.length > 0 && !/[^\t\n\f\r\x20-\x7e\x80-\xff]/.test(text);
}

function foreignOf(text: string): Foreign | undefined {
  for (const [at, bytes, what, hint] of SIGNATURES) if (text.startsWith(bytes, at)) return { what, hint };
  if (/^\s*<(?:!doctype html|html|head|body)/i.test(text))
    return { what: "a web page (HTML)", hint: DOWNLOAD };
  if (/^\s*<\?xml/i.test(text)) return { what: "an XML document", hint: EXPORT };
  if (/^ObjectType[ \t]*=[ \t]*\w+/m.test(text))
    return { what: "a MetaIO object, not an image", hint: EXPORT };
  return undefined;
}

/**
 * @param start the file's first SNIFF_BYTES bytes, or all of them.
 * @param name the file's: it decides where the bytes do not.
 */
export function sniff(start: Uint8Array, name: string): FileKind | Foreign {
  if ((start[0] === 0x1f && start[1] === 0x8b) || startsLikeNifti(start)) return "nifti";
  if (PNG_SIGNATURE.every((byte, i) => start[i] === byte)) return "png";
  const text = latin1(start);
  if (text.startsWith("NRRD00")) return "nrrd";
  if (looksLikeMetaImage(text)) return "metaImage";
  const foreign = foreignOf(text);
  if (foreign !== undefined) return foreign;
  const ending = ENDINGS.find(([pattern]) => pattern.test(name));
  if (ending !== undefined) return ending[1];
  if (start.length === 0) return { what: "empty", hint: "Copy or download the file again" };
  if (/\.(?:raw|zraw)(?:\.gz)?$/i.test(name))
    return { what: "voxels without a header, by its name", hint: "Give the .mhd or .nhdr beside it" };
  if (looksLikeText(text)) return { what: "text", hint: "Check that this is the right file" };
  return { what: "of a kind that is not known", hint: EXPORT };
}
