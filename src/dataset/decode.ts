/** From a case's files to one stack of slices with its mask, after every check that training relies on. */

import type { Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { hintOfAll, problemsOf } from "../core/joined-errors.ts";
import { mapParallel } from "../core/parallel.ts";
import { counted } from "../core/text.ts";
import { readImage, readMask } from "../formats/image-file.ts";
import { voxelSizesMm } from "../nifti/affine.ts";
import { checkFinite } from "../nifti/read.ts";
import { type ImageHeader, isPlaced, type MaskImage, statesSpacing } from "../volume/image.ts";
import { type AxisCodes, reorientData, reorientGrid } from "../volume/orient.ts";
import { planSlices } from "../volume/slices.ts";
import type { Grid, LabelDefinition } from "../volume/volume.ts";
import { type Folder, openInFolder } from "./folder.ts";
import {
  AFFINE_TOLERANCE,
  affineDifference,
  checkSpacing,
  sliceDistance,
  turnOfSlices,
  withoutTrailingOnes,
} from "./geometry.ts";
import { checkLabels, toLabelIds } from "./mask-values.ts";
import { makeSliceStack, type SliceStack } from "./slice-stack.ts";
import type { CaseEntry, DecodedCase, FilePair } from "./types.ts";

/** By so much of a pixel's size may slices of one case differ. */
const UNLIKE_PIXELS = 0.01;
/** Slices decoded at once. */
const AT_ONCE = 16;

export interface DecodeContext {
  readonly folder: Folder;
  readonly inflate: Inflate;
  /** The data set's labels: a mask may have no other. */
  readonly labels: readonly LabelDefinition[];
  /** Which way width, height and depth are to run; by default as each case's own coarsest axis has it. */
  readonly orientation?: AxisCodes | undefined;
}

export interface DecodedPair {
  readonly header: ImageHeader;
  /** The image's shape without trailing 1s: [x], [x, y] or [x, y, z]. */
  readonly shape: readonly number[];
  /** x fastest. */
  readonly image: Float32Array;
  /** Label ids, x fastest. */
  readonly mask: Uint8Array;
  /** Oddities that were tolerated, without the file's name. */
  readonly notes: readonly string[];
}

/**
 * Reads a case.
 * @throws HipError "unreadable-image"; "bad-image": not finite, wrong number of axes, slices of unequal shape, no
 *   spacing; "bad-mask": other grid than the image, fractional or unknown label; "bad-dataset" listing all of them
 *   where several files are bad
 */
export async function decodeCase(entry: CaseEntry, context: DecodeContext): Promise<DecodedCase> {
  const stack = makeSliceStack(entry.files.length);
  const results = await mapParallel(entry.files, AT_ONCE, (file, i) =>
    caught(async () => stack.put(i, await decodePair(file, context))),
  );
  const pairs = allGood(entry, results);
  const notes = gatherNotes(entry.files, pairs);
  const first = pairs[0];
  if (first === undefined) throw new RangeError(`Case "${entry.id}" has no files`);
  return pairs.length > 1 || first.shape.length < 3 || sliceNumber(entry.files[0]!) !== undefined
    ? stackSlices(entry, { pairs, notes, stack, wanted: context.orientation })
    : cutVolume(entry, first, notes, context.orientation);
}

/** What `work` gives, or the HipError that it throws. */
async function caught<T>(work: () => T | Promise<T>): Promise<T | HipError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HipError) return error;
    throw error;
  }
}

/** @throws HipError where some are: a single one itself, else "bad-dataset" with the messages of all. */
function allGood<T>(entry: CaseEntry, results: readonly (T | HipError)[]): readonly T[] {
  const errors: HipError[] = [];
  const good: T[] = [];
  for (const result of results) {
    if (result instanceof HipError) errors.push(result);
    else good.push(result);
  }
  const [first] = errors;
  if (first === undefined) return good;
  if (errors.length === 1) throw first;
  throw joined(
    `Cannot use case "${entry.id}": ${errors.length} of ${counted(results.length, "file")} cannot be used`,
    errors,
  );
}

function joined(message: string, errors: readonly HipError[]): HipError {
  const hint = hintOfAll(errors);
  return new HipError("bad-dataset", message, {
    problems: errors.flatMap(problemsOf),
    ...(hint === undefined ? {} : { hint }),
  });
}

/**
 * Reads one image and its mask and checks both, alone and against each other.
 * @throws HipError as decodeCase(), of everything that is wrong with the two
 */
export async function decodePair(file: FilePair, context: DecodeContext): Promise<DecodedPair> {
  const { folder, inflate, labels } = context;
  const errors: HipError[] = [];
  async function attempt<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    const result = await caught(work);
    if (!(result instanceof HipError)) return result;
    errors.push(result);
    return undefined;
  }
  const image = await attempt(async () => readImage(await openInFolder(folder, file.image), inflate));
  const mask = await attempt(async () => readMask(await openInFolder(folder, file.mask), inflate));
  const shape = withoutTrailingOnes(image?.header.shape ?? []);
  if (image !== undefined) await attempt(() => checkFinite(image.values, { name: file.image, shape }));
  const places =
    image && mask ? await attempt(() => compareGrids(file, image.header, mask.header)) : undefined;
  const ids = mask && (await attempt(() => readIds(mask, file, labels)));
  if (
    image === undefined ||
    mask === undefined ||
    places === undefined ||
    ids === undefined ||
    errors.length > 0
  ) {
    if (errors.length === 1) throw errors[0];
    throw joined(`Cannot use "${file.image}" with its mask: ${counted(errors.length, "problem")}`, errors);
  }
  const notes = [...image.header.warnings, ...mask.header.warnings, ...places];
  return { header: image.header, shape, image: image.values, mask: ids, notes };
}

/** @throws HipError "bad-mask" of a label that is no whole number or none of the data set's */
function readIds(mask: MaskImage, file: FilePair, labels: readonly LabelDefinition[]): Uint8Array {
  const source = { name: file.mask, shape: withoutTrailingOnes(mask.header.shape) };
  const ids = toLabelIds(mask.values, source);
  checkLabels(ids, labels, source);
  return ids;
}

/** The number at the end of a slice's file name; undefined of a volume's. */
function sliceNumber(file: FilePair): number | undefined {
  const digits = /_slice_(\d+)$/.exec(file.name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

const formatShape = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/** @returns oddities that are tolerated @throws HipError "bad-mask" where shapes or places differ */
function compareGrids(file: FilePair, image: ImageHeader, mask: ImageHeader): readonly string[] {
  if (`${withoutTrailingOnes(image.shape)}` !== `${withoutTrailingOnes(mask.shape)}`) {
    throw new HipError(
      "bad-mask",
      `Mask "${file.mask}" must have the shape of image "${file.image}": expected ${formatShape(image.shape)}, got ${formatShape(mask.shape)}`,
      { hint: "Resample the mask onto the image's grid with nearest neighbour" },
    );
  }
  const largest = affineDifference(image.affine, mask.affine);
  if (largest <= AFFINE_TOLERANCE) return [];
  const imageIsPlaced = isPlaced(image);
  const maskIsPlaced = isPlaced(mask);
  if (!imageIsPlaced && !maskIsPlaced) {
    // Both places are assumed from the voxel sizes: they are no evidence.
    const [a, b] = [image, mask].map(({ affine }) => formatShape(voxelSizesMm(affine)));
    return [
      `neither image nor mask says where it lies, and their voxel sizes differ (${a} and ${b} mm): those of the image are taken`,
    ];
  }
  if (imageIsPlaced !== maskIsPlaced) {
    return [
      `the ${imageIsPlaced ? "mask" : "image"} states no place in space (no sform, no qform) and its partner does; voxels are taken to match`,
    ];
  }
  throw new HipError(
    "bad-mask",
    `Mask "${file.mask}" must lie where image "${file.image}" lies: entries of their affines differ by up to ${Number(largest.toPrecision(4))}, expected at most ${AFFINE_TOLERANCE}`,
    { hint: "Resample the mask onto the image's grid with nearest neighbour, or correct the wrong header" },
  );
}

/** One line per oddity, with the files it was met in. */
function gatherNotes(files: readonly FilePair[], pairs: readonly DecodedPair[]): string[] {
  const metIn = new Map<string, string[]>();
  for (const [i, pair] of pairs.entries()) {
    for (const note of new Set(pair.notes)) {
      metIn.set(note, [...(metIn.get(note) ?? []), files[i]!.image]);
    }
  }
  return [...metIn].map(([note, paths]) =>
    paths.length === 1 ? `"${paths[0]}": ${note}` : `"${paths[0]}" and ${paths.length - 1} more: ${note}`,
  );
}

/** Why a slice cannot be stacked on those of `shape`. */
function misfit(
  entry: CaseEntry,
  at: number,
  found: readonly number[],
  [width, height]: readonly [number, number],
  headers: readonly ImageHeader[],
): HipError | undefined {
  const name = entry.files[at]!.image;
  if (found.length > 2) {
    return new HipError(
      "bad-image",
      `Cannot use image "${name}" as a slice: it must have 2 axes, got ${formatShape(found)}`,
      { hint: "Volumes belong into the imagesTr and labelsTr layout" },
    );
  }
  const [w = 1, h = 1] = found;
  if (w === width && h === height) return unlikePixels(entry, at, headers);
  return new HipError(
    "bad-image",
    `Slices of case "${entry.id}" must have equal shapes: "${entry.files[0]!.image}" has [${width}, ${height}], "${name}" has [${w}, ${h}]`,
    { hint: "Take the slices of one case from one volume" },
  );
}

/** Slices of one volume have pixels of one size and axes of one direction. */
function unlikePixels(entry: CaseEntry, at: number, headers: readonly ImageHeader[]): HipError | undefined {
  const [first, other] = [headers[0]!, headers[at]!];
  if (isPlaced(first) !== isPlaced(other)) return undefined;
  const inPlane = (header: ImageHeader): number[] =>
    header.affine.slice(0, 3).flatMap((row) => [row[0], row[1]]);
  const expected = inPlane(first);
  const largest = Math.max(...inPlane(other).map((value, i) => Math.abs(value - expected[i]!)));
  if (largest <= UNLIKE_PIXELS * Math.max(...expected.map(Math.abs))) return undefined;
  const sizes = [first, other].map(({ affine }) =>
    formatShape(
      voxelSizesMm(affine)
        .slice(0, 2)
        .map((mm) => Number(mm.toPrecision(5))),
    ),
  );
  const [a, b] = [entry.files[0]!.image, entry.files[at]!.image];
  return new HipError(
    "bad-image",
    `Slices of case "${entry.id}" must have pixels of one size and direction: "${a}" has ${sizes[0]} mm, "${b}" has ${sizes[1]} mm, and their affines differ by up to ${Number(largest.toPrecision(4))}`,
    { hint: "Take the slices of one case from one volume" },
  );
}

/** The stack of slice files, turned within their plane and along their numbers to the wanted orientation. */
function stackSlices(
  entry: CaseEntry,
  slices: {
    readonly pairs: readonly DecodedPair[];
    readonly notes: readonly string[];
    readonly stack: SliceStack;
    readonly wanted: AxisCodes | undefined;
  },
): DecodedCase {
  const { pairs, notes, stack, wanted } = slices;
  const [width = 1, height = 1] = pairs[0]!.shape;
  const headers = pairs.map(({ header }) => header);
  allGood(
    entry,
    pairs.map((pair, i) => misfit(entry, i, pair.shape, [width, height], headers)),
  );
  const first = pairs[0]!.header;
  const [x, y] = voxelSizesMm(first.affine);
  checkSpacing(entry.files[0]!.image, [x, y]);
  const placed = pairs.map(({ header }, i) => ({ number: sliceNumber(entry.files[i]!) ?? i, header }));
  const { distanceMm, warnings } = sliceDistance(placed);
  const file: Grid = { shape: [width, height, 1], spacingMm: [x, y, distanceMm], affine: first.affine };
  const grid: Grid = { ...file, shape: [width, height, pairs.length] };
  const { orientation, turn, warning } = turnOfSlices(placed, wanted);
  const turned = turn === undefined ? grid : reorientGrid(grid, turn);
  const { image, mask } = stack.join(pairs);
  const [w, h, depth] = turned.shape;
  return {
    entry,
    isReversed: turn?.flips[2] ?? false,
    width: w,
    height: h,
    depth,
    spacingMm: turned.spacingMm,
    hasSpacing: headers.some(statesSpacing),
    image: turn === undefined ? image : reorientData(image, grid.shape, turn),
    mask: turn === undefined ? mask : reorientData(mask, grid.shape, turn),
    grid: file,
    orientation,
    warnings: [
      ...notes,
      ...[...warnings, ...(warning === undefined ? [] : [warning])].map((text) => `"${entry.id}": ${text}`),
    ],
  };
}

function cutVolume(
  entry: CaseEntry,
  pair: DecodedPair,
  notes: readonly string[],
  wanted: AxisCodes | undefined,
): DecodedCase {
  const name = entry.files[0]!.image;
  if (pair.shape.length > 3) {
    throw new HipError(
      "bad-image",
      `Cannot use image "${name}": a volume must have 3 axes, got ${formatShape(pair.shape)}`,
      { hint: "Write each frame or channel as a file of its own" },
    );
  }
  const [x = 1, y = 1, z = 1] = pair.shape;
  const spacingMm = voxelSizesMm(pair.header.affine);
  checkSpacing(name, spacingMm);
  const grid: Grid = { shape: [x, y, z], spacingMm, affine: pair.header.affine };
  const { turn, orientation, warning } = planSlices(grid, {
    isPlaced: isPlaced(pair.header),
    isPicture: pair.header.format === "PNG",
    wanted,
  });
  const turned = reorientGrid(grid, turn);
  const [width, height, depth] = turned.shape;
  return {
    entry,
    isReversed: false,
    width,
    height,
    depth,
    spacingMm: turned.spacingMm,
    hasSpacing: statesSpacing(pair.header),
    image: reorientData(pair.image, grid.shape, turn),
    mask: reorientData(pair.mask, grid.shape, turn),
    grid,
    orientation,
    warnings: warning === undefined ? notes : [...notes, `"${name}": ${warning}`],
  };
}
