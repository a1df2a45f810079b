/** One case of any layout as an image volume and a label volume on one grid, for conversion. */
import { HipError } from "../core/errors.ts";
import { hintOfAll, problemsOf } from "../core/joined-errors.ts";
import { mapParallel } from "../core/parallel.ts";
import { counted } from "../core/text.ts";
import { voxelSizesMm } from "../nifti/affine.ts";
import { isPlaced } from "../volume/image.ts";
import { axisCodesOf } from "../volume/orient.ts";
import type { Grid, IntensityVolume, LabelVolume } from "../volume/volume.ts";
import { checkNumbers, placeStack } from "./convert-stack.ts";
import { type DecodeContext, type DecodedPair, decodePair } from "./decode.ts";
import { datasetError } from "./listing.ts";
import type { CaseEntry, FilePair, LayoutName } from "./types.ts";

/** Slices read at once. */
const AT_ONCE = 16;

export interface WholeCase {
  readonly image: IntensityVolume;
  readonly mask: LabelVolume;
  /** Set where it was put together from slices, which lie along the third axis: the number of the first. */
  readonly firstSlice: number | undefined;
  /** Oddities that were tolerated, without the case's name. */
  readonly warnings: readonly string[];
}

/**
 * Reads a case: the voxels of its one file on the file's own grid, or its slices by number.
 * @throws HipError as decodePair(); "bad-dataset" where slices are missing, or several files are bad; "bad-image"
 *   where a volume has no orientation, or slices cannot lie in one volume
 */
export async function readWholeCase(
  entry: CaseEntry,
  context: DecodeContext & { readonly layout: LayoutName },
): Promise<WholeCase> {
  const numbers = entry.files.map((file, i) => sliceNumber(file) ?? i);
  checkNumbers(entry.id, numbers);
  const pairs = await readPairs(entry, context);
  const first = pairs[0];
  if (first === undefined) throw new RangeError(`Case "${entry.id}" has no files`);
  const isSlices = pairs.length > 1 || first.shape.length < 3 || sliceNumber(entry.files[0]!) !== undefined;
  const notes = [...new Set(pairs.flatMap((pair) => [...pair.notes, ...noteOfPrecision(pair)]))];
  return isSlices
    ? stack(entry, pairs, { numbers, notes, layout: context.layout })
    : whole(entry, first, notes);
}

/** Whole numbers up to this one are float32 exactly. */
const LARGEST_WHOLE = 2 ** 24;

/** What float32, in which images are written, may not hold of the file's own numbers. */
function noteOfPrecision({ header: { dtype }, image }: DecodedPair): string[] {
  const isFine = /^float(64|128)$/.test(dtype);
  const isLarge = /^u?int(32|64)$/.test(dtype) && image.some((value) => Math.abs(value) > LARGEST_WHOLE);
  return isFine || isLarge ? [`its values are ${dtype} and are written as float32, to about 7 digits`] : [];
}

/** The number at the end of a slice's file name; undefined of a volume's. */
function sliceNumber({ name }: FilePair): number | undefined {
  const digits = /_slice_(\d+)$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

async function readPairs(entry: CaseEntry, context: DecodeContext): Promise<readonly DecodedPair[]> {
  const results = await mapParallel(entry.files, AT_ONCE, async (file) => {
    try {
      return await decodePair(file, context);
    } catch (error) {
      if (error instanceof HipError) return error;
      throw error;
    }
  });
  const errors: HipError[] = [];
  const pairs: DecodedPair[] = [];
  for (const result of results) {
    if (result instanceof HipError) errors.push(result);
    else pairs.push(result);
  }
  const [first] = errors;
  if (first === undefined) return pairs;
  if (errors.length === 1) throw first;
  throw datasetError(
    `Cannot use case "${entry.id}": ${errors.length} of ${counted(results.length, "file")} cannot be used`,
    hintOfAll(errors) ?? "Repair these files, or take the case away",
    errors.flatMap(problemsOf),
  );
}

function whole(entry: CaseEntry, pair: DecodedPair, notes: readonly string[]): WholeCase {
  const name = entry.files[0]!.image;
  const [x = 1, y = 1, z = 1, ...rest] = pair.shape;
  if (rest.length > 0) {
    throw new HipError(
      "bad-image",
      `Cannot use image "${name}": a volume must have 3 axes, got [${pair.shape.join(", ")}]`,
      { hint: "Write each frame or channel as a file of its own" },
    );
  }
  const { affine } = pair.header;
  const spacingMm = voxelSizesMm(affine);
  if (axisCodesOf(affine) === undefined || !spacingMm.every((size) => Number.isFinite(size) && size > 0)) {
    throw new HipError(
      "bad-image",
      `Cannot use image "${name}": its affine must span space, so that left, front and top are known`,
      { hint: "Correct the affine in its header" },
    );
  }
  const grid: Grid = { shape: [x, y, z], spacingMm, affine };
  const assumed = isPlaced(pair.header)
    ? []
    : [`it does not state where it lies: taken as ${pair.header.orientation}, and written so`];
  return { ...volumesOn(grid, pair), firstSlice: undefined, warnings: [...notes, ...assumed] };
}

function stack(
  entry: CaseEntry,
  pairs: readonly DecodedPair[],
  options: {
    readonly numbers: readonly number[];
    readonly notes: readonly string[];
    readonly layout: LayoutName;
  },
): WholeCase {
  const { numbers, notes, layout } = options;
  const [width = 1, height = 1] = pairs[0]!.shape;
  for (const [i, { shape }] of pairs.entries()) {
    const [w = 1, h = 1, ...rest] = shape;
    if (w === width && h === height && rest.length === 0) continue;
    throw new HipError(
      "bad-image",
      `Slices of case "${entry.id}" must have equal shapes: "${entry.files[0]!.image}" has [${width}, ${height}], "${entry.files[i]!.image}" has [${shape.join(", ")}]`,
      { hint: "Take the slices of one case from one volume" },
    );
  }
  const placed = pairs.map(({ header }, i) => ({ number: numbers[i]!, header }));
  const { grid, warnings } = placeStack(entry.id, [width, height], placed, layout);
  const area = width * height;
  const image = new Float32Array(area * pairs.length);
  const mask = new Uint8Array(area * pairs.length);
  for (const [i, pair] of pairs.entries()) {
    image.set(pair.image, i * area);
    mask.set(pair.mask, i * area);
  }
  return { ...volumesOn(grid, { image, mask }), firstSlice: numbers[0]!, warnings: [...notes, ...warnings] };
}

function volumesOn(
  grid: Grid,
  { image, mask }: Pick<DecodedPair, "image" | "mask">,
): Pick<WholeCase, "image" | "mask"> {
  return {
    image: { kind: "intensity", grid, data: image },
    mask: { kind: "label", grid, data: mask },
  };
}
