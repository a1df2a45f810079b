/** Reads NIfTI-1 and NIfTI-2: .nii files and .hdr/.img pairs, each gzip or not. */
import type { ByteSource } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { counted, formatVoxel } from "../core/text.ts";
import { decodeVoxels, precisionWarnings, type VoxelFormat } from "./decode.ts";
import { isScalar, SCALAR_NAMES } from "./dtype.ts";
import { failToRead } from "./fields.ts";
import { parseNiftiHeader } from "./header.ts";
import { failWithoutOther, openImage, type ReadOptions } from "./open.ts";
import type { NiftiHeader, NiftiImage } from "./types.ts";

export { parseNiftiHeader, type ReadOptions };

/**
 * Describes an image and checks that all its bytes are there, gzip's checksums included; complex, RGB and lone .hdr
 * files are described too.
 * @throws HipError as parseNiftiHeader(); "unreadable-image" where bytes are missing.
 */
export async function readNiftiHeader(source: ByteSource, options: ReadOptions): Promise<NiftiHeader> {
  return (await openImage(source, options)).header;
}

function failToSegment(name: string, dtype: string): never {
  const what = `${dtype} voxels cannot be segmented, expected one of ${SCALAR_NAMES.join(", ")}`;
  const hint =
    dtype === "float128" ? "Convert the image to float64" : "Convert the image to one number per voxel";
  failToRead(name, what, hint);
}

/**
 * Reads an image: stored values times scl_slope plus scl_inter, as float32, x fastest. Of an .hdr/.img pair either may
 * be given; `openBeside` opens the other.
 * @throws HipError "unreadable-image": damaged, cut short, not one number per voxel, half a pair; "bad-image".
 * @example const image = await readNifti(source, { name: "case_004.nii.gz", inflate: inflateGzip });
 */
export async function readNifti(source: ByteSource, options: ReadOptions): Promise<NiftiImage> {
  return readVoxels(source, options, decodeVoxels);
}

/** As readNifti(), but numbers that are stored as bytes stay bytes, of memory that nobody else has: for masks. */
export async function readNiftiMask(
  source: ByteSource,
  options: ReadOptions,
): Promise<{ readonly header: NiftiHeader; readonly values: Float32Array | Uint8Array }> {
  return readVoxels(source, options, (bytes, format) => {
    const { slope, intercept } = format.scale;
    const isPlain = format.dtype === "uint8" && slope === 1 && intercept === 0;
    if (!isPlain) return decodeVoxels(bytes, format);
    return format.owned === true ? bytes : new Uint8Array(bytes);
  });
}

async function readVoxels<T extends Float32Array | Uint8Array>(
  source: ByteSource,
  options: ReadOptions,
  decode: (bytes: Uint8Array, format: VoxelFormat) => T,
): Promise<{ readonly header: NiftiHeader; readonly values: T }> {
  const { name } = options;
  const { header, content, voxelBytes } = await openImage(source, options);
  const { dtype, littleEndian, scale, warnings } = header;
  if (!isScalar(dtype)) return failToSegment(name, dtype);
  if (content === undefined) return failWithoutOther(options, "header");
  const values = await withMemory(name, voxelBytes, async () => {
    const bytes = await content.read(header.voxOffset, voxelBytes);
    return decode(bytes, { dtype, littleEndian, scale, owned: content.owned });
  });
  const more = precisionWarnings(values, dtype, scale);
  return { header: more.length === 0 ? header : { ...header, warnings: [...warnings, ...more] }, values };
}

/** A file can be honest and still too large for this machine, which engines tell by a RangeError. */
async function withMemory<T>(name: string, voxelBytes: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof RangeError && /alloc|array length/i.test(cause.message))) throw cause;
    const what = `Cannot read "${name}": there is no memory for its ${voxelBytes} bytes of voxels as float32`;
    const hint = "Cut the image into parts, or use a machine with more memory";
    throw new HipError("unreadable-image", what, { hint, cause });
  }
}

/** Values of one loop: V8 compiles a function that is called often, and leaves a long loop again and again. */
const STRETCH = 2 ** 11;

function sumOf(values: Float32Array, start: number, end: number): number {
  // Four sums, so that the processor need not wait for one before it adds to the next.
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = start;
  for (; i + 3 < end; i += 4) {
    a += values[i]!;
    b += values[i + 1]!;
    c += values[i + 2]!;
    d += values[i + 3]!;
  }
  for (; i < end; i++) a += values[i]!;
  return a + b + c + d;
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
  for (let at = 0; at < values.length; at += STRETCH)
    sum += sumOf(values, at, Math.min(at + STRETCH, values.length));
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
