/** Voxels stored as a run of numbers: raw, compressed or as text; checked before anything of their size is allocated. */
import type { ByteSource, Inflate } from "../core/bytes.ts";
import { HipError, messageOf } from "../core/errors.ts";
import { decodeVoxels } from "../nifti/decode.ts";
import { dtypeOfName } from "../nifti/dtype.ts";
import type { NiftiDtype } from "../nifti/types.ts";
import { CUT_SHORT, failToRead } from "./errors.ts";
import { parseHex, parseNumbers } from "./text-voxels.ts";

export type VoxelEncoding = "raw" | "gzip" | "zlib" | "ascii" | "hex";

export interface StoredVoxels {
  /** Of the file that holds the voxels, for messages. */
  readonly name: string;
  readonly source: ByteSource;
  /** Where the stored run starts. "last": the voxels are the last bytes of a raw file. */
  readonly start: number | "last";
  /** Where it ends at the latest. Default: the end of the file. */
  readonly end?: number;
  readonly encoding: VoxelEncoding;
  /** Bytes to leave out after decompression. */
  readonly skipBytes: number;
  readonly shape: readonly number[];
  /** Numbers in all, channels included. */
  readonly count: number;
  readonly dtype: NiftiDtype;
  readonly littleEndian: boolean;
}

/** Deflate makes one byte of at most 1032, so a smaller file cannot hold what its header promises. */
const DEFLATE_RATIO = 1032;
/** What may follow the voxels in a compressed run; more is another file, or a trap. */
const SLACK_BYTES = 2 ** 16;

function failShort(stored: StoredVoxels, expected: number, found: number | string): never {
  const { name, shape, dtype } = stored;
  const what = `${shape.join(" x ")} voxels of ${dtype} need ${expected} bytes, found ${found}`;
  return failToRead(name, what, CUT_SHORT);
}

async function inflated(stored: StoredVoxels, packed: Uint8Array, inflate: Inflate): Promise<Uint8Array> {
  const { name, encoding, count, dtype, skipBytes } = stored;
  const needed = skipBytes + count * dtypeOfName(dtype).bytes;
  if (needed > packed.length * DEFLATE_RATIO)
    failShort(stored, needed, `${packed.length} compressed bytes, which cannot hold them`);
  // Some writers put gzip where zlib was promised: MetaIO takes both.
  const format = packed[0] === 0x1f && packed[1] === 0x8b ? "gzip" : encoding === "zlib" ? "zlib" : "gzip";
  let bytes: Uint8Array;
  try {
    bytes = await inflate(packed, needed + SLACK_BYTES, { format });
  } catch (cause) {
    const reason = messageOf(cause);
    const hint = (cause instanceof HipError && cause.hint) || "Copy or download the file again";
    const what = `${reason.charAt(0).toLowerCase()}${reason.slice(1)}`;
    throw new HipError("unreadable-image", `Cannot read "${name}": ${what}`, { hint, cause });
  }
  if (bytes.length < needed) failShort(stored, needed, bytes.length);
  return bytes.subarray(skipBytes, needed);
}

/** A file can be honest and still too large for this machine. */
async function withMemory<T>(name: string, bytes: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const isMemory = cause instanceof RangeError && /allocation failed|array length/i.test(cause.message);
    if (!isMemory) throw cause;
    const hint = "Cut the image into parts, or use a machine with more memory";
    throw new HipError("unreadable-image", `Cannot read "${name}": no memory for ${bytes} bytes of voxels`, {
      hint,
      cause,
    });
  }
}

/**
 * Checks that all voxels are there; compressed runs and text are inflated and parsed, raw ones are not read yet.
 * @returns what reads them, as float32; to be called once, as it may change the inflated bytes in place.
 * @throws HipError "unreadable-image": cut short, damaged
 */
export async function openVoxels(
  stored: StoredVoxels,
  inflate: Inflate,
): Promise<() => Promise<Float32Array>> {
  const bytes = stored.count * dtypeOfName(stored.dtype).bytes;
  const readValues = await withMemory(stored.name, bytes, () => openRun(stored, inflate));
  return () => withMemory(stored.name, bytes, readValues);
}

async function openRun(stored: StoredVoxels, inflate: Inflate): Promise<() => Promise<Float32Array>> {
  const { name, source, encoding, count, dtype, littleEndian } = stored;
  const itemBytes = dtypeOfName(dtype).bytes;
  const bytes = count * itemBytes;
  const decode = (own: Uint8Array, owned: boolean): Float32Array =>
    decodeVoxels(own, { dtype, littleEndian, scale: { slope: 1, intercept: 0 }, owned });
  const end = Math.min(stored.end ?? source.size, source.size);
  if (encoding === "raw") {
    const start = stored.start === "last" ? end - bytes : stored.start + stored.skipBytes;
    if (start < 0) failShort(stored, bytes, end);
    if (start + bytes > end) failShort(stored, start + bytes, end);
    return async () => decode(await source.read(start, bytes), false);
  }
  const start = stored.start === "last" ? 0 : Math.min(stored.start, end);
  const run = await source.read(start, end - start);
  if (encoding === "ascii") {
    const values = parseNumbers(run.subarray(stored.skipBytes), { name, count, dtype });
    return () => Promise.resolve(values);
  }
  const plain =
    encoding === "hex"
      ? parseHex(run.subarray(stored.skipBytes), { name, bytes })
      : await inflated(stored, run, inflate);
  return () => Promise.resolve(decode(plain, true));
}
