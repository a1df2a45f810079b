/** Against nibabel 5.4.2 (scripts/make_resample_fixtures.py) and by property. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Affine, apply, makeAffine, orientationOf, type Point } from "../../src/nifti/affine.ts";
import {
  type AxisCodes,
  axisAcross,
  axisCodesOf,
  inverseOf,
  PLANE_CODES,
  type Plane,
  parseAxisCodes,
  planeOf,
  reorient,
  reorientation,
  reorientData,
  reorientGrid,
} from "../../src/volume/orient.ts";
import type { IntensityVolume, LabelVolume } from "../../src/volume/volume.ts";
import { readBytes, sameBytes } from "../support/nifti.ts";

interface Case {
  readonly affine: Affine;
  readonly ras: {
    readonly shape: readonly number[];
    readonly affine: Affine;
    readonly values: readonly number[];
  };
  /** To each orientation in turn: which axis each axis was, "a" to "c" where it is reversed. */
  readonly ways: string;
}
const path = new URL("fixtures/orient.json", import.meta.url);
const CASES: Readonly<Record<string, Case>> = JSON.parse(readFileSync(path, "utf8"));
const CODES = Object.keys(CASES) as AxisCodes[];

const SHAPE = [2, 3, 4] as const;
function labelVolume(affine: Affine): LabelVolume {
  const grid = { shape: SHAPE, spacingMm: [1.5, 2, 3.25] as const, affine };
  return { kind: "label", grid, data: Uint8Array.from({ length: 24 }, (_, i) => i) };
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}

describe("agrees with nibabel", () => {
  test("has the 48 orientations", () => {
    expect(new Set(CODES).size).toBe(48);
    expect(CODES.filter((code) => parseAxisCodes(code) === undefined)).toEqual([]);
  });
  test.each(CODES)("%s", (from) => {
    const { affine, ras, ways } = CASES[from]!;
    expect(axisCodesOf(affine)).toBe(from);
    const found = reorient(labelVolume(affine), "RAS");
    expect(found.kind).toBe("label");
    expect(found.grid.shape).toEqual(ras.shape);
    expect([...found.data]).toEqual(ras.values);
    expect(largestDifference(found.grid.affine.flat(), ras.affine.flat())).toBeLessThan(1e-8);
    const letters = CODES.map((to) => {
      const { axes, flips } = reorientation(from, to);
      return axes.map((axis, i) => (flips[i] ? "abc" : "012")[axis]).join("");
    });
    expect(letters.join("")).toBe(ways);
  });
});

const codes = fc.constantFrom(...CODES);
const sizes = fc.tuple(
  ...([1, 2, 3].map(() => fc.integer({ min: 1, max: 5 })) as [
    fc.Arbitrary<number>,
    fc.Arbitrary<number>,
    fc.Arbitrary<number>,
  ]),
);
/** An affine near an orientation: tilted and sheared a little. */
const affines = fc
  .tuple(codes, fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: 12, maxLength: 12 }))
  .map(([code, noise]) => {
    const row = (positive: string, negative: string, r: number) => {
      const at = (c: number) =>
        (code[c] === positive ? 1 : code[c] === negative ? -1 : 0) + noise[4 * r + c]!;
      return [at(0), 2 * at(1), 3 * at(2), 100 * noise[4 * r + 3]!] as const;
    };
    return makeAffine(row("R", "L", 0), row("A", "P", 1), row("S", "I", 2));
  });
const volumes = fc.tuple(affines, sizes).map(([affine, shape]): IntensityVolume => {
  const data = Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => i + 1);
  return { kind: "intensity", grid: { shape, spacingMm: [1, 2, 3], affine }, data };
});

/** Every voxel's value by its place, rounded to what float64 loses. */
function byPlace({ grid, data }: IntensityVolume): ReadonlyMap<string, number> {
  const [x, y] = grid.shape;
  const places = Array.from(data, (value, at) => {
    const index: Point = [at % x, Math.floor(at / x) % y, Math.floor(at / (x * y))];
    return [
      apply(grid.affine, index)
        .map((mm) => (mm + 1000).toFixed(7))
        .join(),
      value,
    ] as const;
  });
  return new Map(places);
}

describe("reorient()", () => {
  test("leaves every voxel's value at its place in space", () => {
    fc.assert(
      fc.property(volumes, codes, (volume, to) => {
        const turned = reorient(volume, to);
        expect(byPlace(turned)).toEqual(byPlace(volume));
        expect(axisCodesOf(turned.grid.affine)).toBe(to);
      }),
    );
  });
  test("there and back is exact: voxels, shape and spacing; the affine to rounding", () => {
    fc.assert(
      fc.property(volumes, codes, (volume, to) => {
        const from = axisCodesOf(volume.grid.affine)!;
        const back = reorient(reorient(volume, to), from);
        expect(back.data).toEqual(volume.data);
        expect(back.grid.shape).toEqual(volume.grid.shape);
        expect(back.grid.spacingMm).toEqual(volume.grid.spacingMm);
        expect(largestDifference(back.grid.affine.flat(), volume.grid.affine.flat())).toBeLessThan(1e-11);
      }),
    );
  });
  test("keeps an oblique affine's columns but for order and sign", () => {
    fc.assert(
      fc.property(volumes, codes, ({ grid }, to) => {
        const columns = (affine: Affine) =>
          [0, 1, 2]
            .map((c) =>
              affine
                .slice(0, 3)
                .map((row) => Math.abs(row[c]!))
                .join(),
            )
            .sort();
        const from = axisCodesOf(grid.affine)!;
        expect(columns(reorientGrid(grid, reorientation(from, to)).affine)).toEqual(columns(grid.affine));
      }),
    );
  });
  test("moves the spacing with its axis", () => {
    const { grid } = reorient(labelVolume(CASES.LPS!.affine), "SRA");
    expect(grid.shape).toEqual([4, 2, 3]);
    expect(grid.spacingMm).toEqual([3.25, 1.5, 2]);
  });
  test("gives an array of its own and leaves the volume as it was", () => {
    const volume = labelVolume(CASES.RAS!.affine);
    const same = reorient(volume, "RAS");
    expect(same.data).toEqual(volume.data);
    expect(same.data).not.toBe(volume.data);
    reorient(volume, "ILP").data.fill(0);
    expect([...volume.data]).toEqual(Array.from({ length: 24 }, (_, i) => i));
  });
  test("refuses an affine that does not span space", () => {
    const flat = makeAffine([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]);
    expect(orientationOf(flat)).toBe("RA?");
    expect(() => reorient(labelVolume(flat), "RAS")).toThrow(/^The affine does not span space/);
  });
  test("refuses data that do not fill the shape", () => {
    const turn = reorientation("RAS", "LPS");
    expect(() => reorientData(new Uint8Array(23), SHAPE, turn)).toThrow("Shape 2 x 3 x 4 has not 23 voxels");
  });
});

describe("reorientation()", () => {
  test("undone by inverseOf(), which is the way back", () => {
    for (const from of CODES) {
      for (const to of CODES) {
        const way = reorientation(from, to);
        expect(inverseOf(way)).toEqual(reorientation(to, from));
        expect(inverseOf(inverseOf(way))).toEqual(way);
      }
    }
  });
});

describe("codes", () => {
  test.each(["", "RA", "RASS", "RRS", "RLS", "ras", "XYZ", "R?S"])("%j are none", (text) => {
    expect(parseAxisCodes(text)).toBeUndefined();
  });
  test("name the plane of slices across the third axis", () => {
    const planes: readonly Plane[] = ["axial", "coronal", "sagittal"];
    for (const plane of planes) expect(planeOf(PLANE_CODES[plane])).toBe(plane);
    expect(CODES.map(planeOf).filter((plane) => plane === "axial").length).toBe(16);
    expect(planeOf("RIA")).toBe("coronal");
  });
  test("tell which axis a plane's slices lie across", () => {
    expect([axisAcross("axial", "LPS"), axisAcross("coronal", "LPS"), axisAcross("sagittal", "LPS")]).toEqual(
      [2, 1, 0],
    );
    expect([axisAcross("axial", "IRA"), axisAcross("coronal", "IRA"), axisAcross("sagittal", "IRA")]).toEqual(
      [0, 2, 1],
    );
  });
});

const brains = join(process.env.HIPMRI_DATA ?? "", "tricky-nifti/niivue_tests/nifti_space");
const there = process.env.HIPMRI_DATA !== undefined && existsSync(brains);
test.skipIf(!there)(
  `one brain in 23 orientations is the same voxel for voxel in RAS${there ? "" : " (skipped: set HIPMRI_DATA to a folder with tricky-nifti)"}`,
  async () => {
    const files = readdirSync(brains).filter((name) => name.endsWith(".nii.gz"));
    const turned = await Promise.all(
      files.map(async (name) => {
        const { header, values } = await readBytes(new Uint8Array(readFileSync(join(brains, name))), name);
        const [x = 1, y = 1, z = 1] = header.shape;
        const { affine, spacingMm } = header;
        expect(axisCodesOf(affine)).toBe(name.slice(0, 3));
        return reorient(
          { kind: "intensity", grid: { shape: [x, y, z], spacingMm, affine }, data: values },
          "RAS",
        );
      }),
    );
    expect(turned.length).toBe(23);
    const first = turned[0]!;
    for (const { grid, data } of turned) {
      expect(grid.shape).toEqual(first.grid.shape);
      expect(largestDifference(grid.affine.flat(), first.grid.affine.flat())).toBeLessThan(1e-5);
      expect(sameBytes(data, first.data)).toBe(true);
    }
  },
);
