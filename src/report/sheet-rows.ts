/** Which slices a contact sheet shows: of the first, best, median and worst volume the slice that tells most. */
import { mean } from "../core/statistics.ts";
import type { DecodedCase } from "../dataset/types.ts";
import type { CaseMetrics } from "../metrics/types.ts";
import type { SheetRow } from "../plot/contact-sheet.ts";

/** One slice of a scored volume: all that is kept of it, a depth-th part. */
export interface SheetCandidate {
  /** The slice's own name, e.g. "case_040_week_0_slice_31". */
  readonly name: string;
  /** Mean over the volume's foreground labels; null where none is in truth or prediction. */
  readonly dice: number | null;
  readonly row: Omit<SheetRow, "title">;
}

/**
 * The slice whose truth has the most foreground labels; among these the one whose smallest label is largest;
 * the middle slice where no slice has any.
 * @param mask label ids, depth * sliceLength
 */
export function tellingSlice(mask: Uint8Array, sliceLength: number): number {
  const depth = mask.length / sliceLength;
  const areas = new Uint32Array(256);
  let best = { slice: Math.floor(depth / 2), labels: 0, smallest: 0 };
  for (let slice = 0; slice < depth; slice++) {
    areas.fill(0);
    const end = (slice + 1) * sliceLength;
    for (let i = slice * sliceLength; i < end; i++) areas[mask[i]!]!++;
    let labels = 0;
    let smallest = sliceLength;
    for (let id = 1; id < 255; id++) {
      if (areas[id]! === 0) continue;
      labels++;
      smallest = Math.min(smallest, areas[id]!);
    }
    const isBetter = labels > best.labels || (labels === best.labels && smallest > best.smallest);
    if (labels > 0 && isBetter) best = { slice, labels, smallest };
  }
  return best.slice;
}

/** Whether row 0 is at the feet or at the back, where people expect the bottom of a picture. */
export function isUpsideDown({ orientation }: Pick<DecodedCase, "orientation">): boolean {
  return orientation !== undefined && "SA".includes(orientation[1]!);
}

/** One slice on its own, head or front upwards. */
function cutUpright<T extends Float32Array | Uint8Array>(
  data: T,
  slice: number,
  of: { readonly width: number; readonly height: number; readonly isFlipped: boolean },
): T {
  const { width, height } = of;
  // A copy: a view would keep the whole volume in memory.
  const cut = data.slice(slice * width * height, (slice + 1) * width * height) as T;
  if (!of.isFlipped) return cut;
  const flipped = new (data.constructor as new (length: number) => T)(cut.length);
  for (let y = 0; y < height; y++)
    flipped.set(cut.subarray((height - 1 - y) * width, (height - y) * width), y * width);
  return flipped;
}

/** One slice of a case as a row of a sheet, and its name: of a file of its own that file's. */
export function rowOfSlice(
  decoded: DecodedCase,
  prediction: Uint8Array,
  slice: number,
): { readonly name: string; readonly row: Omit<SheetRow, "title"> } {
  const { width, height, entry, spacingMm } = decoded;
  const of = { width, height, isFlipped: isUpsideDown(decoded) };
  const file = decoded.isReversed ? decoded.depth - 1 - slice : slice;
  const isFileOfItsOwn = entry.files.length === decoded.depth;
  return {
    name: isFileOfItsOwn ? entry.files[file]!.name : `${entry.id}, slice ${slice}`,
    row: {
      width,
      height,
      spacingMm: [spacingMm[0], spacingMm[1]],
      image: cutUpright(decoded.image, slice, of),
      truth: cutUpright(decoded.mask, slice, of),
      prediction: cutUpright(prediction, slice, of),
    },
  };
}

/** Mean over the foreground labels of a case; null where none is in truth or prediction. */
export function meanDiceOf({ labels }: CaseMetrics): number | null {
  const values = labels.map(({ dice }) => dice).filter((value) => value !== null);
  return values.length === 0 ? null : mean(values);
}

export function makeCandidate(
  decoded: DecodedCase,
  prediction: Uint8Array,
  scored: CaseMetrics,
): SheetCandidate {
  const slice = tellingSlice(decoded.mask, decoded.width * decoded.height);
  return { ...rowOfSlice(decoded, prediction, slice), dice: meanDiceOf(scored) };
}

/**
 * The first volume in file order, then the best, median and worst by mean foreground Dice; a volume that is several
 * of these has one row.
 * @param candidates one a volume, in file order
 */
export function chooseRows(candidates: readonly SheetCandidate[]): SheetRow[] {
  const ranked = candidates.filter(({ dice }) => dice !== null).sort((a, b) => b.dice! - a.dice!);
  const chosen: readonly (readonly [role: string, candidate: SheetCandidate | undefined])[] = [
    ["first", candidates[0]],
    ["best", ranked[0]],
    // Of an even number the better one of the two in the middle.
    ["median", ranked.length < 3 ? undefined : ranked[Math.floor((ranked.length - 1) / 2)]],
    ["worst", ranked.at(-1)],
  ];
  const roles = new Map<SheetCandidate, string[]>();
  for (const [role, candidate] of chosen) {
    if (candidate !== undefined) roles.set(candidate, [...(roles.get(candidate) ?? []), role]);
  }
  return [...roles].map(([{ name, dice, row }, names]) => {
    const role = candidates.length === 1 ? "only volume" : names.join(", ");
    const score = dice === null ? "no label" : `volume's mean Dice ${dice.toFixed(3)}`;
    return { ...row, title: `${role[0]!.toUpperCase()}${role.slice(1)}: ${name}, ${score}` };
  });
}
