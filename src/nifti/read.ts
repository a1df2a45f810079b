/** Reads NIfTI-1 and NIfTI-2 single files, gzip or not. */
import type { ByteSource, Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { counted, formatVoxel } from "../core/text.ts";
import { decodeVoxels } from "./decode.ts";
import { dtypeOfName, isScalar, SCALAR_NAMES } from "./dtype.ts";
import { failToRead, NIFTI2_BYTES, readFields } from "./fields.ts";
import { parseNiftiHeader } from "./header.ts";
import type { NiftiHeader, NiftiImage } from "./types.ts";

export { parseNiftiHeader };

export interface ReadOptions {
  /** The file's, for messages. */
  readonly name: string;
  readonly inflate: Inflate;
}

/** Deflate shrinks by 1032 at most, so no honest file is larger than this after inflation. */
const DEFLATE_RATIO = 1100;
const SLACK_BYTES = 2 ** 16;
const MOST_BYTES = 2 ** 32;

async function inflateAll(source: ByteSource, options: ReadOptions): Promise<Uint8Array> {
  const compressed = await source.read(0, source.size);
  const cap = Math.min(source.size * DEFLATE_RATIO + SLACK_BYTES, MOST_BYTES);
  try {
    return await options.inflate(compressed, cap);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = (cause instanceof HipError && cause.hint) || "Copy or download the file again";
    const what = `${reason.charAt(0).toLowerCase()}${reason.slice(1)}`;
    throw new HipError("unreadable-image", `Cannot read "${options.name}": ${what}`, { hint, cause });
  }
}

interface OpenImage {
  readonly header: NiftiHeader;
  /** False of a lone .hdr. */
  readonly singleFile: boolean;
  readonly voxelBytes: number;
  /** Bytes of the uncompressed file. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
}

/** Reads the header and checks that all bytes it promises are there, before anything of that size is allocated. */
async function openImage(source: ByteSource, options: ReadOptions): Promise<OpenImage> {
  const { name } = options;
  const start = await source.read(0, Math.min(NIFTI2_BYTES, source.size));
  const gzipped = start[0] === 0x1f && start[1] === 0x8b;
  const inflated = gzipped ? await inflateAll(source, options) : undefined;
  const size = inflated?.byteLength ?? source.size;
  const first = inflated?.subarray(0, NIFTI2_BYTES) ?? start;
  const header = parseNiftiHeader(first, name);
  const { singleFile } = readFields(first, name);
  const voxels = header.shape.reduce((product, n) => product * n, 1);
  const voxelBytes = voxels * dtypeOfName(header.dtype).bytes;
  const expected = header.voxOffset + voxelBytes;
  if (singleFile && size < expected) {
    const what = `${header.shape.join(" x ")} voxels of ${header.dtype} need ${expected} bytes, found ${size}`;
    failToRead(name, what, "The file is cut short: copy or download it again");
  }
  return {
    header,
    singleFile,
    voxelBytes,
    read: async (offset, length) =>
      inflated?.subarray(offset, offset + length) ?? (await source.read(offset, length)),
  };
}

/**
 * Reads the header of a file; gzip is told by its first two bytes. Complex, RGB and lone .hdr files are described too.
 * @throws HipError as parseNiftiHeader(); "unreadable-image" where bytes are missing.
 */
export async function readNiftiHeader(source: ByteSource, options: ReadOptions): Promise<NiftiHeader> {
  return (await openImage(source, options)).header;
}

/**
 * Reads an image: stored values times scl_slope plus scl_inter, as float32, x fastest.
 * @throws HipError "unreadable-image": damaged, cut short, complex, RGB or one half of an .hdr/.img pair; "bad-image".
 * @example const image = await readNifti(source, { name: "case_004.nii.gz", inflate: inflateGzip });
 */
export async function readNifti(source: ByteSource, options: ReadOptions): Promise<NiftiImage> {
  const { name } = options;
  const { header, singleFile, voxelBytes, read } = await openImage(source, options);
  if (!isScalar(header.dtype)) {
    const what = `${header.dtype} voxels cannot be segmented, expected one of ${SCALAR_NAMES.join(", ")}`;
    return failToRead(name, what, "Convert the image to one number per voxel");
  }
  if (!singleFile) {
    const hint = "Convert the pair to one .nii.gz, for instance with nibabel: nib.save(nib.load(hdr), out)";
    failToRead(
      name,
      `it is the header of an .hdr/.img pair, and only single .nii files can be read so far`,
      hint,
    );
  }
  const bytes = await read(header.voxOffset, voxelBytes);
  return { header, values: decodeVoxels(bytes, header.dtype, header.littleEndian, header.scale) };
}

/**
 * Checks that every intensity is finite.
 * @param source the file's name, and its shape, x fastest, for messages
 * @throws HipError "bad-image" with the first NaN or infinite value, where it is and how many there are.
 */
export function checkFinite(
  values: Float32Array,
  source: { readonly name: string; readonly shape: readonly number[] },
): void {
  // One sum sees any of them: a NaN or an infinity never leaves a sum of finite float32 in float64.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  if (Number.isFinite(sum)) return;
  let n = 0;
  let first = -1;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i]!)) continue;
    if (n === 0) first = i;
    n++;
  }
  throw new HipError(
    "bad-image",
    `Cannot use image "${source.name}": intensities must be finite, got ${values[first]} at voxel ${formatVoxel(first, source.shape)} (${counted(n, "voxel")} that ${n === 1 ? "is" : "are"} NaN or infinite)`,
    { hint: "Set these voxels to 0 if they lie outside the scan, or make the image again from its source" },
  );
}
