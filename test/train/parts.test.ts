import { describe, expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { partsOf } from "../../src/train/parts.ts";

const ALL = { rank: 0, size: 1 };

describe("partsOf()", () => {
  test.each([
    [8, null, { rank: 0, size: 1 }, [[0, 8]]],
    [8, 99, { rank: 0, size: 1 }, [[0, 8]]],
    [
      6,
      2,
      { rank: 0, size: 1 },
      [
        [0, 2],
        [2, 2],
        [4, 2],
      ],
    ],
    [8, null, { rank: 1, size: 4 }, [[2, 2]]],
    [
      8,
      1,
      { rank: 3, size: 4 },
      [
        [6, 1],
        [7, 1],
      ],
    ],
  ] as const)("a batch of %d in parts of %s, %o", (batchSize, microBatch, ranks, parts) => {
    expect(partsOf({ batchSize, microBatch }, ranks)).toEqual(parts.map(([at, count]) => ({ at, count })));
  });

  test("refuses what cannot be shared out evenly, and says what can", () => {
    const refused = (batchSize: number, microBatch: number | null, size: number): unknown => {
      try {
        return partsOf({ batchSize, microBatch }, { rank: 0, size });
      } catch (error) {
        return error;
      }
    };
    expect(refused(8, null, 3)).toMatchObject({
      code: "config",
      message: "A batch of 8 cannot be shared out evenly among 3 ranks",
      hint: "Give --set batchSize=9, or another number of ranks",
    });
    expect(refused(8, 3, ALL.size)).toMatchObject({ message: "A batch of 8 cannot be cut into parts of 3" });
    expect(refused(12, 4, 2)).toBeInstanceOf(HipError);
  });
});
