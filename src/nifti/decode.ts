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

/** BigInt values as float64; above 2^53 rounded. */
function numbersOf(values: BigInt64Array | BigUint64Array): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = Number(values[i]!);
  return out;
}

/** slope * value + intercept, computed in float64. Two loops, so that each sees one type of array and stays fast. */
function scaleFloat32(values: Float32Array, slope: number, intercept: number): Float32Array {
  for (let i = 0; i < values.length; i++) values[i] = slope * values[i]! + intercept;
  return values;
}
function scaleFloat64(values: Float64Array, slope: number, intercept: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = slope * values[i]! + intercept;
  return out;
}

/**
 * Stored values times slope plus intercept, as float32 in a new array.
 * @param bytes exactly the voxels.
 */
export function decodeVoxels(
  bytes: Uint8Array,
  dtype: NiftiDtype,
  littleEndian: boolean,
  scale: { readonly slope: number; readonly intercept: number },
): Float32Array {
  const itemBytes = dtypeOfName(dtype).bytes;
  const swapped = itemBytes > 1 && littleEndian !== HOST_LITTLE_ENDIAN;
  const aligned = bytes.byteOffset % itemBytes === 0;
  // A copy is made only where bytes must move. Not by slice(), which in a Buffer of Node shares memory.
  const own = swapped || !aligned ? new Uint8Array(bytes) : bytes;
  if (swapped) swapBytes(own, itemBytes);
  const buffer = own.buffer;
  const start = own.byteOffset;
  const count = own.byteLength / itemBytes;
  const { slope, intercept } = scale;
  const plain = slope === 1 && intercept === 0;
  const narrow = (values: Float32Array): Float32Array =>
    plain ? values : scaleFloat32(values, slope, intercept);
  // Float32 holds no 32-bit integer or float64 exactly, so those are scaled before they are rounded.
  const wide = (values: Float64Array): Float32Array =>
    plain ? new Float32Array(values) : scaleFloat64(values, slope, intercept);
  switch (dtype) {
    case "uint8":
      return narrow(new Float32Array(own));
    case "int8":
      return narrow(new Float32Array(new Int8Array(buffer, start, count)));
    case "uint16":
      return narrow(new Float32Array(new Uint16Array(buffer, start, count)));
    case "int16":
      return narrow(new Float32Array(new Int16Array(buffer, start, count)));
    case "float32":
      return narrow(new Float32Array(new Float32Array(buffer, start, count)));
    case "uint32":
      return wide(new Float64Array(new Uint32Array(buffer, start, count)));
    case "int32":
      return wide(new Float64Array(new Int32Array(buffer, start, count)));
    case "float64":
      return wide(new Float64Array(buffer, start, count));
    case "uint64":
      return wide(numbersOf(new BigUint64Array(buffer, start, count)));
    case "int64":
      return wide(numbersOf(new BigInt64Array(buffer, start, count)));
  }
}
