import { describe, expect, test } from "vitest";
import { blobSource } from "../../src/browser/source.ts";

const source = blobSource(new Blob([Uint8Array.from({ length: 10 }, (_, i) => i)]));

describe("blobSource()", () => {
  test("reads any part", async () => {
    expect(source.size).toBe(10);
    expect([...(await source.read(3, 4))]).toEqual([3, 4, 5, 6]);
    expect([...(await source.read(0, 10))]).toHaveLength(10);
    expect([...(await source.read(10, 0))]).toEqual([]);
  });
  test.each([
    [-1, 2],
    [0, -1],
    [8, 3],
    [11, 0],
  ])("refuses %i, %i, which lies beside it", async (offset, length) => {
    await expect(source.read(offset, length)).rejects.toBeInstanceOf(RangeError);
  });
});
