/** A 4x4 matrix, rows first: voxel index to RAS+ millimetres, as nibabel has it. */
export type AffineRow = readonly [number, number, number, number];
export type Affine = readonly [AffineRow, AffineRow, AffineRow, AffineRow];
