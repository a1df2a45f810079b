/** One case of predicted and true masks, read, brought to one numbering and held against each other. */
import { concatenate, type Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { counted, formatVoxel } from "../core/text.ts";
import { voxelSizesMm } from "../nifti/affine.ts";
import { isPlaced, statesSpacing } from "../volume/image.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { AFFINE_TOLERANCE, affineDifference, checkSpacing, sliceDistance } from "./geometry.ts";
import type { LabelMap } from "./label-map.ts";
import { type ReadMask, readMaskIds } from "./mask-file.ts";
import type { MaskCase, MaskFiles, MaskFolder, MaskRef } from "./mask-pairs.ts";
import { checkLabels } from "./mask-values.ts";
import { type OrganMap, organsByName, readOrganMasks } from "./organ-masks.ts";

export interface MaskCaseContext {
  readonly prediction: MaskFolder;
  readonly truth: MaskFolder;
  readonly inflate: Inflate;
  readonly labels: readonly LabelDefinition[];
  readonly map: LabelMap;
  /** Of predictions in a file for each organ. */
  readonly organMap: OrganMap;
}

export interface DecodedMasks {
  /** Label ids of the truth's numbering, x fastest. */
  readonly truth: Uint8Array;
  readonly prediction: Uint8Array;
  /** A 2D mask has depth 1. */
  readonly shape: readonly [x: number, y: number, z: number];
  readonly spacingMm: readonly [x: number, y: number, z: number];
  /** Oddities that were tolerated. */
  readonly warnings: readonly string[];
}

/** A mask with more unknown numbers than any tool has labels for a pelvis is an image given by mistake. */
const MOST_UNKNOWN = 20;

/** @throws HipError "bad-mask" naming each number of the prediction that means no label */
function renumber({ ids, path, shape }: ReadMask, map: LabelMap): Uint8Array {
  const table = new Int16Array(256).fill(-1);
  for (const [from, to] of map) table[from] = to;
  const unknown = new Map<number, { n: number; first: number }>();
  const renumbered = new Uint8Array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    const to = table[ids[i]!]!;
    renumbered[i] = to;
    if (to >= 0) continue;
    const sofar = unknown.get(ids[i]!);
    if (sofar === undefined) unknown.set(ids[i]!, { n: 1, first: i });
    else sofar.n++;
  }
  if (unknown.size === 0) return renumbered;
  if (unknown.size > MOST_UNKNOWN) {
    throw new HipError(
      "bad-mask",
      `Cannot score "${path}": expected a mask, found ${unknown.size} numbers that mean no label, as in an image`,
      { hint: "Give the folder of predicted masks, not of the images" },
    );
  }
  const found = [...unknown].map(
    ([id, { n, first }]) => `${id} in ${counted(n, "voxel")}, the first at ${formatVoxel(first, shape)}`,
  );
  throw new HipError(
    "bad-mask",
    `Cannot score "${path}": it has numbers that mean no label: ${found.join("; ")}`,
    {
      hint: `Say what they mean: --map ${[...unknown.keys()].map((id) => `${id}=background`).join(",")} takes them for background`,
    },
  );
}

const formatShape = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/** @throws HipError "bad-mask" where the grids differ; @returns what was tolerated */
function compareGrids(prediction: ReadMask, truth: ReadMask): string | undefined {
  const names = `Prediction "${prediction.path}" must lie on the grid of "${truth.path}"`;
  const hint = "Resample the prediction onto the grid of the truth with nearest neighbour";
  if (`${prediction.shape}` !== `${truth.shape}`) {
    const [found, wanted] = [prediction, truth].map(({ shape }) => formatShape(shape));
    throw new HipError("bad-mask", `${names}: expected shape ${wanted}, got ${found}`, { hint });
  }
  const largest = affineDifference(prediction.header.affine, truth.header.affine);
  if (largest <= AFFINE_TOLERANCE) return undefined;
  if (isPlaced(prediction.header) && isPlaced(truth.header)) {
    throw new HipError(
      "bad-mask",
      `${names}: entries of their affines differ by up to ${Number(largest.toPrecision(4))}, expected at most ${AFFINE_TOLERANCE}`,
      { hint },
    );
  }
  return "not both masks say where they lie, and what they say differs: voxels are taken to match, at the size of the truth's";
}

interface DecodedFile extends ReadMask {
  readonly prediction: Uint8Array;
  readonly note: string | undefined;
}

/** @throws HipError as readMaskIds(), readOrganMasks() */
function readRef(
  side: MaskFolder,
  ref: MaskRef,
  context: MaskCaseContext,
  organMap: OrganMap,
): Promise<ReadMask> {
  const { inflate, labels } = context;
  if (typeof ref === "string") return readMaskIds(side, ref, inflate);
  return readOrganMasks(side, ref, { organMap, labels, inflate });
}

async function decodeFiles(files: MaskFiles, context: MaskCaseContext): Promise<DecodedFile> {
  const { labels, map, organMap } = context;
  const truth = await readRef(context.truth, files.truth, context, organsByName(labels));
  checkLabels(truth.ids, labels, { name: truth.path, shape: truth.shape });
  if (files.prediction === undefined) {
    return { ...truth, prediction: new Uint8Array(truth.ids.length), note: undefined };
  }
  const prediction = await readRef(context.prediction, files.prediction, context, organMap);
  const note = compareGrids(prediction, truth);
  // A file for each organ has the truth's ids already.
  const ids = typeof files.prediction === "string" ? renumber(prediction, map) : prediction.ids;
  return { ...truth, prediction: ids, note };
}

/** @throws HipError "bad-mask" for a volume among slices, or slices of unequal shape */
function checkSlices(files: readonly DecodedFile[]): void {
  const [first] = files;
  const odd = files.find(({ shape }) => shape.length > 2 || `${shape}` !== `${first!.shape}`);
  if (odd === undefined) return;
  throw new HipError(
    "bad-mask",
    `Slices of one volume must be 2D and have equal shapes: "${first!.path}" has ${formatShape(first!.shape)}, "${odd.path}" has ${formatShape(odd.shape)}`,
    { hint: "Take the slices of one case from one volume" },
  );
}

/**
 * Reads the masks of a case; slices are assembled to their volume.
 * @throws HipError "unreadable-image"; "bad-mask": an unknown or fractional label, other grids, more than 3 axes;
 *   "bad-image" where a voxel has no size
 */
export async function decodeMasks(entry: MaskCase, context: MaskCaseContext): Promise<DecodedMasks> {
  const files: DecodedFile[] = [];
  for (const pair of entry.files) files.push(await decodeFiles(pair, context));
  const [first] = files;
  if (first === undefined) throw new RangeError(`Case "${entry.id}" has no files`);
  if (first.shape.length > 3) {
    throw new HipError(
      "bad-mask",
      `Mask "${first.path}" must have at most 3 axes, got ${formatShape(first.shape)}`,
      {
        hint: "Write each frame as a file of its own",
      },
    );
  }
  const notes = new Set(
    files.flatMap(({ path, note }) => (note === undefined ? [] : [`"${path}": ${note}`])),
  );
  const warnings = [...notes];
  const [x, y, z] = voxelSizesMm(first.header.affine);
  checkSpacing(first.path, [x, y, z]);
  if (!statesSpacing(first.header)) {
    warnings.push(`"${first.path}" does not state the size of its voxels: distances are in voxels of 1 mm`);
  }
  const { sliceNumbers } = entry;
  const isStack = sliceNumbers !== undefined;
  if (isStack) checkSlices(files);
  let distanceMm = z;
  if (isStack && files.length > 1) {
    const found = sliceDistance(files.map(({ header }, i) => ({ number: sliceNumbers[i]!, header })));
    distanceMm = found.distanceMm;
    warnings.push(...found.warnings.map((text) => `"${entry.id}": ${text}`));
  }
  const [width = 1, height = 1, depth = 1] = first.shape;
  return {
    truth: concatenate(files.map(({ ids }) => ids)),
    prediction: concatenate(files.map(({ prediction }) => prediction)),
    shape: [width, height, isStack ? files.length : depth],
    spacingMm: [x, y, distanceMm],
    warnings,
  };
}
