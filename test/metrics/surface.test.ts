import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cropLabel } from "../../src/metrics/crop.ts";
import {
  summariseSurfaceDistances,
  surfaceDistancesOfMasks,
  surfaceVoxels,
} from "../../src/metrics/surface.ts";
import { drawSlice } from "./masks.ts";

type Triple = readonly [x: number, y: number, z: number];

/** Of one label; undefined where it lacks in either. */
function surfaceDistances(
  truth: Uint8Array,
  prediction: Uint8Array,
  shape: Triple,
  spacingMm: Triple,
  id: number,
) {
  const masks = cropLabel(truth, prediction, shape, id);
  if (masks === undefined || !masks.truth.includes(1) || !masks.prediction.includes(1)) return undefined;
  return surfaceDistancesOfMasks({ ...masks, spacingMm });
}

function bruteForce(from: Uint8Array, to: Uint8Array, [nx, ny]: Triple, [sx, sy, sz]: Triple): number[] {
  const place = (i: number) =>
    [(i % nx) * sx, (Math.floor(i / nx) % ny) * sy, Math.floor(i / (nx * ny)) * sz] as const;
  const indices = (mask: Uint8Array) => [...mask.keys()].filter((i) => mask[i] === 1).map(place);
  const targets = indices(to);
  return indices(from)
    .map((p) => Math.min(...targets.map((q) => Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]))))
    .sort((a, b) => a - b);
}

describe("surfaceVoxels", () => {
  it("in 2D keeps the pixels with an in-plane face neighbour outside", () => {
    // mask        surface
    // 1111111     1111111    The hole's face neighbours are surface, those that touch it by a corner are not.
    // 1111111     1.....1
    // 1111111     1..1..1
    // 111.111     1.1.1.1
    // 1111111     1..1..1
    // 1111111     1.....1
    // 1111111     1111111
    const mask = drawSlice("1111111", "1111111", "1111111", "111.111", "1111111", "1111111", "1111111");
    const surface = drawSlice("1111111", "1.....1", "1..1..1", "1.1.1.1", "1..1..1", "1.....1", "1111111");
    expect(surfaceVoxels(mask, [7, 7, 1])).toEqual(surface);
  });

  it("in 3D counts the faces along z and the image's edge as outside", () => {
    const full = new Uint8Array(27).fill(1);
    const surface = new Uint8Array(27).fill(1);
    surface[13] = 0; // only the centre has six neighbours
    expect(surfaceVoxels(full, [3, 3, 3])).toEqual(surface);
    // The same 3x3 square in two planes has no inside; on its own it has one.
    expect(surfaceVoxels(new Uint8Array(18).fill(1), [3, 3, 2])).toEqual(new Uint8Array(18).fill(1));
    expect(surfaceVoxels(new Uint8Array(9).fill(1), [3, 3, 1])).toEqual(drawSlice("111", "1.1", "111"));
  });
});

describe("surfaceDistances", () => {
  it("measures a shift in mm of the axis it lies along", () => {
    // truth 11..   prediction .11.   pixels 2 mm wide, 1 mm high
    //       11..              .11.
    const truth = drawSlice("11..", "11..");
    const prediction = drawSlice(".11.", ".11.");
    const distances = surfaceDistances(truth, prediction, [4, 2, 1], [2, 1, 1], 1)!;
    expect([...distances.truthToPredictionMm]).toEqual([0, 0, 2, 2]);
    expect([...distances.predictionToTruthMm]).toEqual([0, 0, 2, 2]);
    expect(summariseSurfaceDistances(distances, 1)).toEqual({
      hdMm: 2,
      hd95Mm: 2,
      assdMm: 1,
      masdMm: 1,
      nsd: 0.5,
    });
  });

  it("takes the nearer of two ways round an anisotropic pixel", () => {
    // truth 1..   prediction ..1   pixels 2 mm wide, 1 mm high: the prediction's two pixels lie
    //       ...              ...   4 mm to the right and 3 mm below
    //       ...              ...
    //       ...              1..
    const truth = drawSlice("1..", "...", "...", "...");
    const prediction = drawSlice("..1", "...", "...", "1..");
    const distances = surfaceDistances(truth, prediction, [3, 4, 1], [2, 1, 1], 1)!;
    expect([...distances.truthToPredictionMm]).toEqual([3]);
    expect([...distances.predictionToTruthMm]).toEqual([3, 4]);
    const { hdMm, hd95Mm, assdMm, nsd } = summariseSurfaceDistances(distances, 3);
    expect(hdMm).toBe(4);
    expect(hd95Mm).toBeCloseTo(3.95, 12); // 95 % of the way from 3 to 4; the other way is 3
    expect(assdMm).toBeCloseTo(10 / 3, 12);
    expect(nsd).toBeCloseTo(2 / 3, 12);
  });

  it("measures between planes", () => {
    const truth = Uint8Array.from([1, 0, 0, 0]);
    const prediction = Uint8Array.from([0, 0, 0, 1]);
    const distances = surfaceDistances(truth, prediction, [1, 1, 4], [1, 1, 1.5], 1)!;
    expect([...distances.truthToPredictionMm]).toEqual([4.5]);
    expect([...distances.predictionToTruthMm]).toEqual([4.5]);
  });

  it("has HD95 as the larger of the two directions, not the pooled percentile", () => {
    // The truth is one pixel; of the prediction's 21 pixels in a row the furthest lies 20 mm off.
    const truth = drawSlice("1....................");
    const prediction = drawSlice("111111111111111111111");
    const distances = surfaceDistances(truth, prediction, [21, 1, 1], [1, 1, 1], 1)!;
    const summary = summariseSurfaceDistances(distances, 2);
    expect(summary.hdMm).toBe(20);
    expect(summary.hd95Mm).toBeCloseTo(19, 12); // rank 0.95 * 20 of 0..20
    expect(summary.assdMm).toBeCloseTo(210 / 22, 12);
    expect(summary.nsd).toBeCloseTo(4 / 22, 12); // 0, 1, 2 of the prediction and the truth's one
  });

  it("counts a distance that equals the tolerance as within", () => {
    const distances = {
      truthToPredictionMm: Float64Array.of(0, 2),
      predictionToTruthMm: Float64Array.of(2, 2.5),
    };
    expect(summariseSurfaceDistances(distances, 2).nsd).toBe(0.75);
    expect(summariseSurfaceDistances(distances, 1.99).nsd).toBe(0.25);
  });

  it("is undefined where either mask is empty", () => {
    const some = drawSlice(".1");
    const none = drawSlice("..");
    expect(surfaceDistances(some, none, [2, 1, 1], [1, 1, 1], 1)).toBeUndefined();
    expect(surfaceDistances(none, some, [2, 1, 1], [1, 1, 1], 1)).toBeUndefined();
    expect(surfaceDistances(none, none, [2, 1, 1], [1, 1, 1], 1)).toBeUndefined();
  });

  it("leaves out voxels that the truth marks 255", () => {
    // Without its ignored pixel the prediction is the truth.
    const distances = surfaceDistances(drawSlice("33..?"), drawSlice("33..3"), [5, 1, 1], [1, 1, 1], 3)!;
    expect([...distances.predictionToTruthMm]).toEqual([0, 0]);
    expect(surfaceDistances(drawSlice("3?"), drawSlice(".3"), [2, 1, 1], [1, 1, 1], 3)).toBeUndefined();
  });
});

const size = fc.integer({ min: 1, max: 8 });
const spacing = fc.double({ min: 0.1, max: 5, noNaN: true });
const pairOnGrid = fc
  .tuple(fc.tuple(size, size, size), fc.tuple(spacing, spacing, spacing))
  .chain(([shape, spacingMm]) => {
    const n = shape[0] * shape[1] * shape[2];
    const mask = fc.uint8Array({ minLength: n, maxLength: n, max: 2 });
    return fc.tuple(mask, mask).map(([truth, prediction]) => ({ shape, spacingMm, truth, prediction }));
  });

describe("surface distances of any masks", () => {
  it("equal brute force over the whole image", () => {
    fc.assert(
      fc.property(pairOnGrid, ({ truth, prediction, shape, spacingMm }) => {
        const found = surfaceDistances(truth, prediction, shape, spacingMm, 2);
        const binary = (labels: Uint8Array) =>
          surfaceVoxels(
            labels.map((label) => (label === 2 ? 1 : 0)),
            shape,
          );
        const truthSurface = binary(truth);
        const predictionSurface = binary(prediction);
        if (!truthSurface.includes(1) || !predictionSurface.includes(1)) {
          expect(found).toBeUndefined();
          return;
        }
        const there = bruteForce(truthSurface, predictionSurface, shape, spacingMm);
        const back = bruteForce(predictionSurface, truthSurface, shape, spacingMm);
        expect(found!.truthToPredictionMm.length).toBe(there.length);
        expect(found!.predictionToTruthMm.length).toBe(back.length);
        for (const [i, mm] of there.entries()) expect(found!.truthToPredictionMm[i]).toBeCloseTo(mm, 9);
        for (const [i, mm] of back.entries()) expect(found!.predictionToTruthMm[i]).toBeCloseTo(mm, 9);
      }),
      { numRuns: 100, seed: 2 },
    );
  });

  it("are the same with truth and prediction swapped", () => {
    fc.assert(
      fc.property(pairOnGrid, ({ truth, prediction, shape, spacingMm }) => {
        const one = surfaceDistances(truth, prediction, shape, spacingMm, 1);
        const two = surfaceDistances(prediction, truth, shape, spacingMm, 1);
        fc.pre(one !== undefined && two !== undefined);
        const a = summariseSurfaceDistances(one, 2);
        const b = summariseSurfaceDistances(two, 2);
        expect(a.hd95Mm).toBe(b.hd95Mm);
        expect(a.hdMm).toBe(b.hdMm);
        expect(a.nsd).toBe(b.nsd);
        expect(a.assdMm).toBeCloseTo(b.assdMm, 12);
      }),
      { numRuns: 100, seed: 3 },
    );
  });
});
