/** Voxel bytes of any scalar type and byte order -> float32. */
import { dtypeOfName } from "./dtype.ts";
import type { NiftiDtype } from "./types.ts";

const HOST_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Turns each item of `itemBytes` bytes around, in place. */
function swapBytes(bytes: Uint8Array, itemBytes: number): void {
  const { buffer, byteOffset, byteLength } = bytes;
  if (itemBytes === 2) {
    const items = new Uint16Array(buffer, byteOffset, byteLength / 2);
    for (let i = 0; i < items.length; i++) {
      const x = items[i]!;
      items[i] = (x << 8) | (x >>> 8);
    }
    return;
  }
  const words = new Uint32Array(buffer, byteOffset, byteLength / 4);
  for (let i = 0; i < words.length; i++) {
    const x = words[i]!;
    words[i] = (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24);
  }
  if (itemBytes !== 8) return;
  for (let i = 0; i < words.length; i += 2) {
    const swap = words[i]!;
    words[i] = words[i + 1]!;
    words[i + 1] = swap;
  }
}

/** slope * value + intercept, computed in float64, in place. */
function scaleInPlace(values: Float32Array, slope: number, intercept: number): Float32Array {
  for (let i = 0; i < values.length; i++) values[i] = slope * values[i]! + intercept;
  return values;
}

type Wide = Uint32Array | Int32Array | Float64Array | BigUint64Array | BigInt64Array;

/** Values that one pass holds as float64. */
const PIECE = 2 ** 14;

/**
 * Values that float32 cannot hold exactly, scaled in float64 before they are rounded: piece by piece, so that they
 * take no second volume of memory. Integers beyond 2^53 are rounded to float64 first, as in nibabel.
 */
function narrowWide(values: Wide, slope: number, intercept: number): Float32Array {
  const out = new Float32Array(values.length);
  const piece = new Float64Array(Math.min(PIECE, values.length));
  for (let start = 0; start < values.length; start += PIECE) {
    const part = values.subarray(start, start + PIECE);
    if (part instanceof BigInt64Array || part instanceof BigUint64Array) {
      for (let i = 0; i < part.length; i++) piece[i] = Number(part[i]!);
    } else piece.set(part);
    for (let i = 0; i < part.length; i++) out[start + i] = slope * piece[i]! + intercept;
  }
  return out;
}

export interface VoxelFormat {
  readonly dtype: NiftiDtype;
  readonly littleEndian: boolean;
  readonly scale: { readonly slope: number; readonly intercept: number };
  /** The bytes may be changed, and the result may share their memory. */
  readonly owned?: boolean;
}

/** The bytes in this machine's order and aligned; a copy is made only where bytes move that are not ours. */
function arrange(
  bytes: Uint8Array,
  itemBytes: number,
  { littleEndian, owned = false }: VoxelFormat,
): Uint8Array {
  const swapped = itemBytes > 1 && littleEndian !== HOST_LITTLE_ENDIAN;
  const aligned = bytes.byteOffset % itemBytes === 0;
  // Not by slice(), which in a Buffer of Node shares memory.
  const arranged = (swapped && !owned) || !aligned ? new Uint8Array(bytes) : bytes;
  if (swapped) swapBytes(arranged, itemBytes);
  return arranged;
}

/**
 * Stored values times slope plus intercept, as float32.
 * @param bytes exactly the voxels.
 */
export function decodeVoxels(bytes: Uint8Array, format: VoxelFormat): Float32Array {
  const { dtype, owned = false } = format;
  const itemBytes = dtypeOfName(dtype).bytes;
  const arranged = arrange(bytes, itemBytes, format);
  const { buffer, byteOffset: start } = arranged;
  const count = arranged.byteLength / itemBytes;
  const { slope, intercept } = format.scale;
  const plain = slope === 1 && intercept === 0;
  const narrow = (values: Float32Array): Float32Array =>
    plain ? values : scaleInPlace(values, slope, intercept);
  const wide = (values: Wide): Float32Array => narrowWide(values, slope, intercept);
  switch (dtype) {
    case "uint8":
      return narrow(new Float32Array(arranged));
    case "int8":
      return narrow(new Float32Array(new Int8Array(buffer, start, count)));
    case "uint16":
      return narrow(new Float32Array(new Uint16Array(buffer, start, count)));
    case "int16":
      return narrow(new Float32Array(new Int16Array(buffer, start, count)));
    case "float32": {
      const stored = new Float32Array(buffer, start, count);
      return narrow(owned || arranged !== bytes ? stored : new Float32Array(stored));
    }
    case "uint32":
      return wide(new Uint32Array(buffer, start, count));
    case "int32":
      return wide(new Int32Array(buffer, start, count));
    case "float64":
      return wide(new Float64Array(buffer, start, count));
    case "uint64":
      return wide(new BigUint64Array(buffer, start, count));
    case "int64":
      return wide(new BigInt64Array(buffer, start, count));
  }
}

/** Up to here float32 has every integer. */
const EXACT_INTEGERS = 2 ** 24;

/**
 * What float32 lost that matters: integers that may be labels, and values beyond its range. Rounding of a float64 to
 * seven digits is no news.
 */
export function precisionWarnings(
  values: Float32Array | Uint8Array,
  dtype: NiftiDtype,
  scale: VoxelFormat["scale"],
): readonly string[] {
  const plain = scale.slope === 1 && scale.intercept === 0;
  const wideInteger = /^u?int(?:32|64)$/.test(dtype);
  // A float32 that is stored as it is loses nothing, and no 16-bit integer reaches the limit.
  if (plain && !wideInteger && dtype !== "float64") return [];
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (size > largest) largest = size;
  }
  // The first integer that float32 lacks has already become the limit here.
  if (plain && wideInteger) {
    return largest >= EXACT_INTEGERS
      ? [`Integers from ${EXACT_INTEGERS} on (here up to ${largest}) are rounded to float32`]
      : [];
  }
  return largest === Number.POSITIVE_INFINITY
    ? ["Some values are infinite: stored so, or beyond the range of float32 (3.4e38)"]
    : [];
}
