/** Slice files of one volume segmented together, for models that see neighbouring slices. */
import { HipError } from "../core/errors.ts";
import {
  type PlacedSlice,
  type SliceDistance,
  sliceDistance,
  turnOfSlices,
  withoutTrailingOnes,
} from "../dataset/geometry.ts";
import { voxelSizesMm } from "../nifti/affine.ts";
import type { Predictor } from "../predict/predictor.ts";
import type { ImageHeader } from "../volume/image.ts";
import {
  inverseOf,
  type Reorientation,
  reorientation,
  reorientData,
  reorientGrid,
} from "../volume/orient.ts";
import type { Grid, IntensityVolume } from "../volume/volume.ts";
import { factsOf, gridOf } from "./image-facts.ts";

/** A slice file whose header was read. */
export interface Slice {
  /** Path or name; its last part tells volume and number: `…_slice_N`. */
  readonly input: string;
  readonly header: ImageHeader;
}

/** A slice file that can be read. */
export interface LoadableSlice extends Slice {
  /** @throws HipError as readImage(), and "bad-image" where a value is not finite */
  readonly loadVolume: () => Promise<IntensityVolume>;
}

const SLICE_NAME = /^(.*)_slice_(\d+)\.[^/]*$/i;

/** Files `…_slice_N` of one folder and one name, upwards by number; every other image by itself. */
export function groupSlices<T extends Slice>(images: readonly T[]): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const image of images) {
    const isSlice = withoutTrailingOnes(image.header.shape).length <= 2;
    const stem = isSlice ? SLICE_NAME.exec(image.input)?.[1] : undefined;
    const key = stem === undefined ? `file ${image.input}` : `slices ${stem}`;
    groups.set(key, [...(groups.get(key) ?? []), image]);
  }
  return [...groups.values()].map((group) => group.sort((a, b) => numberOf(a) - numberOf(b)));
}

const numberOf = ({ input }: Slice): number => Number(SLICE_NAME.exec(input)?.[2] ?? 0);

/** Where the number of a slice is not that of the one before and one; -1 where there is no such place. */
function gapIn(numbers: readonly number[]): number {
  return numbers.findIndex((number, i) => i > 0 && number !== numbers[i - 1]! + 1);
}

/** Whether slices between the first and the last of a volume are missing. */
export const hasGap = (slices: readonly Slice[]): boolean => gapIn(slices.map(numberOf)) >= 0;

/** What a model that sees neighbouring slices would be misled by. */
function warnOfNeighbours(slices: readonly Slice[], neighbours: number): string[] {
  if (neighbours === 0) return [];
  const numbers = slices.map(numberOf);
  const gap = gapIn(numbers);
  if (gap < 0) return [];
  return [
    `slices between ${numbers[gap - 1]} and ${numbers[gap]} are missing, and the model sees neighbouring slices: those around the gap were taken for neighbours`,
  ];
}

const AS_THEY_LIE = reorientation("LPS", "LPS");

export interface StackedGrid {
  readonly grid: Grid;
  /** What brings it to the model's orientation. */
  readonly turn: Reorientation;
  /** Whether the files state the size of their pixels. */
  readonly hasSpacing: boolean;
  /** Where the distance of slices comes from, and what is odd about it. */
  readonly distance: SliceDistance;
  readonly warnings: readonly string[];
}

/** @throws HipError "bad-image" where the shapes of slices differ */
export function stackGrid(
  slices: readonly Slice[],
  wanted: Predictor["card"]["input"]["orientation"] | undefined,
): StackedGrid {
  const first = slices[0]!;
  const sizes = slices.map(({ header, input }) => gridOf(header, input).shape);
  const [width, height] = sizes[0]!;
  const odd = sizes.findIndex(([w, h, d]) => w !== width || h !== height || d !== 1);
  if (odd >= 0) {
    throw new HipError(
      "bad-image",
      `Slices of one volume must have equal shapes: "${first.input}" has [${width}, ${height}], "${slices[odd]!.input}" has [${sizes[odd]!.slice(0, 2).join(", ")}]`,
      { hint: "Give the slices of one volume only, or rename those of another" },
    );
  }
  const placed: PlacedSlice[] = slices.map((slice) => ({ number: numberOf(slice), header: slice.header }));
  const { affine } = first.header;
  const [x, y] = voxelSizesMm(affine);
  const distance = sliceDistance(placed);
  const grid: Grid = {
    shape: [width, height, slices.length],
    spacingMm: [x, y, distance.distanceMm],
    affine,
  };
  const { turn, warning } = turnOfSlices(placed, wanted ?? undefined);
  const hasSpacing = slices.some(({ header, input }) => factsOf(header, input).hasSpacing);
  const warnings = warning === undefined ? [] : [warning];
  return { grid, turn: turn ?? AS_THEY_LIE, hasSpacing, distance, warnings };
}

/**
 * Masks of slice files, each on its own grid.
 * @throws HipError "bad-image" where their shapes differ
 */
export async function segmentSliceSet(
  predictor: Predictor,
  slices: readonly LoadableSlice[],
  watcher: { readonly onProgress: (done: number) => void; readonly signal: AbortSignal | undefined },
): Promise<{ readonly masks: readonly Uint8Array[]; readonly warnings: readonly string[] }> {
  const { orientation, neighbours } = predictor.card.input;
  const { grid, turn, hasSpacing, warnings } = stackGrid(slices, orientation);
  const area = grid.shape[0] * grid.shape[1];
  const data = new Float32Array(area * slices.length);
  for (const [i, slice] of slices.entries()) data.set((await slice.loadVolume()).data, i * area);
  const turned = reorientGrid(grid, turn);
  const [width, height, depth] = turned.shape;
  const image = reorientData(data, grid.shape, turn);
  const labels = await predictor.predict(
    { width, height, depth, image, spacingMm: turned.spacingMm, hasSpacing },
    watcher,
  );
  const mask = reorientData(labels, turned.shape, inverseOf(turn));
  const masks = slices.map((_, i) => mask.slice(i * area, (i + 1) * area));
  return { masks, warnings: [...warnings, ...warnOfNeighbours(slices, neighbours)] };
}
