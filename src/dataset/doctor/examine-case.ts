/** One case read and measured; of its voxels nothing is kept but what fits in a few numbers. */
import { mapParallel } from "../../core/parallel.ts";
import type { ImageHeader } from "../../volume/image.ts";
import { isPlaced } from "../../volume/image.ts";
import { type AxisCodes, reorientData, reorientGrid } from "../../volume/orient.ts";
import { planSlices } from "../../volume/slices.ts";
import type { Grid } from "../../volume/volume.ts";
import { orientationOfSlices, type PlacedSlice, sliceDistance } from "../geometry.ts";
import type { CaseEntry, FilePair } from "../types.ts";
import { constantSlices } from "./constant-slices.ts";
import { examinePair, type PairExam, type PairHeaders, type ReadContext } from "./examine-pair.ts";
import type { FileProblem } from "./findings.ts";
import { fingerprint } from "./fingerprint.ts";
import { gridOf } from "./headers.ts";
import { intensityStats } from "./intensities.ts";
import { countLabels, type LabelCounts } from "./label-counts.ts";
import type { IntensityStats } from "./types.ts";

/** Slice files of a case read at once. */
const AT_ONCE = 8;

/** A case's voxels as slices, lent while it is examined. */
export interface CaseVoxels {
  readonly entry: CaseEntry;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly spacingMm: readonly [width: number, height: number];
  /** depth * height * width; NaN and infinities are possible. */
  readonly image: Float32Array;
  /** Label ids; undefined where the mask could not be used. */
  readonly mask: Uint8Array | undefined;
  readonly orientation: AxisCodes | undefined;
}

/** A pair without its voxels, and without the header's bytes: they are a part of the file's and would keep it. */
export type ExaminedPair = Omit<PairExam, "values" | "ids" | "header">;

export interface CaseExam extends LabelCounts {
  readonly entry: CaseEntry;
  /** Headers and fingerprints, in the order of the files. */
  readonly pairs: readonly ExaminedPair[];
  readonly problems: readonly FileProblem[];
  /** How far slice files lie apart is in doubt: why. */
  readonly warnings: readonly string[];
  readonly intensity: IntensityStats | undefined;
  readonly slices: number;
  /** From 0: slices of one value that have a label all the same. Of slice files their place among the files. */
  readonly constantSlices: readonly number[];
  /** Of all label ids of the case; undefined where a mask is missing or all are empty. */
  readonly maskFingerprint: string | undefined;
}

export interface ExamineOptions extends ReadContext {
  readonly unit: "slice" | "volume";
  /** Of the slices that training would cut. */
  readonly orientation: AxisCodes | undefined;
  readonly onVoxels?: ((voxels: CaseVoxels) => void) | undefined;
}

/** The number at the end of a slice's file name, else its place in the case. */
function placedSlices(files: readonly FilePair[], pairs: readonly PairHeaders[]): readonly PlacedSlice[] {
  return pairs.flatMap(({ header, name }, i): PlacedSlice[] => {
    const digits = /_slice_(\d+)$/.exec(files[i]?.name ?? name)?.[1];
    return header === undefined ? [] : [{ number: digits === undefined ? i : Number(digits), header }];
  });
}

/** Why the distance of slice files is in doubt. */
export function sliceWarnings(files: readonly FilePair[], pairs: readonly PairHeaders[]): readonly string[] {
  const placed = placedSlices(files, pairs);
  return placed.length < 2 ? [] : sliceDistance(placed).warnings;
}

/** Slices of one case must have equal shapes to be stacked. */
function findUnequal(entry: CaseEntry, pairs: readonly PairHeaders[]): FileProblem[] {
  const shapes = pairs.flatMap(({ image }) => (image === undefined ? [] : [image]));
  const [first] = shapes;
  const other = shapes.find(({ shape }) => `${shape}` !== `${first?.shape}`);
  if (first === undefined || other === undefined) return [];
  const message =
    `Slices of case "${entry.id}" must have equal shapes: "${first.file}" has [${first.shape.join(", ")}], ` +
    `"${other.file}" has [${other.shape.join(", ")}]`;
  const remedy = "Take the slices of one case from one volume";
  return [{ code: "unequal-slices", file: other.file, caseId: entry.id, message, remedy }];
}

export const caseProblems = (
  entry: CaseEntry,
  pairs: readonly PairHeaders[],
  unit: "slice" | "volume",
): readonly FileProblem[] => [
  ...pairs.flatMap(({ problems }) => problems),
  ...(unit === "slice" ? findUnequal(entry, pairs) : []),
];

function joined<T extends Float32Array | Uint8Array>(arrays: readonly T[]): T {
  if (arrays.length === 1) return arrays[0]!;
  const total = arrays.reduce((sum, { length }) => sum + length, 0);
  const all = new (arrays[0]!.constructor as new (length: number) => T)(total);
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

function stackOfSlices(
  entry: CaseEntry,
  pairs: readonly PairExam[],
  wanted: AxisCodes | undefined,
): CaseVoxels | undefined {
  const placed = placedSlices(entry.files, pairs);
  const values = pairs.flatMap((pair) => (pair.values === undefined ? [] : [pair.values]));
  const masks = pairs.flatMap(({ ids, isMaskFitting }) => (ids === undefined || !isMaskFitting ? [] : [ids]));
  const first = pairs[0]?.image;
  const [width = 1, height = 1] = first?.shape ?? [];
  const isWhole = values.length === pairs.length && values.every(({ length }) => length === width * height);
  if (first === undefined || !isWhole) return undefined;
  return {
    entry,
    width,
    height,
    depth: pairs.length,
    spacingMm: [first.spacingMm[0], first.spacingMm[1]],
    image: joined(values),
    mask: masks.length === pairs.length ? joined(masks) : undefined,
    orientation: orientationOfSlices(placed) ?? wanted,
  };
}

function cutOfVolume(
  entry: CaseEntry,
  pair: PairExam,
  header: ImageHeader,
  wanted: AxisCodes | undefined,
): CaseVoxels | undefined {
  if (pair.values === undefined) return undefined;
  const grid: Grid = gridOf({ ...header, spacingMm: pair.image!.spacingMm });
  const { turn, orientation } = planSlices(grid, { isPlaced: isPlaced(header), wanted });
  const turned = reorientGrid(grid, turn);
  const [width, height, depth] = turned.shape;
  return {
    entry,
    width,
    height,
    depth,
    spacingMm: [turned.spacingMm[0], turned.spacingMm[1]],
    image: reorientData(pair.values, grid.shape, turn),
    mask:
      pair.ids === undefined || !pair.isMaskFitting ? undefined : reorientData(pair.ids, grid.shape, turn),
    orientation,
  };
}

function voxelsOf(
  entry: CaseEntry,
  pairs: readonly PairExam[],
  options: ExamineOptions,
): CaseVoxels | undefined {
  if (options.unit === "slice") return stackOfSlices(entry, pairs, options.orientation);
  const header = pairs[0]?.header;
  return header === undefined ? undefined : cutOfVolume(entry, pairs[0]!, header, options.orientation);
}

/** The masks slice by slice: of the turned volume where there is one, else of each file that could be read. */
function maskSlices(voxels: CaseVoxels | undefined, pairs: readonly PairExam[]): readonly Uint8Array[] {
  if (voxels?.mask === undefined) return pairs.flatMap(({ ids }) => (ids === undefined ? [] : [ids]));
  const { mask, width, height, depth } = voxels;
  const area = width * height;
  return Array.from({ length: depth }, (_, slice) => mask.subarray(slice * area, (slice + 1) * area));
}

/** Reads all files of a case; what cannot be read is told and left out. */
export async function examineCase(entry: CaseEntry, options: ExamineOptions): Promise<CaseExam> {
  const mostAxes = options.unit === "slice" ? 2 : 3;
  const pairs = await mapParallel(entry.files, AT_ONCE, (file) =>
    examinePair({ file, caseId: entry.id, mostAxes }, options),
  );
  const voxels = voxelsOf(entry, pairs, options);
  const masks = maskSlices(voxels, pairs);
  const isWholeMask = voxels?.mask !== undefined;
  const counts = countLabels(masks, isWholeMask || options.unit === "slice");
  const foreground = counts.labelVoxels?.some((n, id) => id > 0 && n > 0) ?? false;
  if (voxels !== undefined) options.onVoxels?.(voxels);
  return {
    entry,
    pairs: pairs.map(({ values: _, ids: __, header: ___, ...kept }) => kept),
    problems: caseProblems(entry, pairs, options.unit),
    warnings: options.unit === "slice" ? sliceWarnings(entry.files, pairs) : [],
    intensity: intensityStats(pairs.flatMap(({ values }) => (values === undefined ? [] : [values]))),
    ...counts,
    slices: voxels?.depth ?? 0,
    constantSlices: constantSlices(voxels, pairs, options.unit),
    maskFingerprint:
      isWholeMask && foreground
        ? fingerprint(voxels.mask!, [voxels.width, voxels.height, voxels.depth])
        : undefined,
  };
}
