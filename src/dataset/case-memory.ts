/** Decoded cases held in memory up to a budget; the least recently used leave first. */
import type { DecodedCase } from "./types.ts";

export interface CaseMemory {
  get(key: string): DecodedCase | undefined;
  /** Holds a case, unless it alone is larger than the budget. */
  set(key: string, decoded: DecodedCase): void;
  /** Of images and masks. */
  readonly heldBytes: number;
}

export function makeCaseMemory(maxBytes: number): CaseMemory {
  // A Map keeps the order of insertion: its first entry is the least recently used.
  const held = new Map<string, DecodedCase>();
  let heldBytes = 0;
  return {
    get heldBytes() {
      return heldBytes;
    },
    get(key) {
      const found = held.get(key);
      if (found !== undefined) {
        held.delete(key);
        held.set(key, found);
      }
      return found;
    },
    set(key, decoded) {
      const old = held.get(key);
      if (old !== undefined) heldBytes -= sizeOf(old);
      held.delete(key);
      if (sizeOf(decoded) > maxBytes) return;
      held.set(key, decoded);
      heldBytes += sizeOf(decoded);
      for (const [oldest, other] of held) {
        if (heldBytes <= maxBytes) break;
        held.delete(oldest);
        heldBytes -= sizeOf(other);
      }
    },
  };
}

function sizeOf(decoded: DecodedCase): number {
  return decoded.image.byteLength + decoded.mask.byteLength;
}
