/** What a kept mask goes by: a mask is never taken for another scan's, whatever order files are opened in. */
import type { Scan } from "../../../src/browser/index.ts";

/** FNV-1a, 32 bits: enough to tell the scans of one session apart. */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

export function maskKey(id: number, { name, source, grid }: Pick<Scan, "name" | "source" | "grid">): string {
  return `${id}-${digest(JSON.stringify([name, source, grid.shape, grid.affine]))}`;
}
