/** Small masks as pictures: "." is 0, columns are x, rows are y, one list of rows for each z. */
import type { Triple } from "../../src/edit/box.ts";
import { makeMaskEditor } from "../../src/edit/editor.ts";
import type { MaskEditor, MaskEditorOptions } from "../../src/edit/types.ts";
import { drawSlice } from "../metrics/masks.ts";

export type Picture = readonly string[];

/** The editor of a mask drawn slice by slice, with voxels of 1 mm and an image of zeros where nothing else is said. */
export function editorOf(
  slices: readonly Picture[],
  options: Partial<Omit<MaskEditorOptions, "mask" | "shape">> = {},
): MaskEditor {
  const [first = []] = slices;
  const shape: Triple = [first[0]!.length, first.length, slices.length];
  const mask = drawSlice(...slices.flat());
  return makeMaskEditor({
    mask,
    shape,
    image: new Float32Array(mask.length),
    spacingMm: [1, 1, 1],
    ...options,
  });
}

/** The slices of an editor's mask, as they are drawn. */
export function show({ mask, shape: [nx, ny, nz] }: MaskEditor): readonly Picture[] {
  const line = (row: number): string =>
    [...mask.subarray(row * nx, (row + 1) * nx)].map((value) => (value === 0 ? "." : `${value}`)).join("");
  return Array.from({ length: nz }, (_, z) => Array.from({ length: ny }, (_, y) => line(z * ny + y)));
}
