/** What must hold of any two masks, in 2D and 3D and at any spacing. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CONVENTION_NAMES } from "../../src/metrics/conventions/types.ts";
import { type ScoreCaseInput, scoreCase } from "../../src/metrics/score-case.ts";
import type { CaseLabelMetrics } from "../../src/metrics/types.ts";
import { countComponents } from "../../src/volume/components.ts";

type Pair = Pick<ScoreCaseInput, "truth" | "prediction" | "shape" | "spacingMm">;

const size = fc.double({ min: 0.3, max: 5, noNaN: true });
const extent = fc.integer({ min: 1, max: 7 });

/** Masks with a margin of empty voxels of 2, so that they can be moved. */
const pairs: fc.Arbitrary<Pair> = fc
  .tuple(extent, extent, fc.integer({ min: 1, max: 5 }), size, size, size)
  .chain(([nx, ny, nz, sx, sy, sz]) => {
    const mask = fc.array(fc.boolean(), { minLength: nx * ny * nz, maxLength: nx * ny * nz });
    return fc.tuple(mask, mask).map(([truth, prediction]): Pair => {
      const shape = [nx + 4, ny + 4, nz === 1 ? 1 : nz + 4] as const;
      const place = (inside: readonly boolean[]): Uint8Array => {
        const placed = new Uint8Array(shape[0] * shape[1] * shape[2]);
        for (const [i, is] of inside.entries()) {
          const [x, y, z] = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
          placed[x + 2 + shape[0] * (y + 2 + shape[1] * (nz === 1 ? 0 : z + 2))] = is ? 1 : 0;
        }
        return placed;
      };
      return { truth: place(truth), prediction: place(prediction), shape, spacingMm: [sx, sy, sz] };
    });
  });

function score(pair: Pair, options: Partial<ScoreCaseInput> = {}): CaseLabelMetrics {
  return scoreCase({ id: "a", patient: "p", labels: [{ id: 1, name: "one" }], ...pair, ...options })
    .labels[0]!;
}

const SYMMETRIC = ["dice", "iou", "hdMm", "hd95Mm", "assdMm", "masdMm", "nsd"] as const;
const DISTANCES = ["hdMm", "hd95Mm", "assdMm", "masdMm"] as const;

function expectClose(found: number | null, wanted: number | null, what: string): void {
  if (found === null || wanted === null) expect({ what, value: found }).toEqual({ what, value: wanted });
  else expect(Math.abs(found - wanted), what).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(wanted)));
}

const RUNS = { seed: 7, numRuns: 150 };

describe.each(CONVENTION_NAMES)("%s", (convention) => {
  test("is symmetric; sensitivity and precision change places", () => {
    const check = (pair: Pair): void => {
      const one = score(pair, { convention });
      const other = score({ ...pair, truth: pair.prediction, prediction: pair.truth }, { convention });
      // MONAI leaves an empty truth out, but not an empty prediction.
      const isOneSided = convention === "monai" && one.state !== "scored";
      for (const key of SYMMETRIC) if (!isOneSided) expectClose(one[key], other[key], key);
      expectClose(one.sensitivity, other.precision, "sensitivity");
    };
    fc.assert(fc.property(pairs, check), RUNS);
  });

  test("of a mask and itself: overlap 1, distance 0", () => {
    const check = (pair: Pair): void => {
      const same = score({ ...pair, prediction: pair.truth }, { convention });
      if (same.state === "undefined") return;
      expect(same.dice).toBe(1);
      expect([1, null]).toContain(same.iou);
      for (const key of DISTANCES) expect([0, null]).toContain(same[key]);
      expect([1, null]).toContain(same.nsd);
      expect(same.volumeErrorMl).toBe(0);
    };
    fc.assert(fc.property(pairs, check), RUNS);
  });

  test("HD is never below HD95, nor below the mean distances", () => {
    const check = (pair: Pair): void => {
      const { hdMm, hd95Mm, assdMm, masdMm } = score(pair, { convention });
      if (hdMm === null) return;
      for (const value of [hd95Mm, assdMm, masdMm]) expect(value ?? 0).toBeLessThanOrEqual(hdMm + 1e-9);
    };
    fc.assert(fc.property(pairs, check), RUNS);
  });

  test("NSD grows with the tolerance", () => {
    const check = (pair: Pair, [a, b]: readonly [number, number]): void => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)].map(
        (toleranceMm) => score(pair, { convention, toleranceMm }).nsd,
      );
      if (low !== null) expect(low).toBeLessThanOrEqual(high! + 1e-12);
    };
    fc.assert(fc.property(pairs, fc.tuple(size, size), check), RUNS);
  });

  test("distances scale with the spacing, overlaps do not", () => {
    const check = (pair: Pair, factor: number): void => {
      const [sx, sy, sz] = pair.spacingMm;
      const one = score(pair, { convention });
      const scaled = score({ ...pair, spacingMm: [factor * sx, factor * sy, factor * sz] }, { convention });
      expect(scaled.dice).toBe(one.dice);
      for (const key of DISTANCES)
        expectClose(scaled[key], one[key] === null ? null : factor * one[key], key);
    };
    fc.assert(fc.property(pairs, size, check), RUNS);
  });

  test("nothing changes when both masks are moved", () => {
    const check = (pair: Pair, [dx, dy]: readonly [number, number]): void => {
      const [nx] = pair.shape;
      // There are two empty voxels on every side.
      const move = (mask: Uint8Array): Uint8Array => {
        const moved = new Uint8Array(mask.length);
        for (const [i, value] of mask.entries()) if (value === 1) moved[i + dx + nx * dy] = 1;
        return moved;
      };
      const moved = { ...pair, truth: move(pair.truth), prediction: move(pair.prediction) };
      const [one, other] = [score(pair, { convention }), score(moved, { convention })];
      for (const key of SYMMETRIC) expectClose(other[key], one[key], key);
      expect(other.components).toEqual(one.components);
    };
    const step = fc.integer({ min: -2, max: 2 });
    fc.assert(fc.property(pairs, fc.tuple(step, step), check), RUNS);
  });
});

describe("countComponents", () => {
  test("counts voxels that touch at a corner as one", () => {
    expect(countComponents(Uint8Array.of(1, 0, 0, 1), [2, 2, 1])).toBe(1);
    expect(countComponents(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1), [2, 2, 2])).toBe(1);
    expect(countComponents(Uint8Array.of(1, 0, 1), [3, 1, 1])).toBe(2);
    expect(countComponents(new Uint8Array(4), [2, 2, 1])).toBe(0);
    expect(() => countComponents(new Uint8Array(3), [2, 2, 1])).toThrow(
      new RangeError("A mask of shape 2x2x1 needs 4 voxels, got 3"),
    );
  });

  test("equals a plain flood fill", () => {
    const flood = (mask: Uint8Array, [nx, ny, nz]: readonly [number, number, number]): number => {
      const left = Uint8Array.from(mask);
      let found = 0;
      for (let start = left.indexOf(1); start >= 0; start = left.indexOf(1)) {
        found++;
        const open = [start];
        left[start] = 0;
        for (let i = open.pop(); i !== undefined; i = open.pop()) {
          const [x, y, z] = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
          for (let n = 0; n < 27; n++) {
            const [a, b, c] = [x + (n % 3) - 1, y + (Math.floor(n / 3) % 3) - 1, z + Math.floor(n / 9) - 1];
            if (a < 0 || b < 0 || c < 0 || a >= nx || b >= ny || c >= nz) continue;
            const next = a + nx * (b + ny * c);
            if (left[next] === 0) continue;
            left[next] = 0;
            open.push(next);
          }
        }
      }
      return found;
    };
    const masks = fc
      .tuple(extent, extent, extent, fc.double({ min: 0.05, max: 0.6, noNaN: true }))
      .chain(([x, y, z, share]) =>
        fc
          .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: x * y * z, maxLength: x * y * z })
          .map((draws) => ({
            shape: [x, y, z] as const,
            mask: Uint8Array.from(draws, (draw) => (draw < share ? 1 : 0)),
          })),
      );
    fc.assert(
      fc.property(masks, ({ mask, shape }) => {
        expect(countComponents(mask, shape)).toBe(flood(mask, shape));
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});
