/** Slices stacked into a volume: their order, their spacing, and voxel index to RAS+ millimetres. */
import { type Affine, makeAffine, type Point } from "../../nifti/affine.ts";
import { axisCodesOf, type Plane, planeOf } from "../../volume/orient.ts";
import type { Frame } from "./instance.ts";

/** What every slice that can be placed has. */
export interface PlacedFrame extends Frame {
  readonly position: Point;
  readonly rowDirection: Point;
  readonly columnDirection: Point;
  readonly pixelSpacingMm: readonly [x: number, y: number];
}

export interface StackGeometry {
  /** Along the normal of the slices: rowDirection x columnDirection. */
  readonly frames: readonly PlacedFrame[];
  readonly spacingMm: readonly [number, number, number];
  /** Between slices at right angles to them; less than spacingMm[2] where they are sheared. */
  readonly gapMm: number;
  readonly affine: Affine;
  readonly orientation: string;
  /** "oblique-" before it where the slices are turned by more than `OBLIQUE_DEGREES`. */
  readonly plane: Plane | `oblique-${Plane}`;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Gaps between slices may differ from each other by this part of one. */
const GAP_TOLERANCE = 0.01;
/** A slice farther than this part of a gap from its place on an even grid is not placed there. */
const DISPLACEMENT_LIMIT = 0.1;
const TILT_DEGREES = 0.5;
/** No scanner's space or voxel is larger. */
const FARTHEST_MM = 1e6;
export const OBLIQUE_DEGREES = 5;

export function dot(a: Point, b: Point): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Point, b: Point): Point {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function along(from: Point, direction: Point, distance: number): Point {
  return [
    from[0] + direction[0] * distance,
    from[1] + direction[1] * distance,
    from[2] + direction[2] * distance,
  ];
}

function length(a: Point): number {
  return Math.hypot(...a);
}

const mm = (value: number): string => `${Number(value.toFixed(3))} mm`;

/** Rejects what lacks a place, and directions that are not two unit vectors at right angles. */
export function isPlacedFrame(frame: Frame): frame is PlacedFrame {
  const { position, rowDirection, columnDirection, pixelSpacingMm } = frame;
  if (position === undefined || rowDirection === undefined || columnDirection === undefined) return false;
  if (pixelSpacingMm === undefined || !pixelSpacingMm.every((each) => each > 0 && each < FARTHEST_MM))
    return false;
  if (!position.every((each) => Math.abs(each) < FARTHEST_MM)) return false;
  const unit = (a: Point): boolean => Math.abs(length(a) - 1) < 1e-3;
  return unit(rowDirection) && unit(columnDirection) && Math.abs(dot(rowDirection, columnDirection)) < 1e-3;
}

export function normalOf(frame: Pick<PlacedFrame, "rowDirection" | "columnDirection">): Point {
  return cross(frame.rowDirection, frame.columnDirection);
}

/** Distance along the normal, by which slices are ordered. */
export function heightOf(frame: PlacedFrame, normal: Point): number {
  return dot(frame.position, normal);
}

interface Step {
  /** From each slice to the next, LPS millimetres. */
  readonly vector: Point;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** A lone slice is as thick as it says. */
function stepOfOne(frame: PlacedFrame, normal: Point): Step {
  const stated = [frame.sliceSpacingMm, frame.thicknessMm].find((each) => each !== undefined && each > 0);
  const warnings = stated === undefined ? ["One slice of no stated thickness: 1 mm was assumed"] : [];
  return { vector: along([0, 0, 0], normal, stated ?? 1), problems: [], warnings };
}

/** The gap that differs most from the usual one, in words; undefined where all are alike. */
function unevenGap(heights: readonly number[]): { text: string; missing: boolean } | undefined {
  const gaps = heights.slice(1).map((height, i) => height - heights[i]!);
  const usual = [...gaps].sort((a, b) => a - b)[Math.floor((gaps.length - 1) / 2)]!;
  let worst = 0;
  for (let i = 1; i < gaps.length; i++) {
    if (Math.abs(gaps[i]! - usual) > Math.abs(gaps[worst]! - usual)) worst = i;
  }
  const gap = gaps[worst]!;
  if (Math.abs(gap - usual) <= GAP_TOLERANCE * usual) return undefined;
  const text = `slices ${worst + 1} and ${worst + 2} are ${mm(gap)} apart, most others ${mm(usual)}`;
  return { text, missing: gap > 1.5 * usual };
}

function stepOf(frames: readonly PlacedFrame[], normal: Point): Step {
  const first = frames[0]!;
  const last = frames.at(-1)!;
  const n = frames.length - 1;
  if (n === 0) return stepOfOne(first, normal);
  const vector: Point = [
    (last.position[0] - first.position[0]) / n,
    (last.position[1] - first.position[1]) / n,
    (last.position[2] - first.position[2]) / n,
  ];
  const problems: string[] = [];
  const warnings: string[] = [];
  const gap = unevenGap(frames.map((frame) => heightOf(frame, normal)));
  const displaced = frames.map((frame, k) => {
    const place = along(first.position, vector, k);
    return Math.hypot(...frame.position.map((each, axis) => each - place[axis]!));
  });
  const worst = displaced.reduce((best, each, k) => (each > displaced[best]! ? k : best), 0);
  const off = displaced[worst]!;
  const step = length(vector);
  if (gap?.missing) {
    problems.push(`slices are missing: ${gap.text}`);
  } else if (off > DISPLACEMENT_LIMIT * step) {
    const where = `slice ${worst + 1} lies ${mm(off)} from its place on an even grid`;
    problems.push(
      `the slices are unevenly placed: ${gap === undefined ? where : `${gap.text}, and ${where}`}`,
    );
  } else if (gap !== undefined) {
    warnings.push(`The slices are unevenly spaced: ${gap.text}; no voxel is more than ${mm(off)} off`);
  }
  const cosine = Math.min(1, Math.abs(dot(vector, normal)) / step);
  const tilt = (Math.acos(cosine) * 180) / Math.PI;
  if (tilt > TILT_DEGREES) {
    const text = `The slices are sheared by ${tilt.toFixed(1)} degrees (gantry tilt): voxels are placed where the file says, their axes not at right angles`;
    warnings.push(text);
  }
  return { vector, problems, warnings };
}

function planeNameOf(codes: ReturnType<typeof axisCodesOf>, normal: Point): StackGeometry["plane"] {
  const plane = codes === undefined ? "axial" : planeOf(codes);
  const most = Math.min(1, Math.max(...normal.map(Math.abs)));
  return (Math.acos(most) * 180) / Math.PI > OBLIQUE_DEGREES ? `oblique-${plane}` : plane;
}

/**
 * Orders slices of one orientation and places them. Axis 0 of the volume runs along rows (column index), axis 1
 * along columns (row index), axis 2 along the normal, so that voxel (x, y, z) lies at
 * position(z) + x * spacing * rowDirection + y * spacing * columnDirection (PS3.3 equation C.7.6.2.1-1), here in RAS+.
 * Patient x and y are negated, since DICOM counts them towards left and back.
 */
export function placeStack(unordered: readonly PlacedFrame[]): StackGeometry {
  const normal = normalOf(unordered[0]!);
  const frames = [...unordered].sort((a, b) => heightOf(a, normal) - heightOf(b, normal));
  const { position, rowDirection, columnDirection, pixelSpacingMm } = frames[0]!;
  const [dx, dy] = pixelSpacingMm;
  const { vector, problems, warnings } = stepOf(frames, normal);
  const row = (axis: 0 | 1 | 2, sign: 1 | -1): [number, number, number, number] => [
    sign * rowDirection[axis] * dx,
    sign * columnDirection[axis] * dy,
    sign * vector[axis],
    sign * position[axis],
  ];
  const affine = makeAffine(row(0, -1), row(1, -1), row(2, 1));
  const codes = axisCodesOf(affine);
  return {
    frames,
    spacingMm: [dx, dy, length(vector)],
    gapMm: dot(vector, normal),
    affine,
    orientation: codes ?? "???",
    plane: planeNameOf(codes, normal),
    problems,
    warnings,
  };
}
