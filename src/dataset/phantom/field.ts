/** Smooth random fields over the phantom's field of view: random lattices under a cubic B-spline. */
import type { Random } from "../../core/random.ts";
import type { PhantomSize } from "./options.ts";

/**
 * The field of view in mm, the same for every grid size: HipMRI's 256 x 1.68 by 128 x 1.56 in the coronal plane. Front to
 * back it is the slab with the organs: HipMRI's 60 coronal slices a volume hold the prostate in 36 % of them, which
 * they could not if they covered the whole body.
 */
export const FIELD_OF_VIEW_MM = { x: 430.08, y: 199.68, slices: 150 } as const;

/** Control points `scaleMm` apart, x fastest. */
export interface Lattice {
  readonly scaleMm: number;
  readonly points: Float32Array;
}

/** Standard deviation of a B-spline over unit normals, averaged over positions: 0.479 per axis is its variance. */
const SPLINE_DEVIATION = 0.479 ** 1.5;

function latticeCount(extentMm: number, scaleMm: number): number {
  return Math.ceil(extentMm / scaleMm) + 3;
}

/** A lattice whose field has mean 0 and a standard deviation of about `amplitude`. */
export function drawLattice(random: Random, scaleMm: number, amplitude: number): Lattice {
  const { x, y, slices } = FIELD_OF_VIEW_MM;
  const count = latticeCount(x, scaleMm) * latticeCount(y, scaleMm) * latticeCount(slices, scaleMm);
  const points = new Float32Array(count);
  const factor = amplitude / SPLINE_DEVIATION;
  for (let i = 0; i < count; i++) points[i] = factor * random.normal();
  return { scaleMm, points };
}

/** The sum of two lattices of one scale. */
export function addLattices(a: Lattice, b: Lattice): Lattice {
  if (a.scaleMm !== b.scaleMm) throw new RangeError("Lattices of different scales cannot be added");
  return { scaleMm: a.scaleMm, points: a.points.map((value, i) => value + b.points[i]!) };
}

/** The lattice's field at every voxel centre (x fastest, then y, then slice). */
export function sampleLattice(lattice: Lattice, size: PhantomSize): Float32Array {
  const { scaleMm } = lattice;
  const fov = FIELD_OF_VIEW_MM;
  const nx = latticeCount(fov.x, scaleMm);
  const ny = latticeCount(fov.y, scaleMm);
  const ns = latticeCount(fov.slices, scaleMm);
  const alongX = upsampleAxis(lattice.points, 1, nx, ny * ns, size.x, fov.x / scaleMm);
  const alongY = upsampleAxis(alongX, size.x, ny, ns, size.y, fov.y / scaleMm);
  return upsampleAxis(alongY, size.x * size.y, ns, 1, size.slices, fov.slices / scaleMm);
}

/** Cubic B-spline along one axis of `[outer][from][inner]`, to `[outer][to][inner]`; `extent` in lattice steps. */
function upsampleAxis(
  source: Float32Array,
  inner: number,
  from: number,
  outer: number,
  to: number,
  extent: number,
): Float32Array {
  const out = new Float32Array(outer * to * inner);
  for (let i = 0; i < to; i++) {
    const at = ((i + 0.5) / to) * extent;
    const base = Math.floor(at);
    const t = at - base;
    const w0 = (1 - t) ** 3 / 6;
    const w1 = (3 * t ** 3 - 6 * t ** 2 + 4) / 6;
    const w3 = t ** 3 / 6;
    const w2 = 1 - w0 - w1 - w3;
    for (let o = 0; o < outer; o++) {
      let p = (o * from + base) * inner;
      let q = (o * to + i) * inner;
      for (const end = p + inner; p < end; p++, q++) {
        out[q] =
          w0 * source[p]! +
          w1 * source[p + inner]! +
          w2 * source[p + 2 * inner]! +
          w3 * source[p + 3 * inner]!;
      }
    }
  }
  return out;
}
