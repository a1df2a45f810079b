/** The volume and its mask with fewer voxels, for the 3D view: a ray through it has as many steps as voxels. */
import { type Affine, type Grid, gridOfShape } from "../../../src/browser/index.ts";
import type { Triple, VoxelBox } from "./viewer.ts";

/** Where the coarse voxel's middle lies in the fine grid, along one axis. */
const fineOf = (index: number, coarse: number, fine: number): number =>
  Math.floor(((index + 0.5) * fine) / coarse);

/** Coarse voxels whose middle is in [from, to] of the fine grid; empty where first > last. */
function coarseSpan(from: number, to: number, coarse: number, fine: number): readonly [number, number] {
  let first = Math.max(0, Math.floor((from * coarse) / fine) - 1);
  let last = Math.min(coarse - 1, Math.ceil(((to + 1) * coarse) / fine));
  while (first <= last && fineOf(first, coarse, fine) < from) first++;
  while (last >= first && fineOf(last, coarse, fine) > to) last--;
  return [first, last];
}

/** @param most voxels along each axis */
export const coarseShape = (shape: Triple, most: number): Triple => [
  Math.min(most, shape[0]),
  Math.min(most, shape[1]),
  Math.min(most, shape[2]),
];

/** @returns the box of coarse voxels that a box of fine ones decides; undefined: none */
export function coarseBox({ from, to }: VoxelBox, shape: Triple, coarse: Triple): VoxelBox | undefined {
  const spans = ([0, 1, 2] as const).map((i) => coarseSpan(from[i], to[i], coarse[i], shape[i]));
  if (spans.some(([first, last]) => first > last)) return undefined;
  const [x, y, z] = spans as [(typeof spans)[0], (typeof spans)[0], (typeof spans)[0]];
  return { from: [x[0], y[0], z[0]], to: [x[1], y[1], z[1]] };
}

/** Takes the value in the middle of each coarse voxel of a box. @param fine, out x fastest */
export function sampleBox<T extends Float32Array | Uint8Array>(
  fine: T,
  shape: Triple,
  out: T,
  coarse: Triple,
  { from, to }: VoxelBox,
): void {
  for (let z = from[2]; z <= to[2]; z++) {
    for (let y = from[1]; y <= to[1]; y++) {
      const row = shape[0] * (fineOf(y, coarse[1], shape[1]) + shape[1] * fineOf(z, coarse[2], shape[2]));
      const outRow = coarse[0] * (y + coarse[1] * z);
      for (let x = from[0]; x <= to[0]; x++) out[outRow + x] = fine[row + fineOf(x, coarse[0], shape[0])]!;
    }
  }
}

/**
 * The matrix from coarse voxels to millimetres.
 * @param matrix the fine one, 4 x 4, row by row
 */
export function coarseMatrix(matrix: ArrayLike<number>, shape: Triple, coarse: Triple): Float32Array {
  const row = (r: number): Affine[number] => [
    matrix[4 * r]!,
    matrix[4 * r + 1]!,
    matrix[4 * r + 2]!,
    matrix[4 * r + 3]!,
  ];
  // Voxel sizes are in the matrix.
  const grid: Grid = { shape, spacingMm: [1, 1, 1], affine: [row(0), row(1), row(2), row(3)] };
  return Float32Array.from(gridOfShape(grid, coarse).affine.flat());
}
