/** Slice files of one case put back into a volume: which numbers are there, and where in space they lie. */
import { HipError } from "../core/errors.ts";
import { counted } from "../core/text.ts";
import { type Affine, type AffineRow, makeAffine, voxelSizesMm } from "../nifti/affine.ts";
import { isPlaced, statesSpacing } from "../volume/image.ts";
import { type AxisCode, type AxisCodes, axisCodesOf, PLANE_CODES } from "../volume/orient.ts";
import type { Grid } from "../volume/volume.ts";
import {
  AFFINE_TOLERANCE,
  affineDifference,
  type PlacedSlice,
  sliceDistance,
  sliceNormal,
} from "./geometry.ts";
import type { LayoutName } from "./types.ts";

/** Steps between slices may differ by so much of one step: positions are float32 in each file. */
const UNEVEN = 0.01;

export interface StackPlace {
  /** Width, height and number of the slices; its affine is that of the stack. */
  readonly grid: Grid;
  readonly warnings: readonly string[];
}

/**
 * Checks that slices are numbered without a gap.
 * @param numbers upwards
 * @throws HipError "bad-dataset" with the missing numbers
 */
export function checkNumbers(id: string, numbers: readonly number[]): void {
  const present = new Set(numbers);
  const [first = 0] = numbers;
  const last = numbers.at(-1) ?? 0;
  const missing: number[] = [];
  // A gap may be wide by a slip of a digit: the first few numbers tell enough.
  for (let n = first; n <= last && missing.length <= 10; n++) if (!present.has(n)) missing.push(n);
  if (missing.length === 0) return;
  const more = last - first + 1 - numbers.length - Math.min(missing.length, 10);
  throw new HipError(
    "bad-dataset",
    `Cannot put the slices of "${id}" together: of ${first} to ${last} these are missing: ${missing.slice(0, 10).join(", ")}${more > 0 ? ` and ${more} more` : ""}`,
    { hint: "Copy the missing slices, or take the case away" },
  );
}

/**
 * Where the stack of some slices lies. Where each header states its own place, that is the stack's, exactly; else
 * the slices are taken to lie as their layout has them, centred on 0, with the sizes that the headers state.
 * @param size width and height
 * @param slices upwards by number, without a gap
 * @throws HipError "bad-image" where headers contradict each other, or pixels have no size
 */
export function placeStack(
  id: string,
  [width, height]: readonly [width: number, height: number],
  slices: readonly PlacedSlice[],
  layout: LayoutName,
): StackPlace {
  const shape = [width, height, slices.length] as const;
  const stated = statedAffine(id, slices);
  if (stated !== undefined) {
    if (axisCodesOf(stated) === undefined) throw noSpace(id);
    return { grid: { shape, spacingMm: voxelSizesMm(stated), affine: stated }, warnings: [] };
  }
  const first = slices[0]!.header;
  const [x, y] = voxelSizesMm(first.affine);
  if (!(x > 0 && y > 0)) {
    throw new HipError("bad-image", `Slices of "${id}" must have pixels larger than 0 mm, got ${x} x ${y}`, {
      hint: "Correct pixdim or the affine in their headers",
    });
  }
  const { distanceMm, warnings } = sliceDistance(slices);
  const isPlacedAll = slices.every(({ header }) => isPlaced(header));
  // HipMRI's slices lie as their layout has them, whatever one header for all of them says.
  if (isPlacedAll && layout !== "keras_slices" && statesSpacing(first)) {
    return { grid: turnedGrid(id, slices, shape, distanceMm), warnings: [ONE_PLACE, ...warnings] };
  }
  const codes = layout === "keras_slices" ? PLANE_CODES.coronal : PLANE_CODES.axial;
  const plane = layout === "keras_slices" ? "coronal, as the layout has them," : "axial";
  const spacingMm = [x, y, distanceMm] as const;
  return {
    grid: { shape, spacingMm, affine: centredAffine(codes, shape, spacingMm) },
    warnings: [
      `its slices ${isPlacedAll ? "cannot be believed where they lie, for all of them state the same place" : "do not state where they lie"}: taken as ${plane} and ${codes} (width, height, number)`,
      ...warnings,
    ],
  };
}

const ONE_PLACE =
  "its slices state their directions but all of them the same place: the first lies there, the others follow by number along the normal, which may be the wrong way round";

/** The grid of slices that agree on their directions and state one place: the third column is the normal's. */
function turnedGrid(
  id: string,
  slices: readonly PlacedSlice[],
  shape: Grid["shape"],
  distanceMm: number,
): Grid {
  const { affine } = slices[0]!.header;
  const other = slices.find(({ header }) => affineDifference(affine, header.affine) > AFFINE_TOLERANCE);
  if (other !== undefined) throw uneven(id, "are not parallel", other.number, slices);
  const normal = sliceNormal(affine);
  // The third column is no slice's own, but of the volume that it was taken from, if of any.
  const along = normal.reduce((sum, part, row) => sum + part * affine[row]![2], 0);
  const [nx, ny, nz] = along < 0 ? ([-normal[0], -normal[1], -normal[2]] as const) : normal;
  const row = (i: 0 | 1 | 2, part: number): AffineRow => [
    affine[i][0],
    affine[i][1],
    part * distanceMm,
    affine[i][3],
  ];
  const turned = makeAffine(row(0, nx), row(1, ny), row(2, nz));
  if (axisCodesOf(turned) === undefined) throw noSpace(id);
  return { shape, spacingMm: voxelSizesMm(turned), affine: turned };
}

function uneven(id: string, what: string, number: number, slices: readonly PlacedSlice[]): HipError {
  const [width, height = 1] = slices[0]!.header.shape;
  return new HipError(
    "bad-image",
    `Cannot put the slices of "${id}" together: ${what}, by the header of slice ${number} (${counted(slices.length, "slice")} of ${width} x ${height})`,
    { hint: "Correct the headers, or take the slices from the volume again" },
  );
}

function noSpace(id: string): HipError {
  return new HipError(
    "bad-image",
    `Cannot put the slices of "${id}" together: their affine must span space, so that left, front and top are known`,
    { hint: "Correct the affine in their headers" },
  );
}

/** The affine that the headers agree on; undefined where they state none, or all of them the same place. */
function statedAffine(id: string, slices: readonly PlacedSlice[]): Affine | undefined {
  if (!slices.every(({ header }) => isPlaced(header))) return undefined;
  const { affine } = slices[0]!.header;
  if (slices.length === 1) return affine;
  const last = slices.at(-1)!.header.affine;
  const steps = slices.length - 1;
  const step = [0, 1, 2].map((row) => (last[row]![3] - affine[row]![3]) / steps);
  const length = Math.hypot(...step);
  if (!(length > AFFINE_TOLERANCE)) return undefined;
  for (const [i, { header }] of slices.entries()) {
    const wanted = shifted(affine, step, i);
    const offset = Math.hypot(...[0, 1, 2].map((row) => header.affine[row]![3] - wanted[row]![3]));
    const turned = affineDifference(wanted, withOrigin(header.affine, wanted));
    if (offset <= UNEVEN * length && turned <= AFFINE_TOLERANCE) continue;
    const what = turned > AFFINE_TOLERANCE ? "are not parallel" : "lie unevenly apart";
    throw uneven(id, what, slices[i]!.number, slices);
  }
  // The third column as written is exact where the quotient of two rounded positions is not.
  const column = [0, 1, 2].map((row) => affine[row]![2]);
  const isSame = column.every((part, row) => Math.abs(part - step[row]!) <= UNEVEN * length);
  const [a = 0, b = 0, c = 0] = isSame ? column : step;
  const row = (i: 0 | 1 | 2, along: number): AffineRow => [affine[i][0], affine[i][1], along, affine[i][3]];
  return makeAffine(row(0, a), row(1, b), row(2, c));
}

function shifted(affine: Affine, step: readonly number[], by: number): Affine {
  const row = (i: 0 | 1 | 2): AffineRow => [
    affine[i][0],
    affine[i][1],
    affine[i][2],
    affine[i][3] + by * step[i]!,
  ];
  return makeAffine(row(0), row(1), row(2));
}

function withOrigin(affine: Affine, origin: Affine): Affine {
  const row = (i: 0 | 1 | 2): AffineRow => [affine[i][0], affine[i][1], affine[i][2], origin[i][3]];
  return makeAffine(row(0), row(1), row(2));
}

const BODY: Readonly<Record<AxisCode, readonly [row: number, sign: number]>> = {
  L: [0, -1],
  R: [0, 1],
  P: [1, -1],
  A: [1, 1],
  I: [2, -1],
  S: [2, 1],
};

/** Axes along the body's own, the middle of the stack at 0. */
function centredAffine(codes: AxisCodes, shape: Grid["shape"], spacingMm: Grid["spacingMm"]): Affine {
  const rows: [number, number, number, number][] = [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ];
  for (const axis of [0, 1, 2] as const) {
    const [at, sign] = BODY[codes[axis] as AxisCode];
    rows[at]![axis] = sign * spacingMm[axis];
    rows[at]![3] = (-sign * spacingMm[axis] * (shape[axis] - 1)) / 2;
  }
  return makeAffine(rows[0]!, rows[1]!, rows[2]!);
}
