/** Volumes <-> stacks of 2D slices. */
import { orientationOf } from "../nifti/affine.ts";
import type { Grid } from "./volume.ts";

export type Axis = 0 | 1 | 2;
const AXES: readonly Axis[] = [0, 1, 2];

/** A stack: `depth` slices of [height, width], each row-major. */
export interface SliceStack<T> {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** length = depth * height * width */
  readonly data: T;
}

/**
 * The axis across which a volume is cut into slices: of a 2D image the one with a single voxel; else that with the
 * largest spacing, if by more than 1 %; else the one nearest to inferior-superior (axial slices).
 */
export function coarsestAxis(grid: Grid): Axis {
  const flat = AXES.filter((axis) => grid.shape[axis] === 1).at(-1);
  if (flat !== undefined) return flat;
  const [coarsest = 2, next = 2] = [...AXES].sort((a, b) => grid.spacingMm[b] - grid.spacingMm[a]);
  if (grid.spacingMm[coarsest] > 1.01 * grid.spacingMm[next]) return coarsest;
  const letters = orientationOf(grid.affine);
  return AXES.find((axis) => letters[axis] === "S" || letters[axis] === "I") ?? 2;
}

/** The axes along which width, height and depth run: the two that are left keep their order. */
function axesOf(axis: Axis): readonly [Axis, Axis, Axis] {
  if (axis === 0) return [1, 2, 0];
  return axis === 1 ? [0, 2, 1] : [0, 1, 2];
}

interface Walk {
  readonly size: readonly [width: number, height: number, depth: number];
  /** Steps in the volume's array for one step along width, height and depth. */
  readonly step: readonly [width: number, height: number, depth: number];
}

function walkOf(shape: Grid["shape"], axis: Axis, length: number): Walk {
  const [x, y, z] = shape;
  if (x * y * z !== length) throw new RangeError(`Shape ${shape.join(" x ")} has not ${length} voxels`);
  const steps = [1, x, x * y] as const;
  const [w, h, d] = axesOf(axis);
  return { size: [shape[w], shape[h], shape[d]], step: [steps[w], steps[h], steps[d]] };
}

function sameKind<T extends Float32Array | Uint8Array>(data: T): T {
  // The union's constructors cannot be called through T, but the copy is of data's own kind.
  return data.slice() as T;
}

/**
 * Reorders a volume (x fastest) into slices across `axis`. Of the other two axes the lower one becomes the width and
 * is fastest. A new array.
 */
export function toSlices<T extends Float32Array | Uint8Array>(
  data: T,
  shape: Grid["shape"],
  axis: Axis,
): SliceStack<T> {
  const { size, step } = walkOf(shape, axis, data.length);
  const [width, height, depth] = size;
  const out = sameKind(data);
  if (axis !== 2) {
    let to = 0;
    for (let d = 0; d < depth; d++) {
      for (let h = 0; h < height; h++) {
        let from = d * step[2] + h * step[1];
        for (let w = 0; w < width; w++, from += step[0]) out[to++] = data[from]!;
      }
    }
  }
  return { width, height, depth, data: out };
}

/** The inverse of toSlices(): slices across `axis` back into a volume of `shape`, x fastest. A new array. */
export function fromSlices<T extends Float32Array | Uint8Array>(
  data: T,
  shape: Grid["shape"],
  axis: Axis,
): T {
  const { size, step } = walkOf(shape, axis, data.length);
  const [width, height, depth] = size;
  const out = sameKind(data);
  if (axis !== 2) {
    let from = 0;
    for (let d = 0; d < depth; d++) {
      for (let h = 0; h < height; h++) {
        let to = d * step[2] + h * step[1];
        for (let w = 0; w < width; w++, to += step[0]) out[to] = data[from++]!;
      }
    }
  }
  return out;
}
