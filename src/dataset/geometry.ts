/** Where voxels and slices lie: sizes from the affine, the distance between slice files. */
import { HipError } from "../core/errors.ts";
import { median } from "../core/statistics.ts";
import { type Affine, type AffineRow, makeAffine, voxelSizesMm } from "../nifti/affine.ts";
import type { NiftiHeader } from "../nifti/types.ts";
import { type ImageHeader, isPlaced } from "../volume/image.ts";
import { type AxisCodes, axisCodesOf, planeOf, type Reorientation, reorientation } from "../volume/orient.ts";
import { pictureCodes } from "../volume/slices.ts";

/** By so much may entries of two affines differ and mean the same place: floats that passed through other tools. */
export const AFFINE_TOLERANCE = 1e-3;

/** The largest difference of two affines' entries; infinite where one is not a number. */
export function affineDifference(a: Affine, b: Affine): number {
  let largest = 0;
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 4; column++) {
      const difference = Math.abs(a[row]![column]! - b[row]![column]!);
      if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
      largest = Math.max(largest, difference);
    }
  }
  return largest;
}

/** @throws HipError "bad-image" where a voxel has no size along an axis */
export function checkSpacing(name: string, spacingMm: readonly number[]): void {
  if (spacingMm.every((size) => Number.isFinite(size) && size > 0)) return;
  throw new HipError(
    "bad-image",
    `Cannot use image "${name}": the voxel size must be > 0 mm along each axis, got [${spacingMm.join(", ")}]`,
    { hint: "Correct pixdim or the affine in its header" },
  );
}

/** The shape without its trailing 1s; at least one axis stays. */
export function withoutTrailingOnes(shape: readonly number[]): readonly number[] {
  let n = shape.length;
  while (n > 1 && shape[n - 1] === 1) n--;
  return shape.slice(0, n);
}

/** One slice file of a case: its number in the case and its header. */
export interface PlacedSlice {
  readonly number: number;
  readonly header: ImageHeader;
}

/**
 * Which way the columns, the rows and the numbers of slice files run; undefined where the headers do not say it or
 * cannot be believed: several slices that all state one place got their header from somewhere else.
 * @param slices upwards by number
 */
export function orientationOfSlices(slices: readonly PlacedSlice[]): AxisCodes | undefined {
  const first = slices[0]!.header.affine;
  const last = slices[slices.length - 1]!.header.affine;
  if (!slices.every(({ header }) => isPlaced(header))) return undefined;
  if (slices.length === 1) return axisCodesOf(first);
  const normal = sliceNormal(first);
  const step = [0, 1, 2].map((row) => last[row]![3] - first[row]![3]);
  const along = normal.reduce((sum, part, row) => sum + part * step[row]!, 0);
  if (!(Math.abs(along) > AFFINE_TOLERANCE)) return undefined;
  const row = (i: number): AffineRow => [first[i]![0], first[i]![1], step[i]!, 0];
  return axisCodesOf(makeAffine(row(0), row(1), row(2)));
}

export interface SliceDistance {
  readonly distanceMm: number;
  /** "pixels": nothing in the files says it, so that no volume may be told by it. */
  readonly source: "places" | "pixdim" | "pixels";
  readonly warnings: readonly string[];
}

/**
 * How far slice files lie apart, in mm: the median step of their positions along the slice normal, divided by
 * the step of their numbers. Slices that all state one place fall back to pixdim[3], then to the mean pixel size.
 * @param slices upwards by number
 */
export function sliceDistance(slices: readonly PlacedSlice[]): SliceDistance {
  const first = slices[0]!.header;
  const normal = sliceNormal(first.affine);
  const places = slices.map(({ header: { affine } }) =>
    normal.reduce((sum, part, row) => sum + part * affine[row]![3], 0),
  );
  const steps = places
    .slice(1)
    .map((place, i) => Math.abs(place - places[i]!) / (slices[i + 1]!.number - slices[i]!.number));
  const distanceMm = steps.length === 0 ? 0 : median(steps);
  if (distanceMm > AFFINE_TOLERANCE) {
    const even = steps.every((step) => Math.abs(step - distanceMm) <= 0.01 * distanceMm);
    const warning = `slices lie unevenly apart; the median, ${shorten(distanceMm)} mm, is used`;
    return { distanceMm, source: "places", warnings: even ? [] : [warning] };
  }
  const why = slices.length === 1 ? "there is one slice only" : "all slices state the same place";
  const stated = statedDistance(first);
  const [x, y] = voxelSizesMm(first.affine);
  const [fallback, words] = stated > 0 ? [stated, "pixdim[3]"] : [(x + y) / 2, "the mean pixel size"];
  return {
    distanceMm: fallback,
    source: stated > 0 ? "pixdim" : "pixels",
    warnings: [`the slice distance is not known (${why}); ${words}, ${shorten(fallback)} mm, is used`],
  };
}

/**
 * How slice files are brought to the wanted orientation; no `turn`: as they lie. Pictures are taken upright.
 * @param slices upwards by number
 */
export function turnOfSlices(
  slices: readonly PlacedSlice[],
  wanted: AxisCodes | undefined,
): {
  readonly orientation: AxisCodes | undefined;
  readonly turn?: Reorientation;
  readonly warning?: string;
} {
  const isPicture = slices[0]!.header.format === "PNG" && wanted !== undefined;
  const own = isPicture ? pictureCodes(wanted) : orientationOfSlices(slices);
  if (own === undefined || wanted === undefined || own === wanted) return { orientation: wanted ?? own };
  if (planeOf(own) === planeOf(wanted)) return { orientation: wanted, turn: reorientation(own, wanted) };
  const warning = `its slices say that they are ${planeOf(own)}, expected ${planeOf(wanted)}: taken as they lie`;
  return { orientation: wanted, warning };
}

/** pixdim[3] of a NIfTI file as it has it: the reader puts 1 in place of a missing one. 0 of other formats. */
export function statedDistance(header: ImageHeader): number {
  if (!("raw" in header)) return 0;
  const { format, littleEndian, raw } = header as NiftiHeader;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return format === "NIfTI-1" ? view.getFloat32(88, littleEndian) : view.getFloat64(128, littleEndian);
}

/** Unit normal of the plane of the first two voxel axes; zeros where they span none. */
export function sliceNormal([[ax, bx], [ay, by], [az, bz]]: Affine): readonly [number, number, number] {
  const x = ay * bz - az * by;
  const y = az * bx - ax * bz;
  const z = ax * by - ay * bx;
  const length = Math.hypot(x, y, z);
  return length > 0 ? [x / length, y / length, z / length] : [0, 0, 0];
}

const shorten = (value: number): number => Number(value.toPrecision(4));
