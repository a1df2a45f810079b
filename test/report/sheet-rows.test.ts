import { describe, expect, test } from "vitest";
import type { DecodedCase } from "../../src/dataset/types.ts";
import type { CaseMetrics } from "../../src/metrics/types.ts";
import { makeAffine } from "../../src/nifti/affine.ts";
import {
  chooseRows,
  isUpsideDown,
  makeCandidate,
  type SheetCandidate,
  tellingSlice,
} from "../../src/report/sheet-rows.ts";
import { makeCaseLabel } from "../support/metrics.ts";

/** Coronal slices as the phantom writes them: columns left, rows superior. */
const CORONAL = makeAffine([-1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0]);

function decoded(changes: Partial<DecodedCase> = {}): DecodedCase {
  const names = ["s0", "s1"];
  return {
    entry: {
      id: "case_1",
      patient: "1",
      split: undefined,
      files: names.map((name) => ({ name, image: name, mask: name })),
    },
    width: 2,
    height: 2,
    depth: 2,
    spacingMm: [2, 3, 4],
    image: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7),
    mask: Uint8Array.of(0, 0, 0, 1, 0, 2, 1, 1),
    grid: { shape: [2, 2, 1], spacingMm: [2, 3, 4], affine: CORONAL },
    orientation: "LSP",
    hasSpacing: true,
    isReversed: false,
    warnings: [],
    ...changes,
  };
}

function scores(...dice: (number | null)[]): CaseMetrics {
  const labels = dice.map((value, i) => makeCaseLabel({ id: i + 1, dice: value }));
  return { id: "case_1", patient: "1", labels };
}

describe("tellingSlice", () => {
  test("most labels first, then the largest smallest label, then the first such slice", () => {
    const slices = [
      [1, 1, 1, 1],
      [1, 1, 1, 2],
      [0, 0, 1, 2],
      [1, 1, 2, 2],
      [2, 2, 1, 1],
    ];
    expect(tellingSlice(Uint8Array.from(slices.flat()), 4)).toBe(3);
    expect(tellingSlice(Uint8Array.from(slices.slice(0, 3).flat()), 4)).toBe(1);
  });
  test("the middle one where there is no label; 255 is none", () => {
    expect(tellingSlice(new Uint8Array(5), 1)).toBe(2);
    expect(tellingSlice(Uint8Array.of(255, 0, 255, 0), 1)).toBe(2);
  });
});

test.each([
  ["axial, rows to the front", "RAS", true],
  ["axial, rows to the back", "LPS", false],
  ["coronal, rows to the head", "LSP", true],
  ["coronal, rows to the feet", "LIP", false],
  ["sagittal, rows to the head", "PSL", true],
  ["a picture that says nothing", undefined, false],
] as const)("isUpsideDown(): %s", (_, orientation, expected) => {
  expect(isUpsideDown({ orientation })).toBe(expected);
});

describe("makeCandidate", () => {
  const prediction = Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4);

  test("keeps the telling slice, head upwards, as copies", () => {
    const source = decoded();
    const candidate = makeCandidate(source, prediction, scores(0.5, null, 1));
    expect(candidate).toEqual({
      name: "s1",
      dice: 0.75,
      row: {
        width: 2,
        height: 2,
        spacingMm: [2, 3],
        image: Float32Array.of(6, 7, 4, 5),
        truth: Uint8Array.of(1, 1, 0, 2),
        prediction: Uint8Array.of(3, 4, 1, 2),
      },
    });
    expect(candidate.row.image.buffer.byteLength).toBe(16);
  });

  test("a slice of a volume is named by its number, and is left as it is where it is upright", () => {
    const entry = { ...decoded().entry, files: [{ name: "v", image: "v", mask: "v" }] };
    const candidate = makeCandidate(decoded({ entry, orientation: "LPS" }), prediction, scores(null));
    expect(candidate.name).toBe("case_1, slice 1");
    expect(candidate.dice).toBeNull();
    expect(candidate.row.image).toEqual(Float32Array.of(4, 5, 6, 7));
  });
});

describe("chooseRows", () => {
  const { row } = makeCandidate(decoded(), new Uint8Array(8), scores(1));
  const candidates = (...dice: (number | null)[]): SheetCandidate[] =>
    dice.map((value, i) => ({ name: `c${i}`, dice: value, row }));
  const titles = (...dice: (number | null)[]): string[] =>
    chooseRows(candidates(...dice)).map(({ title }) => title);

  test("first, best, median and worst; a volume without labels has no rank", () => {
    expect(titles(0.5, 0.9, null, 0.1, 0.7, 0.4)).toEqual([
      "First, median: c0, volume's mean Dice 0.500",
      "Best: c1, volume's mean Dice 0.900",
      "Worst: c3, volume's mean Dice 0.100",
    ]);
    expect(titles(null, 0.2, 0.8, 0.6, 0.4)).toEqual([
      "First: c0, no label",
      "Best: c2, volume's mean Dice 0.800",
      "Median: c3, volume's mean Dice 0.600",
      "Worst: c1, volume's mean Dice 0.200",
    ]);
  });

  test("few volumes have few rows", () => {
    expect(titles()).toEqual([]);
    expect(titles(0.5)).toEqual(["Only volume: c0, volume's mean Dice 0.500"]);
    expect(titles(0.5, 0.6)).toEqual([
      "First, worst: c0, volume's mean Dice 0.500",
      "Best: c1, volume's mean Dice 0.600",
    ]);
  });
});
