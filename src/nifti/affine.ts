/** A 4x4 matrix, rows first: voxel index to RAS+ millimetres, as nibabel has it. */
export type AffineRow = readonly [number, number, number, number];
export type Affine = readonly [AffineRow, AffineRow, AffineRow, AffineRow];

/** A point or a direction in three dimensions. */
export type Point = readonly [number, number, number];

/** An affine from its three upper rows; -0 becomes 0. */
export function makeAffine(x: AffineRow, y: AffineRow, z: AffineRow): Affine {
  const row = (r: AffineRow): AffineRow => [r[0] + 0, r[1] + 0, r[2] + 0, r[3] + 0];
  return [row(x), row(y), row(z), [0, 0, 0, 1]];
}

/** Where a voxel index (fractions allowed) lies, in RAS+ millimetres. */
export function apply(affine: Affine, [x, y, z]: Point): Point {
  const at = (r: AffineRow): number => r[0] * x + r[1] * y + r[2] * z + r[3];
  return [at(affine[0]), at(affine[1]), at(affine[2])];
}

/** Determinant of the upper 3x3: volume of a voxel in mm^3, negative where the axes are left-handed. */
export function determinant([a, b, c]: Affine): number {
  return (
    a[0] * (b[1] * c[2] - b[2] * c[1]) -
    a[1] * (b[0] * c[2] - b[2] * c[0]) +
    a[2] * (b[0] * c[1] - b[1] * c[0])
  );
}

/** Length of one step along each voxel axis, in mm. */
export function voxelSizesMm([a, b, c]: Affine): readonly [number, number, number] {
  const at = (j: 0 | 1 | 2): number => Math.hypot(a[j], b[j], c[j]);
  return [at(0), at(1), at(2)];
}

/** Row-major 3x3 with writable entries. */
type Matrix3 = Float64Array;

/**
 * Eigenvectors (columns of `vectors`) and eigenvalues (left on the diagonal of `a`) of a symmetric 3x3, by
 * cyclic Jacobi rotations. Golub, Van Loan: "Matrix Computations", 4th ed., section 8.5.
 */
function diagonalise(a: Matrix3): Matrix3 {
  const vectors = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  for (let sweep = 0; sweep < 12; sweep++) {
    for (let p = 0; p < 2; p++) {
      for (let q = p + 1; q < 3; q++) {
        const off = a[3 * p + q]!;
        if (off === 0) continue;
        const theta = (a[4 * q]! - a[4 * p]!) / (2 * off);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const cos = 1 / Math.hypot(t, 1);
        const sin = t * cos;
        for (let k = 0; k < 3; k++) {
          const kp = a[3 * k + p]!;
          const kq = a[3 * k + q]!;
          a[3 * k + p] = cos * kp - sin * kq;
          a[3 * k + q] = sin * kp + cos * kq;
        }
        for (let k = 0; k < 3; k++) {
          const pk = a[3 * p + k]!;
          const qk = a[3 * q + k]!;
          a[3 * p + k] = cos * pk - sin * qk;
          a[3 * q + k] = sin * pk + cos * qk;
          const vp = vectors[3 * k + p]!;
          const vq = vectors[3 * k + q]!;
          vectors[3 * k + p] = cos * vp - sin * vq;
          vectors[3 * k + q] = sin * vp + cos * vq;
        }
      }
    }
  }
  return vectors;
}

/** The nearest matrix without shear to `m` (its polar factor); directions that `m` does not span stay out. */
function withoutShear(m: Matrix3): Matrix3 {
  const gram = new Float64Array(9);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      for (let k = 0; k < 3; k++) gram[3 * i + j]! += m[3 * k + i]! * m[3 * k + j]!;
    }
  }
  const vectors = diagonalise(gram);
  const largest = Math.max(gram[0]!, gram[4]!, gram[8]!);
  const out = new Float64Array(9);
  for (let k = 0; k < 3; k++) {
    const eigenvalue = gram[4 * k]!;
    // A singular value is the root of this: 1e-12 here is a millionth of the largest one.
    if (!(eigenvalue > largest * 1e-12)) continue;
    const scale = 1 / Math.sqrt(eigenvalue);
    for (let i = 0; i < 3; i++) {
      const along =
        scale * (m[3 * i]! * vectors[k]! + m[3 * i + 1]! * vectors[3 + k]! + m[3 * i + 2]! * vectors[6 + k]!);
      for (let j = 0; j < 3; j++) out[3 * i + j]! += along * vectors[3 * j + k]!;
    }
  }
  return out;
}

const POSITIVE = "RAS";
const NEGATIVE = "LPI";

/**
 * The direction in which each voxel axis points, e.g. "LPS": nibabel's `aff2axcodes`, with "?" for an axis
 * of no direction (nibabel: None). Axes are named from the most to the least clear, so that no letter comes twice.
 */
export function orientationOf(affine: Affine): string {
  const sizes = voxelSizesMm(affine);
  const m = new Float64Array(9);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) m[3 * i + j] = affine[i]![j]! / (sizes[j]! || 1);
  }
  const rotation = withoutShear(m);
  const strength = (j: number): number =>
    Math.max(rotation[j]! ** 2, rotation[3 + j]! ** 2, rotation[6 + j]! ** 2);
  const letters = ["?", "?", "?"];
  for (const j of [0, 1, 2].sort((a, b) => strength(b) - strength(a))) {
    let best = 0;
    for (let i = 1; i < 3; i++) {
      if (Math.abs(rotation[3 * i + j]!) > Math.abs(rotation[3 * best + j]!)) best = i;
    }
    const value = rotation[3 * best + j]!;
    if (!(Math.abs(value) > 1e-8)) continue;
    letters[j] = (value > 0 ? POSITIVE : NEGATIVE)[best]!;
    rotation.fill(0, 3 * best, 3 * best + 3);
  }
  return letters.join("");
}
