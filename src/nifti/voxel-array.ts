/** The voxels that are written: their types, checks and bytes. */
export type WrittenDtype = "uint8" | "int16" | "float32";
export type VoxelArray = Uint8Array | Int16Array | Float32Array;

/** What the field for free text says of the writer. */
export const DEFAULT_DESCRIPTION = "hipmri-unet";
const ARRAYS = { uint8: Uint8Array, int16: Int16Array, float32: Float32Array } as const;
const HOST_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export function checkLength(shape: readonly number[], length: number): void {
  const voxels = shape.reduce((product, n) => product * n, 1);
  if (voxels !== length) {
    throw new RangeError(`Shape ${shape.join(" x ")} has ${voxels} voxels, got ${length} values`);
  }
}

export function checkArray(data: VoxelArray, dtype: WrittenDtype): void {
  if (data instanceof ARRAYS[dtype]) return;
  throw new RangeError(`Data for ${dtype} must be a ${ARRAYS[dtype].name}, got a ${data.constructor.name}`);
}

/** Copies the voxels behind header and extensions, in little-endian order. */
export function appendVoxels(bytes: Uint8Array, data: VoxelArray, offset: number): void {
  if (HOST_LITTLE_ENDIAN || data instanceof Uint8Array) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    return;
  }
  const view = new DataView(bytes.buffer, offset);
  for (let i = 0; i < data.length; i++) {
    if (data instanceof Int16Array) view.setInt16(2 * i, data[i]!, true);
    else view.setFloat32(4 * i, data[i]!, true);
  }
}
