import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PlanarDistances } from "../../src/volume/distance-transform.ts";
import { drawSlice } from "../metrics/masks.ts";

type Triple = [x: number, y: number, z: number];

function bruteForceMm(marks: Uint8Array, [nx, ny, nz]: Triple, [sx, sy, sz]: Triple): number[] {
  const positions = Array.from({ length: nx * ny * nz }, (_, i) => [
    (i % nx) * sx,
    (Math.floor(i / nx) % ny) * sy,
    Math.floor(i / (nx * ny)) * sz,
  ]);
  const marked = positions.filter((_, i) => marks[i] !== 0);
  return positions.map((p) =>
    Math.min(...marked.map((m) => Math.hypot(p[0]! - m[0]!, p[1]! - m[1]!, p[2]! - m[2]!))),
  );
}

/** The whole transform out of that of the planes, as surface.ts looks through them, but without its short cuts. */
function distanceTransformMm(marks: Uint8Array, shape: Triple, spacingMm: Triple): Float64Array {
  const planes = new PlanarDistances(marks, shape, spacingMm);
  const [area, depth] = [shape[0] * shape[1], shape[2]];
  for (let z = 0; z < depth; z++) planes.prepare(z);
  return Float64Array.from({ length: area * depth }, (_, i) => {
    let nearest = Infinity;
    for (let z = 0; z < depth; z++) {
      const awayMm = (Math.floor(i / area) - z) * spacingMm[2];
      nearest = Math.min(nearest, planes.squared[z * area + (i % area)]! + awayMm * awayMm);
    }
    return Math.sqrt(nearest);
  });
}

const size = fc.integer({ min: 1, max: 9 });
const spacing = fc.double({ min: 0.1, max: 5, noNaN: true });
const marksOnGrid = fc
  .tuple(fc.tuple(size, size, size), fc.tuple(spacing, spacing, spacing), fc.constantFrom(0.02, 0.2, 0.7))
  .chain(([shape, spacingMm, share]) =>
    fc
      .array(fc.double({ min: 0, max: 1, noNaN: true }), {
        minLength: shape[0] * shape[1] * shape[2],
        maxLength: shape[0] * shape[1] * shape[2],
      })
      .map((draws) => ({ shape, spacingMm, marks: Uint8Array.from(draws, (u) => (u < share ? 1 : 0)) })),
  );

describe("PlanarDistances", () => {
  it("measures with the spacing of each axis", () => {
    // Pixels are 2 mm wide and 1 mm high:
    // .1.   2         0  2
    // ...   sqrt(4+1) 1  sqrt(4+1)
    // ...   sqrt(4+4) 2  sqrt(4+4)
    const marks = drawSlice(".1.", "...", "...");
    const distances = distanceTransformMm(marks, [3, 3, 1], [2, 1, 1]);
    expect([...distances]).toEqual([2, 0, 2, Math.sqrt(5), 1, Math.sqrt(5), Math.sqrt(8), 2, Math.sqrt(8)]);
  });

  it("measures along z", () => {
    const marks = Uint8Array.from([1, 0, 0, 0]);
    expect([...distanceTransformMm(marks, [1, 1, 4], [1, 1, 3])]).toEqual([0, 3, 6, 9]);
  });

  it("goes to the nearest of several marks", () => {
    // 1....1.  spacing 0.5
    expect([...distanceTransformMm(drawSlice("1....1."), [7, 1, 1], [0.5, 9, 9])]).toEqual([
      0, 0.5, 1, 1, 0.5, 0, 0.5,
    ]);
  });

  it("is infinite where nothing is marked", () => {
    expect([...distanceTransformMm(new Uint8Array(8), [2, 2, 2], [1, 1, 1])]).toEqual(
      Array(8).fill(Infinity),
    );
  });

  it("handles more columns than fit one tile", () => {
    const marks = new Uint8Array(37 * 2);
    marks[36] = 1;
    const distances = distanceTransformMm(marks, [37, 2, 1], [1, 7, 1]);
    expect(distances[0]).toBe(36);
    expect(distances[37 + 36]).toBe(7);
    expect(distances[37 + 12]).toBe(25); // 24, 7, 25
  });

  it("rejects marks that do not fill the shape", () => {
    expect(() => distanceTransformMm(new Uint8Array(5), [2, 3, 1], [1, 1, 1])).toThrow(
      new RangeError("Marks of shape 2x3x1 need 6 voxels, got 5"),
    );
  });

  it("equals brute force on any marks and spacing", () => {
    fc.assert(
      fc.property(marksOnGrid, ({ marks, shape, spacingMm }) => {
        const expected = bruteForceMm(marks, shape, spacingMm);
        const found = distanceTransformMm(marks, shape, spacingMm);
        for (const [i, mm] of expected.entries()) {
          if (mm === Infinity) expect(found[i]).toBe(Infinity);
          else expect(Math.abs(found[i]! - mm)).toBeLessThan(1e-9);
        }
      }),
      { numRuns: 150, seed: 1 },
    );
  });
});
