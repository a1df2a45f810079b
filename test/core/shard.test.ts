import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { formatShard, parseShard, placesOf, shareOut } from "../../src/core/shard.ts";

describe("parseShard()", () => {
  test("reads task and count", () => {
    expect(parseShard("1/1")).toEqual({ index: 1, count: 1 });
    expect(formatShard(parseShard("3/8"))).toBe("3/8");
  });

  test.each([
    ["9/8", '--shard must be i/n with i from 1 to 8, got "9/8"'],
    ["0/8", '--shard must be i/n with i from 1 to 8, got "0/8"'],
    ["1/0", '--shard must be i/n with n from 1 to 100000, got "1/0"'],
    ["1/999999", '--shard must be i/n with n from 1 to 100000, got "1/999999"'],
    ["x", '--shard must be i/n, task i of n, got "x"'],
    ["", '--shard must be i/n, task i of n, got ""'],
    ["3", '--shard must be i/n, task i of n, got "3"'],
    ["-1/8", '--shard must be i/n, task i of n, got "-1/8"'],
    ["1.5/8", '--shard must be i/n, task i of n, got "1.5/8"'],
    ["1/8/2", '--shard must be i/n, task i of n, got "1/8/2"'],
  ])("refuses %j", (text, message) => {
    let error: unknown;
    try {
      parseShard(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(HipError);
    expect(error).toMatchObject({ code: "usage", message });
  });
});

describe("shareOut()", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 60 });
  const count = fc.integer({ min: 1, max: 12 });

  test("shares are disjoint, complete and in order", () => {
    fc.assert(
      fc.property(sizes, count, (list, n) => {
        const all = Array.from({ length: n }, (_, k) => placesOf(list, { index: k + 1, count: n }));
        for (const places of all) expect(places).toEqual([...places].sort((a, b) => a - b));
        expect(all.flat().sort((a, b) => a - b)).toEqual(list.map((_, at) => at));
      }),
    );
  });

  test("loads differ by at most the largest item", () => {
    fc.assert(
      fc.property(sizes, count, (list, n) => {
        const loads = new Array<number>(n).fill(0);
        for (const [at, task] of shareOut(list, n).entries()) loads[task - 1]! += list[at]!;
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(Math.max(0, ...list));
      }),
    );
  });

  test("the same sizes give the same shares, and the sizes stay as they are", () => {
    fc.assert(
      fc.property(sizes, count, (list, n) => {
        const before = [...list];
        expect(shareOut(list, n)).toEqual(shareOut([...list], n));
        expect(list).toEqual(before);
      }),
    );
  });

  test("items without size are shared out as well", () => {
    expect(shareOut([0, 0, 0, 0], 2)).toEqual([1, 2, 1, 2]);
  });

  test("goes by size, then by place", () => {
    expect(shareOut([1, 5, 1, 4, 1], 2)).toEqual([2, 1, 1, 2, 2]);
    expect(shareOut([3], 4)).toEqual([1]);
    expect(shareOut([], 4)).toEqual([]);
  });

  test("refuses sizes and counts that are none", () => {
    expect(() => shareOut([1, Number.NaN], 2)).toThrow(RangeError);
    expect(() => shareOut([-1], 2)).toThrow(RangeError);
    expect(() => shareOut([1], 0)).toThrow(RangeError);
  });
});
