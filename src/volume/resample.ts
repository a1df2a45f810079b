/**
 * Resampling of volumes: to another spacing or size over the same field of view, or to another grid. Intensities are
 * interpolated linearly or by cubics, labels by nearest neighbour only: that is how the types have it.
 */
import { type Affine, determinant, makeAffine } from "../nifti/affine.ts";
import { sampleCubic, sampleLinear, sampleNearest } from "./sample.ts";
import { applyTaps, type Kernel, nearestTaps, resizeTaps } from "./taps.ts";
import type { Grid, IntensityVolume, LabelVolume, Volume } from "./volume.ts";

type Triple = readonly [number, number, number];
const AXES = [0, 1, 2] as const;

export interface IntensityResampling {
  /** Default "linear". "cubic" is Keys' with a = -0.5 (Catmull-Rom), which may overshoot at edges. */
  readonly interpolation?: Kernel;
}
export interface LabelResampling {
  readonly interpolation?: "nearest";
}

export interface IntensityOutside {
  /** The value where the source has no voxel. Default: the source's smallest. */
  readonly outside?: number;
}
export interface LabelOutside {
  /** The label where the source has no voxel. Default 0, background. */
  readonly outside?: number;
}

function checkShape(shape: Triple): void {
  if (!shape.every((n) => Number.isInteger(n) && n >= 1))
    throw new RangeError(`A shape must be whole numbers >= 1, got ${shape.join(" x ")}`);
}

function checkVolume({ grid: { shape }, data }: Volume): void {
  checkShape(shape);
  if (shape[0] * shape[1] * shape[2] !== data.length)
    throw new RangeError(`Shape ${shape.join(" x ")} has not ${data.length} voxels`);
}

/**
 * The grid of another shape over the same field of view: outer faces stay where they are, so the voxel size changes
 * and the first voxel's centre moves.
 */
export function gridOfShape(grid: Grid, shape: Triple): Grid {
  checkShape(shape);
  const scale = AXES.map((axis) => grid.shape[axis] / shape[axis]) as unknown as Triple;
  if (scale.every((one) => one === 1)) return grid;
  const row = (r: 0 | 1 | 2): Affine[number] => {
    const [x, y, z, offset] = grid.affine[r];
    const moved = offset + (x * (scale[0] - 1) + y * (scale[1] - 1) + z * (scale[2] - 1)) / 2;
    return [x * scale[0], y * scale[1], z * scale[2], moved];
  };
  return {
    shape,
    spacingMm: [grid.spacingMm[0] * scale[0], grid.spacingMm[1] * scale[1], grid.spacingMm[2] * scale[2]],
    affine: makeAffine(row(0), row(1), row(2)),
  };
}

/** How many voxels of about `spacingMm` fill the field of view: round(size * spacing / new), at least 1, as nnU-Net. */
export function shapeOfSpacing(grid: Grid, spacingMm: Triple): Triple {
  if (!spacingMm.every((mm) => mm > 0 && Number.isFinite(mm)))
    throw new RangeError(`Spacings must be > 0 mm, got ${spacingMm.join(" x ")}`);
  const size = (axis: 0 | 1 | 2): number =>
    Math.max(1, Math.round((grid.shape[axis] * grid.spacingMm[axis]) / spacingMm[axis]));
  return [size(0), size(1), size(2)];
}

function resizeIntensities({ grid, data }: IntensityVolume, shape: Triple, kernel: Kernel): Float32Array {
  let current: readonly number[] = grid.shape;
  let values = data;
  // The axis that shrinks most goes first, so that the others have less to do.
  const order = [...AXES].sort((a, b) => shape[a] / grid.shape[a] - shape[b] / grid.shape[b]);
  for (const axis of order) {
    const from = current[axis]!;
    if (from === shape[axis]) continue;
    const product = (sizes: readonly number[]): number => sizes.reduce((p, n) => p * n, 1);
    const [inner, outer] = [product(current.slice(0, axis)), product(current.slice(axis + 1))];
    values = applyTaps(values, { outer, from, inner }, resizeTaps(kernel, from, shape[axis]));
    current = current.with(axis, shape[axis]);
  }
  return values === data ? data.slice() : values;
}

function resizeLabels({ grid, data }: LabelVolume, shape: Triple): Uint8Array {
  const [width, height] = grid.shape;
  const [xs, ys, zs] = AXES.map((axis) => nearestTaps(grid.shape[axis], shape[axis]));
  const out = new Uint8Array(shape[0] * shape[1] * shape[2]);
  let to = 0;
  for (const z of zs!) {
    for (const y of ys!) {
      const start = (z * height + y) * width;
      for (const x of xs!) out[to++] = data[start + x]!;
    }
  }
  return out;
}

/**
 * Resizes to `shape` over the same field of view, as torch's interpolate() does: intensities with antialiasing where
 * an axis shrinks. The affine places the new voxels' centres.
 * @throws RangeError for a shape that is none
 */
export function resampleToShape(
  volume: IntensityVolume,
  shape: Triple,
  options?: IntensityResampling,
): IntensityVolume;
export function resampleToShape(volume: LabelVolume, shape: Triple, options?: LabelResampling): LabelVolume;
export function resampleToShape(
  volume: Volume,
  shape: Triple,
  options: IntensityResampling | LabelResampling = {},
): Volume {
  checkVolume(volume);
  const grid = gridOfShape(volume.grid, shape);
  if (volume.kind === "label") return { ...volume, grid, data: resizeLabels(volume, shape) };
  return { ...volume, grid, data: resizeIntensities(volume, shape, kernelOf(options)) };
}

/** Of an intensity volume, whose options the overloads admit alone. */
function kernelOf({ interpolation }: IntensityResampling | LabelResampling): Kernel {
  if (interpolation === "nearest") throw new RangeError("Intensities are resampled linearly or by cubics");
  return interpolation ?? "linear";
}

/**
 * Resamples to voxels of about `spacingMm`: as many as fill the field of view, which is kept, so that a voxel is
 * larger or smaller by up to half a voxel over the whole axis. The result's grid has the true spacing.
 * Isensee et al.: "nnU-Net", Nature Methods 2021, resamples so.
 * @throws RangeError for a spacing that is none
 */
export function resampleToSpacing(
  volume: IntensityVolume,
  spacingMm: Triple,
  options?: IntensityResampling,
): IntensityVolume;
export function resampleToSpacing(
  volume: LabelVolume,
  spacingMm: Triple,
  options?: LabelResampling,
): LabelVolume;
export function resampleToSpacing(
  volume: Volume,
  spacingMm: Triple,
  options: IntensityResampling | LabelResampling = {},
): Volume {
  const shape = shapeOfSpacing(volume.grid, spacingMm);
  if (volume.kind === "label") return resampleToShape(volume, shape);
  return resampleToShape(volume, shape, { interpolation: kernelOf(options) });
}

/** Voxel index of `to` -> voxel index of `from`, through millimetres. */
function indexMap(from: Affine, to: Affine): Affine {
  const det = determinant(from);
  const sizes = AXES.map((j) => Math.hypot(from[0][j], from[1][j], from[2][j]));
  if (!(Math.abs(det) > 1e-9 * sizes[0]! * sizes[1]! * sizes[2]!))
    throw new RangeError("The source's affine does not span space: it cannot be resampled to a grid");
  const [a, b, c] = from;
  const cofactor = (p: Affine[number], q: Affine[number]): Triple => [
    (p[1] * q[2] - p[2] * q[1]) / det,
    (p[2] * q[0] - p[0] * q[2]) / det,
    (p[0] * q[1] - p[1] * q[0]) / det,
  ];
  const [i, j, k] = [cofactor(b, c), cofactor(c, a), cofactor(a, b)];
  const row = (r: 0 | 1 | 2): Affine[number] => {
    const dot = (x: number, y: number, z: number): number => snapped(i[r] * x + j[r] * y + k[r] * z);
    const column = (n: 0 | 1 | 2): number => dot(to[0][n], to[1][n], to[2][n]);
    const offset = dot(to[0][3] - a[3], to[1][3] - b[3], to[2][3] - c[3]);
    return [column(0), column(1), column(2), offset];
  };
  return makeAffine(row(0), row(1), row(2));
}

/** A whole number where only rounding keeps it from one: grids that coincide are then sampled exactly at their voxels. */
function snapped(x: number): number {
  const whole = Math.round(x);
  return Math.abs(x - whole) < 1e-9 * Math.max(1, Math.abs(x)) ? whole : x;
}

function smallest(data: Float32Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < data.length; i++) if (data[i]! < least) least = data[i]!;
  return Number.isFinite(least) ? least : 0;
}

/**
 * Samples a volume at the voxel centres of another grid, both oblique if need be. Voxels are areas: a centre within
 * half a voxel of the outermost centres is still inside, as in ITK, and takes the edge's value. Nothing is smoothed
 * before: to shrink, use resampleToSpacing() first.
 * @throws RangeError where the source's affine does not span space
 */
export function resampleToGrid(
  volume: IntensityVolume,
  grid: Grid,
  options?: IntensityResampling & IntensityOutside,
): IntensityVolume;
export function resampleToGrid(
  volume: LabelVolume,
  grid: Grid,
  options?: LabelResampling & LabelOutside,
): LabelVolume;
export function resampleToGrid(
  volume: Volume,
  grid: Grid,
  options: (IntensityResampling & IntensityOutside) | (LabelResampling & LabelOutside) = {},
): Volume {
  checkVolume(volume);
  checkShape(grid.shape);
  const map = indexMap(volume.grid.affine, grid.affine);
  const from = volume.grid.shape;
  if (volume.kind === "label") {
    const { outside = 0 } = options;
    if (!(Number.isInteger(outside) && outside >= 0 && outside <= 255))
      throw new RangeError(`The label outside must be 0 to 255, got ${outside}`);
    return { ...volume, grid, data: sampleNearest(volume.data, { from, to: grid.shape, map, outside }) };
  }
  const outside = options.outside ?? smallest(volume.data);
  const sampling = { from, to: grid.shape, map, outside };
  const sample = kernelOf(options) === "cubic" ? sampleCubic : sampleLinear;
  return { ...volume, grid, data: sample(volume.data, sampling) };
}
