import { describe, expect, it } from "vitest";
import { makeRandom, philox } from "../../src/core/random.ts";

describe("philox()", () => {
  // Random123's known answers for philox4x32 with 10 rounds (kat_vectors).
  it.each([
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ],
  ])("of counter %j and key %j is %s", (counter, [key0, key1], expected) => {
    const out = Uint32Array.from(counter);
    philox(out, key0!, key1!);
    expect(Array.from(out, (word) => word.toString(16).padStart(8, "0")).join(" ")).toBe(expected);
  });
});

describe("makeRandom()", () => {
  const draw = (...args: Parameters<typeof makeRandom>) => {
    const random = makeRandom(...args);
    return Array.from({ length: 8 }, () => random.uint32());
  };
  it("is a function of seed and stream", () => {
    expect(draw(1, "a", 2)).toEqual(draw(1, "a", 2));
    expect(draw(1, "a", 2)).not.toEqual(draw(1, "a", 3));
    expect(draw(1, "a", 12)).not.toEqual(draw(1, "a1", 2));
    expect(draw(1, "a")).not.toEqual(draw(2 ** 32 + 1, "a"));
  });
  it("has uniform and normal moments", () => {
    const random = makeRandom(7, "moments");
    const uniform = Array.from({ length: 20_000 }, random.uniform);
    const normal = Array.from({ length: 20_000 }, random.normal);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(uniform)).toBeCloseTo(0.5, 1);
    expect(mean(uniform.map((u) => u * u))).toBeCloseTo(1 / 3, 1);
    expect(mean(normal)).toBeCloseTo(0, 1);
    expect(mean(normal.map((x) => x * x))).toBeCloseTo(1, 1);
    expect(mean(normal.map((x) => x ** 4))).toBeGreaterThan(2.7);
  });
  it("shuffles without loss and draws every integer", () => {
    const random = makeRandom(7, "shuffle");
    const items = Array.from({ length: 50 }, (_, i) => i);
    const shuffled = random.shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
    expect(new Set(Array.from({ length: 200 }, () => random.integer(6)))).toEqual(
      new Set([0, 1, 2, 3, 4, 5]),
    );
  });
  it("refuses a seed that is no integer >= 0", () => {
    expect(() => makeRandom(-1)).toThrow("Seed must be an integer >= 0, got -1");
  });
});
