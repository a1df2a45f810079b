import { describe, expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { decodeCorrected, trainingData } from "../../src/learn/cases.ts";
import { holdOut } from "../../src/learn/hold-out.ts";
import type { CorrectedCase } from "../../src/learn/types.ts";
import { makeCard } from "../support/model-card.ts";

const card = makeCard();
const caseOf = (
  name: string,
  labels: readonly number[],
  changes: Partial<CorrectedCase> = {},
): CorrectedCase => ({
  name,
  patient: name,
  width: 2,
  height: 1,
  depth: labels.length / 2,
  spacingMm: [1, 2, 3],
  hasSpacing: true,
  image: new Float32Array(labels.length),
  mask: Uint8Array.from(labels),
  ...changes,
});

describe("decodeCorrected()", () => {
  test("lists all that is wrong at once", () => {
    let found: unknown;
    try {
      decodeCorrected([caseOf("a", [1, 9, 200, 255]), caseOf("a", [1, 1], { depth: 3 })], card);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(HipError);
    expect(found).toMatchObject({
      code: "bad-mask",
      problems: [
        '"a" has 9, 200, which the model does not know',
        '"a" is there twice',
        '"a" of 2 x 1 x 3 voxels has 2 intensities and 2 labels',
      ],
    });
    expect(() => decodeCorrected([], card)).toThrow(HipError);
  });
  test("knows the size of voxels as it was given", () => {
    const [decoded] = decodeCorrected([caseOf("a", [1, 2])], card);
    expect(decoded).toMatchObject({ spacingMm: [1, 2, 3], entry: { id: "a", patient: "a" } });
    expect(decoded!.grid.affine[1]).toEqual([0, 2, 0, 0]);
  });
});

describe("trainingData()", () => {
  test("lists slices that have any truth, and by label those that hold it", async () => {
    const cases = decodeCorrected([caseOf("a", [255, 255, 0, 1, 5, 255]), caseOf("b", [0, 0, 5, 5])], card);
    const shares = holdOut(cases, 1);
    const data = trainingData({ ...shares, learn: cases.slice(0, 1), judge: cases.slice(1) }, card);
    expect(data.slices.map(({ entry, slice }) => [entry.id, slice])).toEqual([
      ["a", 1],
      ["a", 2],
    ]);
    expect(data.slicesByLabel.map((holders) => holders.map(({ label, slice }) => [label, slice]))).toEqual([
      [[1, 1]],
      [[5, 2]],
    ]);
    expect(data.validate.map(({ id }) => id)).toEqual(["b"]);
    expect((await data.load(data.validate[0]!)).mask).toBe(cases[1]!.mask);
  });
  test("gives both sides of one scan, each with its own truth", async () => {
    const [whole] = decodeCorrected(
      [
        caseOf(
          "a",
          Array.from({ length: 16 }, (_, i) => i % 6),
        ),
      ],
      card,
    );
    const shares = holdOut([whole!], 1);
    const data = trainingData(shares, card);
    const sides = [await data.load(data.slices[0]!.entry), await data.load(data.validate[0]!)];
    expect(sides.map(({ mask }) => mask)).toEqual([shares.learn[0]!.mask, shares.judge[0]!.mask]);
  });
});
