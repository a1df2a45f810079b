/**
 * Orientation: which way each axis of a volume points, and bringing it to another without touching a voxel's value.
 * Codes as nibabel's aff2axcodes: "LPS" means that axis 0 runs to the left, axis 1 to the back, axis 2 to the head.
 */
import { type Affine, orientationOf } from "../nifti/affine.ts";
import type { Grid, Volume } from "./volume.ts";

export type Axis = 0 | 1 | 2;
const AXES: readonly Axis[] = [0, 1, 2];

export type AxisCode = "L" | "R" | "A" | "P" | "S" | "I";
/** Three codes, one of each pair L/R, A/P, S/I. */
export type AxisCodes = `${AxisCode}${AxisCode}${AxisCode}`;
export type Plane = "axial" | "coronal" | "sagittal";

/** The body's axis that a code runs along: 0 left-right, 1 back-front, 2 feet-head. */
const BODY_AXIS: Readonly<Record<AxisCode, Axis>> = { L: 0, R: 0, A: 1, P: 1, S: 2, I: 2 };
/** Across which axis of the body each plane lies. */
const PLANE_ACROSS: readonly Plane[] = ["sagittal", "coronal", "axial"];

/**
 * How slices of each plane lie in memory: width, height, depth. Axial as DICOM has it; coronal as HipMRI's 2D
 * slices, cut from volumes in LPS order, have it.
 */
export const PLANE_CODES: Readonly<Record<Plane, AxisCodes>> = {
  axial: "LPS",
  coronal: "LSP",
  sagittal: "PSL",
};

/** The text as codes; undefined where it is not one of the 48 orientations. */
export function parseAxisCodes(text: string): AxisCodes | undefined {
  if (!/^[LRAPSI]{3}$/.test(text)) return undefined;
  const along = new Set([...text].map((code) => BODY_AXIS[code as AxisCode]));
  return along.size === 3 ? (text as AxisCodes) : undefined;
}

/** The codes of an affine; undefined where it does not span space. */
export function axisCodesOf(affine: Affine): AxisCodes | undefined {
  return parseAxisCodes(orientationOf(affine));
}

/** The plane of slices that are stacked along the third axis. */
export function planeOf(codes: AxisCodes): Plane {
  return PLANE_ACROSS[BODY_AXIS[codes[2] as AxisCode]]!;
}

/** The axis of a volume across which slices of a plane are cut. */
export function axisAcross(plane: Plane, codes: AxisCodes): Axis {
  return AXES.find((axis) => PLANE_ACROSS[BODY_AXIS[codes[axis] as AxisCode]] === plane)!;
}

/** Axis i of the result is axis `axes[i]` of the original, reversed where `flips[i]`. */
export interface Reorientation {
  readonly axes: readonly [Axis, Axis, Axis];
  readonly flips: readonly [boolean, boolean, boolean];
}

function triple<T>(at: (axis: Axis) => T): readonly [T, T, T] {
  return [at(0), at(1), at(2)];
}

/** What turns a volume of codes `from` into one of codes `to`. */
export function reorientation(from: AxisCodes, to: AxisCodes): Reorientation {
  const source = (axis: Axis): Axis =>
    AXES.find((each) => BODY_AXIS[from[each] as AxisCode] === BODY_AXIS[to[axis] as AxisCode])!;
  const axes = triple(source);
  return { axes, flips: triple((axis) => from[axes[axis]] !== to[axis]) };
}

/** What undoes a reorientation. */
export function inverseOf({ axes, flips }: Reorientation): Reorientation {
  const back = triple((axis) => AXES.find((each) => axes[each] === axis)!);
  return { axes: back, flips: triple((axis) => flips[back[axis]]) };
}

/** Whether a reorientation leaves everything where it is. */
export function isIdentity({ axes, flips }: Reorientation): boolean {
  return AXES.every((axis) => axes[axis] === axis && !flips[axis]);
}

/** The reoriented voxels, x fastest, in a new array. */
export function reorientData<T extends Float32Array | Uint8Array>(
  data: T,
  shape: Grid["shape"],
  { axes, flips }: Reorientation,
): T {
  const [x, y, z] = shape;
  if (x * y * z !== data.length)
    throw new RangeError(`Shape ${shape.join(" x ")} has not ${data.length} voxels`);
  const strides = [1, x, x * y] as const;
  const size = triple((axis) => shape[axes[axis]]);
  const step = triple((axis) => (flips[axis] ? -1 : 1) * strides[axes[axis]]);
  let start = 0;
  for (const axis of AXES) if (flips[axis]) start += (size[axis] - 1) * strides[axes[axis]];
  // The union's constructors cannot be called through T, but the copy is of data's own kind.
  const out = data.slice() as T;
  if (start === 0 && step[0] === 1 && step[1] === x) return out;
  let to = 0;
  for (let k = 0; k < size[2]; k++) {
    for (let j = 0; j < size[1]; j++) {
      let at = start + k * step[2] + j * step[1];
      for (let i = 0; i < size[0]; i++, at += step[0]) out[to++] = data[at]!;
    }
  }
  return out;
}

/** The grid of the reoriented voxels: every voxel keeps its place in space. */
export function reorientGrid(grid: Grid, { axes, flips }: Reorientation): Grid {
  const { shape, spacingMm, affine } = grid;
  const row = (r: Affine[number]): Affine[number] => {
    const column = (axis: Axis): number => (flips[axis] ? -1 : 1) * r[axes[axis]] + 0;
    let offset = r[3];
    for (const axis of AXES) if (flips[axis]) offset += (shape[axes[axis]] - 1) * r[axes[axis]];
    return [column(0), column(1), column(2), offset];
  };
  return {
    shape: triple((axis) => shape[axes[axis]]),
    spacingMm: triple((axis) => spacingMm[axes[axis]]),
    affine: [row(affine[0]), row(affine[1]), row(affine[2]), affine[3]],
  };
}

/**
 * The volume in another orientation; exact, and undone by the way back.
 * @throws RangeError where the affine does not span space, so that it has no orientation.
 */
export function reorient<V extends Volume>(volume: V, to: AxisCodes): V {
  const from = axisCodesOf(volume.grid.affine);
  if (from === undefined)
    throw new RangeError("The affine does not span space: the volume has no orientation");
  const turn = reorientation(from, to);
  return {
    ...volume,
    grid: reorientGrid(volume.grid, turn),
    data: reorientData(volume.data, volume.grid.shape, turn),
  };
}
