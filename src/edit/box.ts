/** Parts of a volume that an edit goes over: boxes of voxels, planes, and the rows within them. */

export type Triple = readonly [x: number, y: number, z: number];

export type Axis = 0 | 1 | 2;

/** A box of voxels; `first` and `last` both belong to it. */
export interface VoxelBox {
  readonly first: Triple;
  readonly last: Triple;
}

/** One slice across an axis: axis 0 is x. */
export interface SlicePlane {
  readonly axis: Axis;
  readonly slice: number;
}

export type Region = VoxelBox | SlicePlane | "volume";

/** Axis by axis. */
export const mapTriple = (map: (axis: Axis) => number): [number, number, number] => [map(0), map(1), map(2)];

/**
 * The box of a region.
 * @throws RangeError where it does not lie within the volume.
 */
export function boxOf(region: Region, shape: Triple): VoxelBox {
  const whole: VoxelBox = { first: [0, 0, 0], last: mapTriple((axis) => shape[axis] - 1) };
  if (region === "volume") return whole;
  if (!("axis" in region)) {
    checkVoxel(region.first, shape);
    checkVoxel(region.last, shape);
    return region;
  }
  checkPlane(region, shape);
  const { axis, slice } = region;
  const at = (corner: Triple): Triple => mapTriple((each) => (each === axis ? slice : corner[each]));
  return { first: at(whole.first), last: at(whole.last) };
}

/** @throws RangeError where a plane does not lie within the volume. */
export function checkPlane({ axis, slice }: SlicePlane, shape: Triple): void {
  if (!isIndex(slice, shape[axis]))
    throw new RangeError(`Slice across axis ${axis} must be 0 to ${shape[axis] - 1}, got ${slice}`);
}

/** @throws RangeError where a voxel does not lie within the volume. */
export function checkVoxel(voxel: Triple, shape: Triple): void {
  if (!voxel.every((index, axis) => isIndex(index, shape[axis]!)))
    throw new RangeError(`Voxel must lie within ${shape.join("x")}, got ${voxel.join(", ")}`);
}

const isIndex = (index: number, length: number): boolean =>
  Number.isInteger(index) && index >= 0 && index < length;

/** Voxels of a box along each axis; 0 or fewer along some axis of an empty one. */
export const sizeOf = ({ first, last }: VoxelBox): Triple =>
  mapTriple((axis) => last[axis] - first[axis] + 1);

/** Where a voxel stands in memory, x fastest. */
export const indexOf = ([x, y, z]: Triple, [nx, ny]: Triple): number => x + nx * (y + ny * z);

/**
 * Where each row of a box starts in the volume's memory; rows run along x and go in memory's order. So cell
 * `row * width + x` of an array that holds the box alone is voxel `starts[row] + x` of the volume.
 */
export function rowStarts(box: VoxelBox, shape: Triple): Int32Array {
  const [, height, depth] = sizeOf(box);
  const [nx, ny] = shape;
  const begin = indexOf(box.first, shape);
  const starts = new Int32Array(height * depth);
  for (let z = 0, row = 0; z < depth; z++)
    for (let y = 0; y < height; y++) starts[row++] = begin + nx * (y + ny * z);
  return starts;
}

/** The voxels of a value, boxed; undefined where there are none. */
export function boxOfValue(mask: Uint8Array, shape: Triple, value: number): VoxelBox | undefined {
  const [nx, ny, nz] = shape;
  let [x0, y0, z0, x1, y1, z1] = [nx, ny, nz, -1, -1, -1];
  for (let z = 0, row = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++, row += nx) {
      let first = 0;
      while (first < nx && mask[row + first] !== value) first++;
      if (first === nx) continue;
      let last = nx - 1;
      while (mask[row + last] !== value) last--;
      if (first < x0) x0 = first;
      if (last > x1) x1 = last;
      if (y < y0) y0 = y;
      if (y > y1) y1 = y;
      if (z < z0) z0 = z;
      z1 = z;
    }
  }
  return x1 < 0 ? undefined : { first: [x0, y0, z0], last: [x1, y1, z1] };
}
