/** Every convention against what its tool itself printed (scripts/make_convention_fixtures.py), and published values. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { conventionOf } from "../../src/metrics/conventions/index.ts";
import { contourLengthsMm, surfaceAreasMm2 } from "../../src/metrics/conventions/surface-elements.ts";
import { CONVENTION_NAMES, type ConventionName, type MaskPair } from "../../src/metrics/conventions/types.ts";
import { cropLabel } from "../../src/metrics/crop.ts";
import { scoreCase } from "../../src/metrics/score-case.ts";
import type { CaseLabelMetrics } from "../../src/metrics/types.ts";

type Printed = number | "inf" | "error" | null;
type Tool = Exclude<ConventionName, "hipmri">;
interface Fixture {
  readonly name: string;
  readonly shape: readonly number[];
  readonly spacingMm: readonly number[];
  readonly truth: string;
  readonly prediction: string;
}
type FixtureCase = Fixture & { readonly [K in Tool | "metricsReloaded"]: Readonly<Record<string, Printed>> };

const { toleranceMm, cases } = JSON.parse(
  readFileSync(new URL("fixtures/conventions.json", import.meta.url), "utf8"),
) as { readonly toleranceMm: number; readonly cases: readonly FixtureCase[] };
const TOOLS = CONVENTION_NAMES.filter((name): name is Tool => name !== "hipmri");

const digits = (text: string): Uint8Array => Uint8Array.from(text, Number);

function score(fixture: Fixture, convention: ConventionName): CaseLabelMetrics {
  const [x, y, z = 1] = fixture.shape;
  const [sx, sy, sz = 1] = fixture.spacingMm;
  return scoreCase({
    id: fixture.name,
    patient: "p",
    truth: digits(fixture.truth),
    prediction: digits(fixture.prediction),
    shape: [x!, y!, z],
    spacingMm: [sx!, sy!, sz],
    labels: [{ id: 1, name: "one" }],
    toleranceMm,
    convention,
  }).labels[0]!;
}

/** The two masks as a convention is given them. */
function paired({ shape, spacingMm, truth, prediction }: Fixture): MaskPair {
  const [x, y, z = 1] = shape;
  const [sx, sy, sz = 1] = spacingMm;
  const masks = cropLabel(digits(truth), digits(prediction), [x!, y!, z], 1)!;
  return { ...masks, spacingMm: [sx!, sy!, sz] };
}

/** JSON has no NaN, and a mean leaves out what is infinite or raised an error. */
const asNumber = (printed: Printed): number | null => (typeof printed === "number" ? printed : null);

/**
 * MedPy's code says 1 where both masks are empty, but divides numpy's integers: with numpy 2 that is NaN, not an
 * error, so `dc` is NaN and `jc`, which converts first, 1. We keep to the rule as it is written.
 */
const isMedpyWithNumpy2 = (tool: Tool, fixture: Fixture, key: string): boolean =>
  tool === "medpy" && key === "dice" && fixture.name.endsWith("both empty");

describe.each(TOOLS)("%s", (tool) => {
  test.each(cases)("gives what the tool gives: $name", (fixture) => {
    const ours: Readonly<Record<string, unknown>> = { ...score(fixture, tool) };
    for (const [key, printed] of Object.entries(fixture[tool])) {
      const wanted = isMedpyWithNumpy2(tool, fixture, key) ? 1 : asNumber(printed);
      const found = ours[key] as number | null;
      if (wanted === null || found === null) expect({ key, value: found }).toEqual({ key, value: wanted });
      // MONAI computes in float32.
      else expect(Math.abs(found - wanted), key).toBeLessThanOrEqual(1e-6 * Math.max(1, wanted));
    }
  });
});

describe("hipmri", () => {
  // The same rules by other people's code: scipy's erosion and distance transform.
  test.each(cases)("agrees with MetricsReloaded where both masks are there: $name", (fixture) => {
    const ours = score(fixture, "hipmri");
    if (ours.state !== "scored") return;
    for (const [key, printed] of Object.entries(fixture.metricsReloaded)) {
      const found = { ...ours }[key as keyof CaseLabelMetrics];
      expect(found, key).toBeCloseTo(asNumber(printed)!, 9);
    }
  });
});

describe("published values", () => {
  test("nnU-Net leaves the whole mean NaN where a label is nowhere; MONAI averages cases first", () => {
    const scores = [
      [1, 0.5],
      [null, null],
    ];
    expect(conventionOf("nnunet").foregroundMean(scores)).toBeNull();
    expect(
      conventionOf("monai").foregroundMean([
        [1, 0.5],
        [0, null],
      ]),
    ).toBe(0.5);
    expect(conventionOf("hipmri").foregroundMean(scores)).toBe(0.75);
  });

  test("nothing of surface-distance's contours depends on which pixel of four is first", () => {
    const lengths = contourLengthsMm([2, 1]);
    expect(lengths[1]).toBeCloseTo(0.5 * Math.sqrt(5), 12);
    expect(lengths[0b0011]).toBe(1); // the border runs along y
    expect(lengths[0b0101]).toBe(2);
    expect(lengths[0b0110]).toBeCloseTo(Math.sqrt(5), 12);
    expect([lengths[0], lengths[15]]).toEqual([0, 0]);
  });

  test("surface-distance: areas of flat faces and of a corner, and complements", () => {
    const areas = surfaceAreasMm2([2, 3, 5]);
    // Four voxels of one side: the whole face between them.
    expect(areas[0b00001111]).toBeCloseTo(15, 12);
    expect(areas[0b00110011]).toBeCloseTo(10, 12);
    expect(areas[0b01010101]).toBeCloseTo(6, 12);
    // One voxel: the triangle through the middles of three edges, half a cross product.
    const corner = 0.5 * Math.hypot((3 * 5) / 4, (2 * 5) / 4, (2 * 3) / 4);
    for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
      expect(areas[bit]).toBeCloseTo(corner, 12);
      expect(areas[255 - bit]).toBeCloseTo(corner, 12);
    }
    expect([areas[0], areas[255]]).toEqual([0, 0]);
  });

  // surface-distance 0.1, surface_distance_test.py, test_on_2_pixels_2mm_away (2D with spacing (2, 1), 3D (3, 2, 1)).
  test.each([
    { dimensions: 2, shape: [3, 7], spacingMm: [2, 1] },
    { dimensions: 3, shape: [3, 3, 7], spacingMm: [3, 2, 1] },
  ])("surface-distance: two voxels 2 mm apart in $dimensions D", ({ shape, spacingMm }) => {
    const at = (index: number): string => {
      const stride = shape.slice(0, -1).reduce((product, n) => product * n, 1);
      const mask = new Array<string>(stride * 7).fill("0");
      mask[index * stride + Math.floor(stride / 2)] = "1";
      return mask.join("");
    };
    const pair = { name: "pixels", shape, spacingMm, truth: at(2), prediction: at(4) };
    const scored = score(pair, "deepmind");
    expect(scored).toMatchObject({ dice: 0, hdMm: 2, hd95Mm: 2 });
    expect(scored.assdMm).toBeCloseTo(1.5, 12);
    // 0.5 of either surface lies within 1 mm
    expect(conventionOf("deepmind").distances(paired(pair), 1).nsd).toBeCloseTo(0.5, 12);
  });

  // MONAI 1.6.1, tests/metrics/test_compute_meandice.py, TEST_CASE_4 (per channel) and TEST_CASE_5 (mean).
  test("MONAI: empty truths are left out, cases come first", () => {
    const { dice, foregroundMean } = conventionOf("monai");
    const of = (truth: number, prediction: number, overlap: number) => dice({ truth, prediction, overlap });
    const scores = [
      [of(4, 3, 3), of(1, 3, 1)],
      [of(0, 1, 0), of(2, 3, 1)],
      [of(0, 3, 0), of(1, 2, 1)],
    ];
    expect(scores[1]).toEqual([null, 0.4]);
    expect((scores[0]![0]! + scores[0]![1]!) / 2).toBeCloseTo(0.6786, 4);
    expect(scores[2]![1]).toBeCloseTo(0.6667, 4);
    expect(foregroundMean(scores)).toBeCloseTo(0.689683, 6);
  });

  // MONAI 1.6.1, tests/metrics/test_hausdorff_distance.py, TEST_CASES 2, 4 and 7 (euclidean, not directed).
  const sphere = (radius: number, centre: readonly [number, number, number]): Uint8Array => {
    const mask = new Uint8Array(99 ** 3);
    const [cx, cy, cz] = centre;
    for (let z = 0, i = 0; z < 99; z++)
      for (let y = 0; y < 99; y++)
        for (let x = 0; x < 99; x++, i++)
          mask[i] = (x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2 <= radius ** 2 ? 1 : 0;
    return mask;
  };
  test.each([
    { a: sphere(20, [20, 20, 20]), b: sphere(20, [19, 19, 19]), hdMm: 1.7320508075688772 },
    {
      a: sphere(20, [20, 33, 22]),
      b: sphere(40, [20, 33, 22]),
      hdMm: 20.223748416156685,
      hd95Mm: 20.09975124224178,
    },
  ])("MONAI: spheres at the edge of the image, HD $hdMm", ({ a, b, ...wanted }) => {
    const scored = scoreCase({
      id: "spheres",
      patient: "p",
      truth: b,
      prediction: a,
      shape: [99, 99, 99],
      spacingMm: [1, 1, 1],
      labels: [{ id: 1, name: "one" }],
      convention: "monai",
    }).labels[0]!;
    expect(scored.hdMm).toBeCloseTo(wanted.hdMm, 6);
    if (wanted.hd95Mm !== undefined) expect(scored.hd95Mm).toBeCloseTo(wanted.hd95Mm, 6);
  });

  // MedPy 0.5.2, tests/metric_/binary.py, test_assd_identity, test_assd_distance and test_assd_voxelspacing.
  test("MedPy: two points side by side", () => {
    const pair = (spacing: number) => ({
      name: "points",
      shape: [2, 1],
      spacingMm: [spacing, 1],
      truth: "01",
      prediction: "10",
    });
    expect(score(pair(1), "medpy").assdMm).toBe(1);
    expect(score(pair(2), "medpy").assdMm).toBe(2);
    expect(score({ ...pair(1), truth: "10" }, "medpy").assdMm).toBe(0);
  });
});
