/** Edits of a label as a whole. */
import { keepLargestComponent } from "../volume/components.ts";
import { boxOfValue, rowStarts, sizeOf } from "./box.ts";
import type { Pen } from "./pen.ts";
import { checkLabel, type EditVolume } from "./volume.ts";

/**
 * Gives the voxels of one label another.
 * @throws RangeError
 */
export function replaceLabel(
  { mask }: EditVolume,
  pen: Pen,
  { from, to }: { from: number; to: number },
): void {
  checkLabel(from);
  checkLabel(to);
  for (let i = 0; i < mask.length; i++) if (mask[i] === from) pen.put(i, to);
}

/**
 * Leaves of a label its largest connected component, among 26 neighbours; the rest becomes `to`.
 * @throws RangeError
 */
export function keepLargest(
  { mask, shape }: EditVolume,
  pen: Pen,
  { label, to }: { readonly label: number; readonly to: number },
): void {
  checkLabel(label);
  checkLabel(to);
  const box = boxOfValue(mask, shape, label);
  if (box === undefined) return;
  const size = sizeOf(box);
  const [width] = size;
  const starts = rowStarts(box, shape);
  // 1 where the label is, so that label 0 can be asked for as well.
  const cells = new Uint8Array(starts.length * width);
  starts.forEach((start, row) => {
    for (let x = 0; x < width; x++) if (mask[start + x] === label) cells[row * width + x] = 1;
  });
  if (keepLargestComponent(cells, size, 1) === 0) return;
  starts.forEach((start, row) => {
    for (let i = start, cell = row * width; i < start + width; i++, cell++)
      if (mask[i] === label && cells[cell] === 0) pen.put(i, to);
  });
}
