/** A kept mask made whole: the saved one with the corrections of its journal. */
import { applyEdits, decodeMask, HipError } from "../../../src/browser/index.ts";
import type { KeptMask } from "./store.ts";

export interface RestoredMask {
  readonly mask: Uint8Array;
  readonly revision: number;
  /** Bytes of the journal that are whole. */
  readonly usedBytes: number;
  /** What could not be restored, for people. */
  readonly problem: string | undefined;
}

/** @returns undefined where the saved mask itself is damaged, or of another scan */
export function restoreMask(kept: KeptMask, voxels: number): RestoredMask | undefined {
  try {
    const { mask, revision } = decodeMask(kept.mask);
    if (mask.length !== voxels) return undefined;
    const replay = applyEdits(mask, kept.journal, { revision, atDamage: "stop" });
    const { usedBytes, problem } = replay;
    return { mask, revision: replay.revision, usedBytes, problem };
  } catch (error) {
    if (error instanceof HipError) return undefined;
    throw error;
  }
}
