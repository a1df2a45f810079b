/** The worst cases of a split, each with the slice in which it is most wrong. */
import type { DecodedCase } from "../dataset/types.ts";
import type { CaseMetrics } from "../metrics/types.ts";
import type { SheetRow } from "../plot/contact-sheet.ts";
import { meanDiceOf, rowOfSlice, tellingSlice } from "./sheet-rows.ts";

/** More cards than this would make a page of many megabytes that nobody looks through. */
const MOST_CASES = 24;

export interface GalleryCase {
  /** The slice's own name. */
  readonly slice: string;
  /** Mean over the foreground labels; null where none is in truth or prediction. */
  readonly dice: number | null;
  readonly scored: CaseMetrics;
  readonly row: Omit<SheetRow, "title">;
}

/**
 * The slice with the largest error: over the labels, its wrong voxels as a share of the label's voxels in the volume, so
 * that a small organ counts as much as the body; the telling slice where nothing is wrong.
 */
export function worstSlice(truth: Uint8Array, prediction: Uint8Array, sliceLength: number): number {
  const depth = truth.length / sliceLength;
  const volume = new Float64Array(256);
  for (let i = 0; i < truth.length; i++) volume[truth[i]!]!++;
  let best = { slice: tellingSlice(truth, sliceLength), error: 0 };
  for (let slice = 0; slice < depth; slice++) {
    let error = 0;
    for (let i = slice * sliceLength; i < (slice + 1) * sliceLength; i++) {
      const [t, p] = [truth[i]!, prediction[i]!];
      if (t === p || t === 255) continue;
      if (t !== 0) error += 1 / volume[t]!;
      if (p !== 0) error += 1 / Math.max(1, volume[p]!);
    }
    if (error > best.error) best = { slice, error };
  }
  return best.slice;
}

/** Cases without any label are the best: there was nothing to find, and nothing was found. */
const rank = ({ dice }: { readonly dice: number | null }): number => dice ?? 2;

export interface Gallery {
  /** Whether a case would be kept: it need not be drawn otherwise. */
  wants(scored: CaseMetrics): boolean;
  add(shown: GalleryCase): void;
  /** The worst first; of equals in the order of adding. */
  cases(): readonly GalleryCase[];
}

/** A case with its worst slice. */
export function galleryCase(decoded: DecodedCase, prediction: Uint8Array, scored: CaseMetrics): GalleryCase {
  const slice = worstSlice(decoded.mask, prediction, decoded.width * decoded.height);
  const { name, row } = rowOfSlice(decoded, prediction, slice);
  return { slice: name, dice: meanDiceOf(scored), scored, row };
}

/** Keeps one slice of the worst cases only, so that memory does not grow with the number of cases. */
export function makeGallery(): Gallery {
  let kept: readonly GalleryCase[] = [];
  const hasPlace = (dice: number | null): boolean => {
    const last = kept.at(-1);
    return kept.length < MOST_CASES || last === undefined || rank({ dice }) < rank(last);
  };
  return {
    wants: (scored) => hasPlace(meanDiceOf(scored)),
    add(shown) {
      if (!hasPlace(shown.dice)) return;
      kept = [...kept, shown].sort((a, b) => rank(a) - rank(b)).slice(0, MOST_CASES);
    },
    cases: () => kept,
  };
}
