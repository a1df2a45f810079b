/** Against Pillow, SimpleITK and scipy (scripts/make_resample_fixtures.py) and by property. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Affine, apply, makeAffine } from "../../src/nifti/affine.ts";
import {
  gridOfShape,
  resampleToGrid,
  resampleToShape,
  resampleToSpacing,
  shapeOfSpacing,
} from "../../src/volume/resample.ts";
import { resizeLinear, resizeNearest } from "../../src/volume/resize.ts";
import type { Grid, IntensityVolume, LabelVolume } from "../../src/volume/volume.ts";

type Triple = readonly [number, number, number];
interface Fixture {
  readonly resize: {
    readonly source: readonly number[];
    readonly cases: readonly {
      readonly interpolation: "linear" | "cubic";
      readonly shape: Triple;
      readonly values: readonly number[];
    }[];
  };
  readonly grid: {
    readonly affine: Affine;
    readonly source: readonly number[];
    readonly labels: readonly number[];
    readonly cases: readonly {
      readonly name: string;
      readonly shape: Triple;
      readonly affine: Affine;
      readonly linear: readonly number[];
      readonly nearest: readonly number[];
    }[];
    readonly scipy: { readonly shape: Triple; readonly affine: Affine; readonly linear: readonly number[] };
  };
}
const FIXTURE: Fixture = JSON.parse(readFileSync(new URL("fixtures/resample.json", import.meta.url), "utf8"));

const UNIT = makeAffine([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]);
/** Turned, of 1.5 x 2 x 3 mm. */
const OBLIQUE = makeAffine([1.2, -1.2, 0.3, -10], [0.9, 1.6, -0.6, 20], [0.1, 0.4, 2.9, 5]);
const gridOf = (shape: Triple, affine = UNIT, spacingMm: Triple = [1, 1, 1]): Grid => ({
  shape,
  spacingMm,
  affine,
});
function image(grid: Grid, value: (at: number) => number): IntensityVolume {
  const n = grid.shape[0] * grid.shape[1] * grid.shape[2];
  return { kind: "intensity", grid, data: Float32Array.from({ length: n }, (_, at) => value(at)) };
}
const labelsOf = ({ grid, data }: IntensityVolume): LabelVolume => ({
  kind: "label",
  grid,
  data: Uint8Array.from(data),
});
const indexOf = (at: number, [x, y]: Triple): Triple => [
  at % x,
  Math.floor(at / x) % y,
  Math.floor(at / (x * y)),
];
/** The place of every voxel. */
const placesOf = (grid: Grid): readonly Triple[] =>
  Array.from({ length: grid.shape[0] * grid.shape[1] * grid.shape[2] }, (_, at) =>
    apply(grid.affine, indexOf(at, grid.shape)),
  );

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(found.length).toBe(expected.length);
  const worst = Array.from(expected, (value, i) => Math.abs(value - found[i]!)).reduce(
    (a, b) => (b <= a ? a : b),
    0,
  );
  expect(worst).toBeLessThan(tolerance);
}

const { resize, grid: fixture } = FIXTURE;
const noise = image(gridOf([6, 5, 4]), (at) => resize.source[at]!);
const sourceGrid = gridOf([6, 5, 4], fixture.affine, [2, 1.5, 3]);
const source = image(sourceGrid, (at) => fixture.source[at]!);
const sourceLabels = labelsOf(image(sourceGrid, (at) => fixture.labels[at]!));

describe("resampleToShape() agrees with Pillow", () => {
  test.each(resize.cases.map((one) => [`${one.interpolation} to ${one.shape.join(" x ")}`, one] as const))(
    "%s",
    (_, { interpolation, shape, values }) => {
      expectClose(resampleToShape(noise, shape, { interpolation }).data, values, 2e-5);
    },
  );
});

describe("resampleToGrid()", () => {
  test.each(fixture.cases.map((one) => [one.name, one] as const))("agrees with SimpleITK: %s", (_, one) => {
    const grid = gridOf(one.shape, one.affine);
    expectClose(resampleToGrid(source, grid, { outside: -77 }).data, one.linear, 1e-5);
    expect([...resampleToGrid(sourceLabels, grid, { outside: 9 }).data]).toEqual(one.nearest);
    // Some of it must lie outside, or the test does not see that rule.
    if (one.name === "oblique") expect(one.linear.filter((value) => value === -77).length).toBeGreaterThan(5);
  });
  test("agrees with scipy's affine_transform()", () => {
    const { shape, affine, linear } = fixture.scipy;
    expectClose(resampleToGrid(source, gridOf(shape, affine)).data, linear, 1e-5);
  });
});

const sizes = fc.tuple(
  fc.integer({ min: 1, max: 6 }),
  fc.integer({ min: 1, max: 6 }),
  fc.integer({ min: 1, max: 6 }),
);
const kernels = fc.constantFrom("linear" as const, "cubic" as const);
const seeds = fc.integer({ min: 1, max: 1000 });
const rough = (seed: number) => (at: number) => Math.fround(100 * Math.sin(seed + at * at));

/** A turned, sheared affine of numbers that no float holds exactly. */
const affines = fc.tuple(seeds, seeds).map(([a, b]) => {
  const part = (k: number) => Math.sin(a * k) / 3;
  return makeAffine(
    [1.7 + part(1), part(2), part(3), 100 * part(4) + b / 7],
    [part(5), -1.9 + part(6), part(7), 90 * part(8)],
    [part(9), part(10), 2.3 + part(11), -b * part(12)],
  );
});

describe("the same grid", () => {
  test("is exact whatever rounding makes of its affine", () => {
    fc.assert(
      fc.property(affines, kernels, (affine, interpolation) => {
        // Neighbours differ so much that a part of 1e-9 of one would show in the other.
        const volume = image(gridOf([5, 4, 3], affine), (at) => (at % 2 === 0 ? 1e12 : 1));
        expect(resampleToGrid(volume, volume.grid, { interpolation }).data).toEqual(volume.data);
      }),
    );
  });
  test("is exact for every kind, in an array of its own", () => {
    fc.assert(
      fc.property(sizes, seeds, kernels, (shape, seed, interpolation) => {
        const volume = image(gridOf(shape, OBLIQUE, [1.5, 2, 3]), rough(seed));
        const labels = labelsOf(image(volume.grid, (at) => (seed + at) % 5));
        for (const same of [
          resampleToGrid(volume, volume.grid, { interpolation }),
          resampleToSpacing(volume, [1.5, 2, 3], { interpolation }),
          resampleToShape(volume, shape, { interpolation }),
        ]) {
          expect(same).toEqual(volume);
          expect(same.data).not.toBe(volume.data);
        }
        expect(resampleToGrid(labels, labels.grid)).toEqual(labels);
        expect(resampleToSpacing(labels, [1.5, 2, 3])).toEqual(labels);
      }),
    );
  });
  test("shifted by whole voxels or turned is exact too", () => {
    const volume = image(gridOf([4, 3, 2], OBLIQUE), rough(3));
    const shifted = makeAffine([1.2, -1.2, 0.3, -8.8], [0.9, 1.6, -0.6, 20.9], [0.1, 0.4, 2.9, 5.1]);
    for (const interpolation of ["linear", "cubic"] as const) {
      const { data } = resampleToGrid(volume, gridOf([3, 3, 2], shifted), { interpolation });
      expect([...data]).toEqual([...volume.data].filter((_, at) => at % 4 !== 0));
      const mirrored = makeAffine([-1.2, -1.2, 0.3, -6.4], [-0.9, 1.6, -0.6, 22.7], [-0.1, 0.4, 2.9, 5.3]);
      const turned = resampleToGrid(volume, gridOf([4, 3, 2], mirrored), { interpolation });
      expect([...turned.data]).toEqual(
        [...volume.data].map((_, at) => volume.data[at - (at % 4) + 3 - (at % 4)]),
      );
    }
  });
});

describe("intensities", () => {
  test("constants stay constant", () => {
    fc.assert(
      fc.property(sizes, sizes, kernels, (from, to, interpolation) => {
        const volume = image(gridOf(from, OBLIQUE), () => 7.25);
        const out = resampleToShape(volume, to, { interpolation });
        expectClose(out.data, out.data.slice().fill(7.25), 1e-5);
        const onGrid = resampleToGrid(volume, out.grid, { interpolation });
        expectClose(onGrid.data, out.data.slice().fill(7.25), 1e-5);
      }),
    );
  });
  test("a ramp in millimetres stays that ramp on an oblique grid", () => {
    const ramp = ([x, y, z]: Triple) => 3 * x - 2 * y + 0.5 * z + 11;
    const from = gridOf([9, 8, 7], OBLIQUE);
    const places = placesOf(from);
    const volume = image(from, (at) => ramp(places[at]!));
    // Turned again, and within the outermost voxel centres.
    const to = gridOf([4, 3, 3], makeAffine([1, 0.3, 0.9, -11], [-0.2, 1.4, 0.2, 27], [0.4, -0.2, 1.3, 12]));
    const expected = placesOf(to).map(ramp);
    for (const interpolation of ["linear", "cubic"] as const) {
      const { data } = resampleToGrid(volume, to, { interpolation, outside: 1e9 });
      expectClose(data, expected, 1e-4);
    }
  });
  test("enlarged by resampleToShape() as sampled on its grid", () => {
    fc.assert(
      fc.property(sizes, seeds, kernels, (shape, seed, interpolation) => {
        const volume = image(gridOf(shape, OBLIQUE), rough(seed));
        const larger = shape.map((n, i) => n + ((seed + i) % 4)) as unknown as Triple;
        const found = resampleToShape(volume, larger, { interpolation });
        expectClose(found.data, resampleToGrid(volume, found.grid, { interpolation }).data, 1e-3);
      }),
    );
  });
  test("in 2D as resizeLinear() has them", () => {
    const flat = image(gridOf([7, 5, 1]), rough(1));
    for (const [width, height] of [
      [4, 3],
      [9, 2],
      [3, 5],
    ] as const) {
      const expected = resizeLinear(flat.data, { width: 7, height: 5 }, { width, height });
      expectClose(resampleToShape(flat, [width, height, 1]).data, expected, 2e-5);
    }
  });
  test("there and back of a smooth image is near", () => {
    const smooth = image(gridOf([24, 20, 16], OBLIQUE), (at) => {
      const [x, y, z] = indexOf(at, [24, 20, 16]);
      return 50 * Math.sin(x / 5) + 30 * Math.cos(y / 6) + z;
    });
    for (const [interpolation, error] of [
      ["linear", 2],
      ["cubic", 0.7],
    ] as const) {
      const finer = resampleToShape(smooth, [31, 27, 19], { interpolation });
      expectClose(resampleToGrid(finer, smooth.grid, { interpolation }).data, smooth.data, error);
      expectClose(resampleToShape(finer, [24, 20, 16], { interpolation }).data, smooth.data, 2.5 * error);
    }
  });
  test("shrinking averages: no voxel is passed over", () => {
    const dot = image(gridOf([64, 1, 1]), (at) => (at === 13 ? 64 : 0));
    for (const interpolation of ["linear", "cubic"] as const) {
      const { data } = resampleToShape(dot, [8, 1, 1], { interpolation });
      expect(data.reduce((sum, value) => sum + value, 0)).toBeCloseTo(8, 0);
    }
  });
  test("outside lies the smallest value, or what is told", () => {
    const volume = image(gridOf([2, 1, 1]), (at) => at - 5);
    const far = makeAffine([1, 0, 0, -2], [0, 1, 0, 0], [0, 0, 1, 0]);
    expect([...resampleToGrid(volume, gridOf([6, 1, 1], far)).data]).toEqual([-5, -5, -5, -4, -5, -5]);
    expect([...resampleToGrid(volume, gridOf([6, 1, 1], far), { outside: 0 }).data]).toEqual([
      0, 0, -5, -4, 0, 0,
    ]);
  });
  test("the edge reaches half a voxel beyond the outermost centres", () => {
    const volume = image(gridOf([2, 1, 1]), (at) => at + 1);
    const at = (x: number) =>
      resampleToGrid(volume, gridOf([1, 1, 1], makeAffine([1, 0, 0, x], [0, 1, 0, 0], [0, 0, 1, 0])), {
        outside: 9,
      }).data[0];
    expect([-0.6, -0.5, -0.2, 0.25, 1.4, 1.5, 1.6].map(at)).toEqual([9, 1, 1, 1.25, 2, 2, 9]);
  });
});

describe("labels", () => {
  test("never invent a class", () => {
    fc.assert(
      fc.property(sizes, sizes, seeds, (from, to, seed) => {
        const labels = labelsOf(
          image(gridOf(from, OBLIQUE), (at) => [0, 1, 5, 255][(seed * at + (at >> 2)) % 4]!),
        );
        const known = new Set(labels.data);
        for (const label of resampleToShape(labels, to).data) expect(known.has(label)).toBe(true);
        for (const label of resampleToGrid(labels, gridOf(to)).data)
          expect(known.has(label) || label === 0).toBe(true);
      }),
    );
  });
  test("are resized as resizeNearest() has them", () => {
    const flat = labelsOf(image(gridOf([7, 5, 1]), (at) => (at * 7) % 11));
    for (const [width, height] of [
      [4, 3],
      [9, 2],
      [14, 10],
    ] as const) {
      const expected = resizeNearest(flat.data, { width: 7, height: 5 }, { width, height });
      const { data, grid } = resampleToShape(flat, [width, height, 1]);
      expect(data).toEqual(expected);
      expect(resampleToGrid(flat, grid).data).toEqual(expected);
    }
  });
  test("between two voxels go to the higher one, on any grid", () => {
    fc.assert(
      fc.property(affines, (affine) => {
        const labels = labelsOf(image(gridOf([6, 4, 2], affine), (at) => at));
        const half = resampleToShape(labels, [3, 2, 1]);
        expect([...half.data]).toEqual([31, 33, 35, 43, 45, 47]);
        expect(resampleToGrid(labels, half.grid)).toEqual(half);
      }),
    );
  });
  test("come back from a finer grid as they were", () => {
    fc.assert(
      fc.property(sizes, seeds, (shape, seed) => {
        const labels = labelsOf(image(gridOf(shape, OBLIQUE), (at) => (seed * at) % 6));
        const finer = resampleToShape(
          labels,
          shape.map((n, i) => n * (1 + ((seed + i) % 3))) as unknown as Triple,
        );
        expect(resampleToGrid(finer, labels.grid)).toEqual(labels);
      }),
    );
  });
  test("are 0 outside, or what is told", () => {
    const labels = labelsOf(image(gridOf([1, 1, 1]), () => 3));
    const wide = gridOf([3, 1, 1], makeAffine([1, 0, 0, -1], [0, 1, 0, 0], [0, 0, 1, 0]));
    expect([...resampleToGrid(labels, wide).data]).toEqual([0, 3, 0]);
    expect([...resampleToGrid(labels, wide, { outside: 255 }).data]).toEqual([255, 3, 255]);
    expect(() => resampleToGrid(labels, wide, { outside: 256 })).toThrow(
      "The label outside must be 0 to 255, got 256",
    );
  });
  test("cannot be interpolated: that does not compile", () => {
    const labels = labelsOf(image(gridOf([2, 2, 2]), (at) => at));
    const { grid } = labels;
    // @ts-expect-error labels are resampled by nearest neighbour
    expect([...resampleToGrid(labels, grid, { interpolation: "linear" }).data]).toEqual([...labels.data]);
    // @ts-expect-error labels are resampled by nearest neighbour
    resampleToGrid(labels, grid, { interpolation: "cubic" });
    // @ts-expect-error labels are resampled by nearest neighbour
    resampleToSpacing(labels, [1, 1, 1], { interpolation: "linear" });
    // @ts-expect-error labels are resampled by nearest neighbour
    resampleToShape(labels, [1, 1, 1], { interpolation: "cubic" });
    const volume = image(grid, (at) => at);
    // @ts-expect-error intensities are interpolated
    expect(() => resampleToGrid(volume, grid, { interpolation: "nearest" })).toThrow("linearly or by cubics");
    // Nor does an option that is decided elsewhere slip through.
    const decided: { interpolation: "linear" | "cubic" } = { interpolation: "linear" };
    // @ts-expect-error labels are resampled by nearest neighbour
    resampleToGrid(labels, grid, decided);
  });
});

describe("grids", () => {
  test("keep their outer faces, and the spacing becomes the true one", () => {
    fc.assert(
      fc.property(sizes, sizes, (from, to) => {
        const before = gridOf(from, OBLIQUE, [1.5, 2, 3]);
        const after = gridOfShape(before, to);
        expect(after.shape).toEqual(to);
        for (const corner of [
          [0, 0, 0],
          [1, 0, 1],
          [1, 1, 1],
        ] as const) {
          const face = (grid: Grid) =>
            apply(grid.affine, grid.shape.map((n, i) => corner[i]! * n - 0.5) as unknown as Triple);
          expectClose(face(after), face(before), 1e-11);
        }
        const lengths = (grid: Grid) => grid.shape.map((n, i) => n * grid.spacingMm[i]!);
        expectClose(lengths(after), lengths(before), 1e-11);
      }),
    );
  });
  test("have as many voxels as fill the field of view: round(size * spacing / new), at least 1", () => {
    const grid = gridOf([256, 256, 128], UNIT, [1.68, 1.68, 1.56]);
    expect(shapeOfSpacing(grid, [1, 1, 1])).toEqual([430, 430, 200]);
    expect(shapeOfSpacing(grid, [1000, 3.36, 0.78])).toEqual([1, 128, 256]);
    const { grid: found } = resampleToSpacing(
      image(gridOf([10, 4, 4], UNIT), () => 1),
      [3, 1, 1],
    );
    expect(found.shape).toEqual([3, 4, 4]);
    expect(found.spacingMm[0]).toBeCloseTo(10 / 3, 12);
    expect(found.affine[0]).toEqual([10 / 3, 0, 0, (10 / 3 - 1) / 2]);
  });
  test.each([[[0, 1, 1]], [[1, Number.NaN, 1]], [[1, 1, -2]]] as const)(
    "refuse the spacing %j",
    (spacing) => {
      expect(() => resampleToSpacing(noise, spacing)).toThrow(/^Spacings must be > 0 mm/);
    },
  );
  test("refuse a shape that is none, data that do not fill it, and an affine that does not span space", () => {
    expect(() => resampleToShape(noise, [1.5, 1, 1])).toThrow(
      "A shape must be whole numbers >= 1, got 1.5 x 1 x 1",
    );
    const short = { ...noise, data: noise.data.subarray(1) };
    expect(() => resampleToShape(short, [2, 2, 2])).toThrow("Shape 6 x 5 x 4 has not 119 voxels");
    const flat = {
      ...noise,
      grid: { ...noise.grid, affine: makeAffine([1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]) },
    };
    expect(() => resampleToGrid(flat, noise.grid)).toThrow(/^The source's affine does not span space/);
  });
});
