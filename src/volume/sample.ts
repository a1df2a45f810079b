/** Sampling of a volume at the voxels of another, whose indices an affine map turns into the volume's own. */
import type { Affine } from "../nifti/affine.ts";

type Triple = readonly [number, number, number];

export interface Sampling {
  readonly from: Triple;
  readonly to: Triple;
  /** Voxel index of the result -> voxel index of the source. */
  readonly map: Affine;
  /** The value beyond the source's outer faces. */
  readonly outside: number;
}

/** A point on an outer face is inside in spite of rounding. */
const SLACK = 1e-6;

/**
 * Calls `visit` for every voxel of the result, x fastest, whose centre lies within the source, with the source's
 * index there. A function of its own for each kernel would be no faster: V8 inlines the closure.
 */
function walk(
  { from, to, map }: Sampling,
  visit: (at: number, x: number, y: number, z: number) => void,
): void {
  const [a, b, c] = map;
  const low = -0.5 - SLACK;
  const [maxX, maxY, maxZ] = [from[0] - 0.5 + SLACK, from[1] - 0.5 + SLACK, from[2] - 0.5 + SLACK];
  let at = 0;
  for (let k = 0; k < to[2]; k++) {
    for (let j = 0; j < to[1]; j++) {
      const [x0, y0, z0] = [
        a[1] * j + a[2] * k + a[3],
        b[1] * j + b[2] * k + b[3],
        c[1] * j + c[2] * k + c[3],
      ];
      for (let i = 0; i < to[0]; i++, at++) {
        const x = x0 + a[0] * i;
        const y = y0 + b[0] * i;
        const z = z0 + c[0] * i;
        if (x >= low && x <= maxX && y >= low && y <= maxY && z >= low && z <= maxZ) visit(at, x, y, z);
      }
    }
  }
}

const clamp = (x: number, size: number): number => (x < 0 ? 0 : x > size - 1 ? size - 1 : x);

/** The voxel in whose area each point lies; a point between two goes to the higher, in spite of rounding. */
export function sampleNearest(data: Uint8Array, sampling: Sampling): Uint8Array {
  const { from, to, outside } = sampling;
  const [sx, sy, sz] = from;
  const out = new Uint8Array(to[0] * to[1] * to[2]).fill(outside);
  const nearest = (x: number, size: number): number => clamp(Math.floor(x + 0.5 + SLACK), size);
  walk(sampling, (at, x, y, z) => {
    out[at] = data[(nearest(z, sz) * sy + nearest(y, sy)) * sx + nearest(x, sx)]!;
  });
  return out;
}

/** Trilinear; beyond the outermost centres the edge is repeated. */
export function sampleLinear(data: Float32Array, sampling: Sampling): Float32Array {
  const { from, to, outside } = sampling;
  const [sx, sy, sz] = from;
  const out = new Float32Array(to[0] * to[1] * to[2]).fill(outside);
  walk(sampling, (at, px, py, pz) => {
    const x = clamp(px, sx);
    const y = clamp(py, sy);
    const z = clamp(pz, sz);
    const i = Math.floor(x);
    const j = Math.floor(y);
    const k = Math.floor(z);
    const u = x - i;
    const v = y - j;
    const w = z - k;
    const start = (k * sy + j) * sx + i;
    // A step of 0 where there is no next voxel: its weight is 0 then.
    const dx = u > 0 ? 1 : 0;
    const dy = v > 0 ? sx : 0;
    const dz = w > 0 ? sx * sy : 0;
    // Written out: a function of its own made this several times slower.
    const n0 = data[start]!;
    const n1 = data[start + dy]!;
    const f0 = data[start + dz]!;
    const f1 = data[start + dz + dy]!;
    const nearLow = n0 + u * (data[start + dx]! - n0);
    const nearHigh = n1 + u * (data[start + dy + dx]! - n1);
    const farLow = f0 + u * (data[start + dz + dx]! - f0);
    const farHigh = f1 + u * (data[start + dz + dy + dx]! - f1);
    const near = nearLow + v * (nearHigh - nearLow);
    const far = farLow + v * (farHigh - farLow);
    out[at] = near + w * (far - near);
  });
  return out;
}

/**
 * Weights of the 4 voxels from floor(x) - 1 on (taps.ts's cubic, as polynomials of the fraction); those outside the
 * axis are left out and the rest weighs more.
 * @returns floor(x) - 1
 */
function cubicWeights(x: number, size: number, weights: Float64Array): number {
  const whole = Math.floor(x);
  const t = x - whole;
  weights[0] = ((-0.5 * t + 1) * t - 0.5) * t;
  weights[1] = (1.5 * t - 2.5) * t * t + 1;
  weights[2] = ((-1.5 * t + 2) * t + 0.5) * t;
  weights[3] = (0.5 * t - 0.5) * t * t;
  const first = whole - 1;
  if (first >= 0 && first + 3 < size) return first;
  let sum = 0;
  for (let k = 0; k < 4; k++) {
    if (first + k < 0 || first + k >= size) weights[k] = 0;
    sum += weights[k]!;
  }
  for (let k = 0; k < 4; k++) weights[k]! /= sum;
  return first;
}

/** Keys' cubic with a = -0.5 along each axis. */
export function sampleCubic(data: Float32Array, sampling: Sampling): Float32Array {
  const { from, to, outside } = sampling;
  const [sx, sy, sz] = from;
  const out = new Float32Array(to[0] * to[1] * to[2]).fill(outside);
  const [wx, wy, wz] = [new Float64Array(4), new Float64Array(4), new Float64Array(4)];
  walk(sampling, (at, x, y, z) => {
    const i = cubicWeights(x, sx, wx);
    const j = cubicWeights(y, sy, wy);
    const k = cubicWeights(z, sz, wz);
    let sum = 0;
    for (let c = 0; c < 4; c++) {
      if (wz[c] === 0) continue;
      for (let b = 0; b < 4; b++) {
        if (wy[b] === 0) continue;
        const start = ((k + c) * sy + j + b) * sx + i;
        let row = 0;
        for (let a = 0; a < 4; a++) if (wx[a] !== 0) row += wx[a]! * data[start + a]!;
        sum += wz[c]! * wy[b]! * row;
      }
    }
    out[at] = sum;
  });
  return out;
}
