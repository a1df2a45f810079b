/** Voxels chosen by their intensity: grown from a seed, or all of a region. */
import { boxOf, checkVoxel, indexOf, mapTriple, type Region, rowStarts, sizeOf, type Triple } from "./box.ts";
import { putCells } from "./fill.ts";
import { flood, OPEN, REACHED, WALL } from "./flood.ts";
import type { Pen } from "./pen.ts";
import { checkLabel, checkRange, type EditVolume, type IntensityRange } from "./volume.ts";

export interface GrowOptions {
  readonly seed: Triple;
  readonly label: number;
  /** How far an intensity may lie from the seed's, either way, in the image's units. */
  readonly tolerance: number;
  /** How far from the seed a voxel's centre may lie. */
  readonly radiusMm: number;
}

/**
 * Gives a label to the voxels around a seed that are as bright, from neighbour to neighbour, of which a voxel has 6.
 * Growth goes through voxels that have the label, and not through those that may not be given it.
 * @throws RangeError
 */
export function grow({ mask, image, shape, spacingMm }: EditVolume, pen: Pen, options: GrowOptions): void {
  const { seed, label, tolerance, radiusMm } = options;
  checkVoxel(seed, shape);
  checkLabel(label);
  for (const [name, value] of [["Tolerance", tolerance] as const, ["Radius", radiusMm] as const])
    if (!(value >= 0)) throw new RangeError(`${name} must be a number >= 0, got ${value}`);
  const at = indexOf(seed, shape);
  const middle = image[at]!;
  const [lowest, highest] = [middle - tolerance, middle + tolerance];
  const reach = mapTriple((axis) => Math.floor(radiusMm / spacingMm[axis] + 1e-6));
  const box = {
    first: mapTriple((axis) => Math.max(0, seed[axis] - reach[axis])),
    last: mapTriple((axis) => Math.min(shape[axis] - 1, seed[axis] + reach[axis])),
  };
  const size = sizeOf(box);
  const [width, height] = size;
  const starts = rowStarts(box, shape);
  const cells = new Uint8Array(starts.length * width);
  const isOpen = Uint8Array.from({ length: 256 }, (_, value) => (pen.canTurn(value, label) ? OPEN : WALL));
  const most = radiusMm * radiusMm * (1 + 1e-9);
  const offset = mapTriple((axis) => box.first[axis] - seed[axis]);
  for (let row = 0, cell = 0; row < starts.length; row++) {
    const dy = ((row % height) + offset[1]) * spacingMm[1];
    const dz = (Math.floor(row / height) + offset[2]) * spacingMm[2];
    const rest = most - dy * dy - dz * dz;
    const start = starts[row]!;
    for (let x = 0; x < width; x++, cell++) {
      const dx = (x + offset[0]) * spacingMm[0];
      const intensity = image[start + x]!;
      if (dx * dx <= rest && intensity >= lowest && intensity <= highest)
        cells[cell] = isOpen[mask[start + x]!]!;
    }
  }
  // So that a lock at the very seed is told.
  if (!pen.canTurn(mask[at]!, label)) pen.put(at, label);
  const middleCell = mapTriple((axis) => -offset[axis]);
  flood(cells, size, indexOf(middleCell, size));
  putCells(pen, cells, { state: REACHED, label, starts });
}

export interface ThresholdOptions {
  readonly region: Region;
  readonly label: number;
  readonly range: IntensityRange;
}

/**
 * Gives a label to all voxels of a region whose intensity lies within a range.
 * @throws RangeError
 */
export function threshold({ image, shape }: EditVolume, pen: Pen, options: ThresholdOptions): void {
  const { region, label, range } = options;
  checkLabel(label);
  checkRange(range);
  const [lowest, highest] = range;
  const box = boxOf(region, shape);
  const [width] = sizeOf(box);
  for (const start of rowStarts(box, shape))
    for (let i = start; i < start + width; i++)
      if (image[i]! >= lowest && image[i]! <= highest) pen.put(i, label);
}
