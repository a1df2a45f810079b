/** Stored pixels as numbers (PS3.5 section 8.1.1): allocated, stored and high bits, signs, byte order. */
import type { PixelFormat } from "./instance.ts";
import type { PixelElement } from "./parse.ts";

/** numpy's name of what is stored; undefined where we cannot read it. */
export type StoredType = "uint8" | "int8" | "uint16" | "int16" | "uint32" | "int32" | "float32" | "float64";

const INTEGERS: Readonly<Record<number, readonly [unsigned: StoredType, signed: StoredType]>> = {
  8: ["uint8", "int8"],
  16: ["uint16", "int16"],
  32: ["uint32", "int32"],
};

export function storedTypeOf(format: PixelFormat, keyword: PixelElement["keyword"]): StoredType | undefined {
  const { bitsAllocated, bitsStored, highBit, signed } = format;
  if (keyword === "FloatPixelData") return bitsAllocated === 32 ? "float32" : undefined;
  if (keyword === "DoubleFloatPixelData") return bitsAllocated === 64 ? "float64" : undefined;
  const fits = bitsStored >= 1 && highBit < bitsAllocated && highBit + 1 >= bitsStored;
  return fits ? INTEGERS[bitsAllocated]?.[signed ? 1 : 0] : undefined;
}

const STORED_BYTES: Readonly<Record<StoredType, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  float64: 8,
};

export function storedBytesOf(type: StoredType): number {
  return STORED_BYTES[type];
}

function getterOf(view: DataView, type: StoredType, littleEndian: boolean): (i: number) => number {
  switch (type) {
    case "uint8":
    case "int8":
      return (i) => view.getUint8(i);
    case "uint16":
    case "int16":
      return (i) => view.getUint16(2 * i, littleEndian);
    case "uint32":
    case "int32":
      return (i) => view.getUint32(4 * i, littleEndian);
    case "float32":
      return (i) => view.getFloat32(4 * i, littleEndian);
    case "float64":
      return (i) => view.getFloat64(8 * i, littleEndian);
  }
}

export interface StoredPixels {
  readonly bytes: Uint8Array;
  readonly type: StoredType;
  readonly littleEndian: boolean;
}

/**
 * Writes stored * slope + intercept of every pixel to `out`. Bits outside the stored ones (old overlays) are
 * masked away.
 */
export function decodeValues(
  { bytes, type, littleEndian }: StoredPixels,
  format: Pick<PixelFormat, "bitsStored" | "highBit">,
  scale: { readonly slope: number; readonly intercept: number },
  out: Float32Array,
): void {
  const { slope, intercept } = scale;
  const get = getterOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), type, littleEndian);
  if (type === "float32" || type === "float64") {
    for (let i = 0; i < out.length; i++) out[i] = get(i) * slope + intercept;
    return;
  }
  // Moves the stored bits to the top of 32 and back: masks below and above, and spreads the sign where there is one.
  const left = 31 - format.highBit;
  const right = 32 - format.bitsStored;
  if (type.startsWith("u")) {
    for (let i = 0; i < out.length; i++) out[i] = ((get(i) << left) >>> right) * slope + intercept;
  } else {
    for (let i = 0; i < out.length; i++) out[i] = ((get(i) << left) >> right) * slope + intercept;
  }
}
