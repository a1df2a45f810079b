import { describe, expect, test } from "vitest";
import { brightnessOf } from "../../../web/src/worker/brightness.ts";

const SHAPE = [20, 20, 20] as const;
const filled = (value: (i: number) => number): Float32Array =>
  Float32Array.from({ length: 8000 }, (_, i) => value(i));

describe("the first brightness", () => {
  test("leaves two per cent of the middle black and two white, and the sliders reach everything", () => {
    const { range, window } = brightnessOf(
      filled((i) => i % 1000),
      SHAPE,
    );
    expect(range).toEqual({ low: 0, high: 999 });
    expect(window.low).toBeGreaterThan(0);
    expect(window.high).toBeLessThan(999);
    expect(window.high - window.low).toBeGreaterThan(600);
  });

  test("does not see what lies around the middle", () => {
    const data = filled((i) => (i % 20 < 5 ? 1e6 : i % 100));
    expect(brightnessOf(data, SHAPE).window.high).toBeLessThanOrEqual(99);
    expect(brightnessOf(data, SHAPE).range.high).toBe(1e6);
  });

  test("takes zeros for surroundings where they are most of it", () => {
    const data = filled((i) => (i % 10 < 8 ? 0 : 500 + (i % 10)));
    expect(brightnessOf(data, SHAPE).window.low).toBeGreaterThan(500);
  });

  test("is a range even of a scan that is the same everywhere, or not a number anywhere", () => {
    expect(
      brightnessOf(
        filled(() => 7),
        SHAPE,
      ),
    ).toEqual({ range: { low: 7, high: 8 }, window: { low: 7, high: 8 } });
    expect(
      brightnessOf(
        filled(() => Number.NaN),
        SHAPE,
      ).range,
    ).toEqual({ low: 0, high: 1 });
    const lone = Float32Array.from([1, 2, Number.NaN, 4]);
    expect(brightnessOf(lone, [2, 2, 1]).range).toEqual({ low: 1, high: 4 });
  });
});
