/** How an image is cut into slices: which axis runs across them, and which way up they lie. */
import { orientationOf } from "../nifti/affine.ts";
import {
  type Axis,
  type AxisCodes,
  axisCodesOf,
  PLANE_CODES,
  planeOf,
  type Reorientation,
  reorientation,
} from "./orient.ts";
import type { Grid } from "./volume.ts";

const AXES: readonly Axis[] = [0, 1, 2];

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

/** What nibabel takes where a header states no orientation. */
const ASSUMED_CODES: AxisCodes = "LAS";

/**
 * How a picture (PNG) lies, which states nothing: head or front at its top, as people look at it, so that its rows run
 * to the feet or the back. Its columns and its place in a stack are taken as those of `wanted`.
 */
export function pictureCodes(wanted: AxisCodes): AxisCodes {
  const downwards: Readonly<Record<string, string>> = { S: "I", A: "P" };
  return `${wanted[0]}${downwards[wanted[1]!] ?? wanted[1]}${wanted[2]}` as AxisCodes;
}

export interface SlicePlan {
  /** What brings the image to width, height and depth. */
  readonly turn: Reorientation;
  /** The codes of width, height and depth then; undefined of a 2D image of which nothing says how it lies. */
  readonly orientation: AxisCodes | undefined;
  /** Set where the image had to be taken as it lies. */
  readonly warning?: string;
}

/** The orientation that slices of this image have by themselves: across its coarsest axis, in the plane's own codes. */
export function ownOrientation(grid: Grid): AxisCodes {
  const codes = axisCodesOf(grid.affine) ?? ASSUMED_CODES;
  return PLANE_CODES[planeOf(depthLast(codes, coarsestAxis(grid)))];
}

/** The codes with those of one axis moved to the end. */
function depthLast(codes: AxisCodes, axis: Axis): AxisCodes {
  const [width, height] = AXES.filter((each) => each !== axis);
  return `${codes[width!]}${codes[height!]}${codes[axis]}` as AxisCodes;
}

/** An image whose depth is its axis of one voxel, its other axes in the file's order. */
function asItLies(grid: Grid): Reorientation {
  const depth = coarsestAxis(grid);
  const [width, height] = AXES.filter((axis) => axis !== depth) as [Axis, Axis];
  return { axes: [width, height, depth], flips: [false, false, false] };
}

/**
 * Plans the slices of an image.
 *
 * A volume is turned so that its axes run as `wanted` says. A 2D image can be turned within its plane only: where
 * its header states no place, or another plane than the wanted one, or nothing is wanted, it is taken as it lies.
 * @param isPlaced whether the header states where the axes point.
 * @param wanted codes of width, height and depth; by default a volume's own orientation.
 */
export function planSlices(
  grid: Grid,
  options: {
    readonly isPlaced: boolean;
    readonly wanted?: AxisCodes | undefined;
    /** It is a picture, whose rows run downwards. */
    readonly isPicture?: boolean;
  },
): SlicePlan {
  const { isPlaced, wanted } = options;
  const codes = axisCodesOf(grid.affine);
  const isFlat = grid.shape.includes(1);
  if (!isFlat) {
    const orientation = wanted ?? ownOrientation(grid);
    return { turn: reorientation(codes ?? ASSUMED_CODES, orientation), orientation };
  }
  if (options.isPicture && wanted !== undefined) {
    return { turn: reorientation(pictureCodes(wanted), wanted), orientation: wanted };
  }
  if (!isPlaced || codes === undefined || wanted === undefined) {
    return { turn: asItLies(grid), orientation: wanted };
  }
  const own = planeOf(depthLast(codes, coarsestAxis(grid)));
  const plane = planeOf(wanted);
  if (own === plane) return { turn: reorientation(codes, wanted), orientation: wanted };
  return {
    turn: asItLies(grid),
    orientation: wanted,
    warning: `its header says that it lies in the ${own} plane, expected ${plane}: taken as it lies`,
  };
}
