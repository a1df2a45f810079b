/** From a mask's stored numbers to label ids. Nothing is rounded away and no unknown label passes. */
import { HipError } from "../core/errors.ts";
import { IGNORE_LABEL } from "../core/labels.ts";
import { counted, formatVoxel } from "../core/text.ts";
import type { LabelDefinition } from "../volume/volume.ts";

/** The largest id that a label can have. */
export const LARGEST_LABEL = IGNORE_LABEL - 1;

/** What scaling by scl_slope in float32 may add to a whole number. */
export const ROUNDING = 1e-4;

export interface MaskSource {
  /** Path, for messages. */
  readonly name: string;
  /** As in the file, x fastest. */
  readonly shape: readonly number[];
}

/**
 * Whole numbers from 0 to 254 as label ids: of bytes the array itself, else a new one of the same length.
 * @throws HipError "bad-mask" naming the first value that is none, how many there are and where the first is.
 */
export function toLabelIds(values: Float32Array | Uint8Array, source: MaskSource): Uint8Array {
  if (values instanceof Uint8Array) {
    const first = values.indexOf(IGNORE_LABEL);
    if (first >= 0) throw badValue(values, first, source);
    return values;
  }
  const n = values.length;
  const ids = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const value = values[i]!;
    ids[i] = value;
    if (ids[i] !== value || value === IGNORE_LABEL) {
      if (!isLabel(value)) throw badValue(values, i, source);
      ids[i] = Math.round(value);
    }
  }
  return ids;
}

function isLabel(value: number): boolean {
  const nearest = Math.round(value);
  return Math.abs(value - nearest) <= ROUNDING && nearest >= 0 && nearest <= LARGEST_LABEL;
}

function hintOf(value: number): string {
  if (Math.round(value) === IGNORE_LABEL) {
    return `${IGNORE_LABEL} means "ignore" here and is no label: renumber the labels (0 to ${LARGEST_LABEL})`;
  }
  return Number.isInteger(value)
    ? "Renumber the labels"
    : "Fractions come of resampling a mask linearly, or of a file that is no mask: resample it again with nearest neighbour";
}

function badValue(values: Float32Array | Uint8Array, first: number, source: MaskSource): HipError {
  const value = values[first]!;
  let n = 0;
  for (let i = first; i < values.length; i++) {
    if (!isLabel(values[i]!)) n++;
  }
  return new HipError(
    "bad-mask",
    `Cannot use mask "${source.name}": labels must be whole numbers from 0 to ${LARGEST_LABEL}, got ${Number(value.toPrecision(7))} at voxel ${formatVoxel(first, source.shape)} (${counted(n, "such voxel")})`,
    { hint: hintOf(value) },
  );
}

/**
 * Where the first id lies that `known` has not; -1 where there is none. Neighbours are mostly alike, so that four of
 * them are mostly those of the time before.
 */
function firstUnknown(ids: Uint8Array, known: Uint8Array): number {
  let start = 0;
  if (ids.byteOffset % 4 === 0) {
    const fours = new Uint32Array(ids.buffer, ids.byteOffset, ids.length >> 2);
    let last = -1;
    let i = 0;
    for (; i < fours.length; i++) {
      const four = fours[i]!;
      if (four === last) continue;
      const isKnown =
        known[four & 255]! & known[(four >>> 8) & 255]! & known[(four >>> 16) & 255]! & known[four >>> 24]!;
      if (isKnown === 0) break;
      last = four;
    }
    start = 4 * i;
  }
  for (let i = start; i < ids.length; i++) if (known[ids[i]!] === 0) return i;
  return -1;
}

/**
 * Checks that a mask has none but the known labels.
 * @throws HipError "bad-mask" with each unknown label, its voxel count and first voxel.
 */
export function checkLabels(ids: Uint8Array, labels: readonly LabelDefinition[], source: MaskSource): void {
  const known = new Uint8Array(256);
  for (const { id } of labels) known[id] = 1;
  const firstBad = firstUnknown(ids, known);
  if (firstBad < 0) return;
  const found = new Map<number, { n: number; first: number }>();
  for (let i = firstBad; i < ids.length; i++) {
    const id = ids[i]!;
    if (known[id] === 1) continue;
    const sofar = found.get(id);
    if (sofar === undefined) found.set(id, { n: 1, first: i });
    else sofar.n++;
  }
  const problems = [...found].map(
    ([id, { n, first }]) =>
      `Label ${id}: ${counted(n, "voxel")}, the first at ${formatVoxel(first, source.shape)}`,
  );
  const id = ids[firstBad]!;
  const wanted = labels.map((label) => `${label.id} ${label.name}`).join(", ");
  throw new HipError(
    "bad-mask",
    `Cannot use mask "${source.name}": label must be one of ${wanted}; got ${id} in ${counted(found.get(id)!.n, "voxel")}, the first at ${formatVoxel(firstBad, source.shape)}`,
    { hint: "Correct the mask, or name the label in the data set's list of labels", problems },
  );
}
