/** Unit quaternions of NIfTI's qform: https://nifti.nimh.nih.gov/nifti-1/documentation/nifti1fields/nifti1fields_pages/quatern.html */
import { type Affine, makeAffine, type Point } from "./affine.ts";

/** What a qform consists of. */
export interface Qform {
  /** b, c, d; a >= 0 makes the length 1. */
  readonly quaternion: Point;
  readonly offsetMm: Point;
  readonly spacingMm: Point;
  /** -1 where the third axis is turned around, else 1. */
  readonly qfac: 1 | -1;
}

/**
 * The affine of a qform.
 * @param zeroBelow how far a^2 may lie from 0, by rounding, and still be taken as 0 (a turn by 180 degrees).
 */
export function affineOfQform(qform: Qform, zeroBelow: number): Affine {
  const [b, c, d] = qform.quaternion;
  const a2 = 1 - (b * b + c * c + d * d);
  const a = a2 < zeroBelow ? 0 : Math.sqrt(a2);
  const length2 = a * a + b * b + c * c + d * d;
  const s = 2 / length2;
  const [x, y, z] = qform.spacingMm;
  const k = z * qform.qfac;
  const [ox, oy, oz] = qform.offsetMm;
  return makeAffine(
    [(1 - s * (c * c + d * d)) * x, s * (b * c - a * d) * y, s * (b * d + a * c) * k, ox],
    [s * (b * c + a * d) * x, (1 - s * (b * b + d * d)) * y, s * (c * d - a * b) * k, oy],
    [s * (b * d - a * c) * x, s * (c * d + a * b) * y, (1 - s * (b * b + c * c)) * k, oz],
  );
}

/** b, c, d of a rotation matrix (rows first, determinant 1). Shepperd: J. Guidance and Control 1 (1978) 223. */
function quaternionOf(m: readonly [Point, Point, Point]): Point {
  const [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = m;
  const squares = [1 + xx + yy + zz, 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz];
  // The largest of the four is divided by, so that nothing is lost near a turn by 180 degrees.
  const largest = squares.indexOf(Math.max(...squares));
  const twice = Math.sqrt(Math.max(squares[largest]!, 0));
  const s = 0.5 / twice;
  const candidates: readonly [number, number, number, number][] = [
    [twice / 2, (zy - yz) * s, (xz - zx) * s, (yx - xy) * s],
    [(zy - yz) * s, twice / 2, (xy + yx) * s, (xz + zx) * s],
    [(xz - zx) * s, (xy + yx) * s, twice / 2, (yz + zy) * s],
    [(yx - xy) * s, (xz + zx) * s, (yz + zy) * s, twice / 2],
  ];
  const [a, b, c, d] = candidates[largest]!;
  return a < 0 ? [-b, -c, -d] : [b, c, d];
}

/**
 * The qform that says the same as `affine`, in float32 as a header stores it; undefined where there is none,
 * because the affine shears or its steps are not `spacingMm` long.
 */
export function qformOfAffine(affine: Affine, spacingMm: Point): Qform | undefined {
  const [x, y, z] = spacingMm;
  const [p, q, r] = affine;
  const turn = (k: number): readonly [Point, Point, Point] => [
    [p[0] / x, p[1] / y, (p[2] / z) * k],
    [q[0] / x, q[1] / y, (q[2] / z) * k],
    [r[0] / x, r[1] / y, (r[2] / z) * k],
  ];
  const [m0, m1, m2] = turn(1);
  const cross0 = m1[1] * m2[2] - m1[2] * m2[1];
  const cross1 = m1[0] * m2[2] - m1[2] * m2[0];
  const cross2 = m1[0] * m2[1] - m1[1] * m2[0];
  const qfac = m0[0] * cross0 - m0[1] * cross1 + m0[2] * cross2 < 0 ? -1 : 1;
  const [b, c, d] = quaternionOf(turn(qfac));
  const qform: Qform = {
    quaternion: [Math.fround(b), Math.fround(c), Math.fround(d)],
    offsetMm: [p[3], q[3], r[3]],
    spacingMm,
    qfac,
  };
  const again = affineOfQform(qform, FLOAT32_ZERO);
  const tolerance = 1e-4 * Math.max(x, y, z);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      if (!(Math.abs(again[i]![j]! - affine[i]![j]!) <= tolerance)) return undefined;
    }
  }
  return qform;
}

/** Three float32 roundings: nibabel's threshold for NIfTI-1. */
export const FLOAT32_ZERO = 3 * 2 ** -23;
/** Three float64 roundings: for NIfTI-2. */
export const FLOAT64_ZERO = 3 * 2 ** -52;
