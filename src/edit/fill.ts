/** Regions of one label filled, and holes in a label closed. */
import { type Axis, boxOf, checkVoxel, indexOf, rowStarts, sizeOf, type Triple } from "./box.ts";
import { flood, OPEN, REACHED, WALL } from "./flood.ts";
import type { Pen } from "./pen.ts";
import { checkLabel, type EditVolume } from "./volume.ts";

/** Gives a label to the voxels of a box whose cells have a state. */
export function putCells(
  pen: Pen,
  cells: Uint8Array,
  to: { readonly state: number; readonly label: number; readonly starts: Int32Array },
): void {
  const { state, label, starts } = to;
  const width = cells.length / starts.length;
  for (let row = 0, cell = 0; row < starts.length; row++) {
    const start = starts[row]!;
    for (let x = 0; x < width; x++, cell++) if (cells[cell] === state) pen.put(start + x, label);
  }
}

export interface FillOptions {
  readonly at: Triple;
  readonly label: number;
  /** Fills the slice across this axis only, among 4 neighbours; without it the volume, among 6. */
  readonly axis?: Axis;
}

/**
 * Gives a label to the region around a voxel that has one label.
 * @throws RangeError
 */
export function fill({ mask, shape }: EditVolume, pen: Pen, { at, label, axis }: FillOptions): void {
  checkVoxel(at, shape);
  checkLabel(label);
  const old = mask[indexOf(at, shape)]!;
  if (old === label) return;
  const box = boxOf(axis === undefined ? "volume" : { axis, slice: at[axis] }, shape);
  const size = sizeOf(box);
  const starts = rowStarts(box, shape);
  const [width] = size;
  const cells = new Uint8Array(starts.length * width);
  for (let row = 0, cell = 0; row < starts.length; row++) {
    const start = starts[row]!;
    for (let x = 0; x < width; x++, cell++) cells[cell] = mask[start + x] === old ? OPEN : WALL;
  }
  const [x, y, z] = at;
  flood(cells, size, indexOf([x - box.first[0], y - box.first[1], z - box.first[2]], size));
  putCells(pen, cells, { state: REACHED, label, starts });
}

export interface FillHolesOptions {
  readonly label: number;
  readonly axis: Axis;
  /** Only this slice across the axis; without it all of them. */
  readonly slice?: number;
}

/**
 * Gives a label to what it encloses within a slice: whatever does not reach the slice's edge from neighbour to
 * neighbour, of which a pixel has 4. That may be another organ: what is not to be swallowed is locked, or left out by
 * `over`.
 * @throws RangeError
 */
export function fillHoles({ mask, shape }: EditVolume, pen: Pen, options: FillHolesOptions): void {
  const { label, axis, slice } = options;
  checkLabel(label);
  const [from, to] = slice === undefined ? [0, shape[axis] - 1] : [slice, slice];
  for (let each = from; each <= to; each++) {
    const box = boxOf({ axis, slice: each }, shape);
    const size = sizeOf(box);
    const starts = rowStarts(box, shape);
    const [width] = size;
    const cells = new Uint8Array(starts.length * width);
    let isThere = false;
    for (let row = 0, cell = 0; row < starts.length; row++) {
      const start = starts[row]!;
      for (let x = 0; x < width; x++, cell++) {
        const isLabel = mask[start + x] === label;
        cells[cell] = isLabel ? WALL : OPEN;
        isThere ||= isLabel;
      }
    }
    if (!isThere) continue;
    floodFromEdges(cells, size, axis);
    putCells(pen, cells, { state: OPEN, label, starts });
  }
}

/** Floods a slice from its four edges. */
function floodFromEdges(cells: Uint8Array, size: Triple, axis: Axis): void {
  const strides: Triple = [1, size[0], size[0] * size[1]];
  const [u, v] = ([0, 1, 2] as const).filter((each) => each !== axis) as [Axis, Axis];
  for (const [along, across] of [[u, v] as const, [v, u] as const]) {
    const farSide = (size[across] - 1) * strides[across];
    for (let i = 0; i < size[along]; i++) {
      flood(cells, size, i * strides[along]);
      flood(cells, size, i * strides[along] + farSide);
    }
  }
}
