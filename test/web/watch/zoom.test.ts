import { describe, expect, test } from "vitest";
import { zoomed, zoomOfKey } from "../../../web/src/watch/zoom.ts";

const ALL = { from: 0, to: 1000 };

describe("looking closer", () => {
  test("halves what is seen, about its middle, and wider undoes it", () => {
    const closer = zoomed(undefined, ALL, "closer");
    expect(closer).toEqual({ from: 250, to: 750 });
    expect(zoomed(closer, ALL, "closer")).toEqual({ from: 375, to: 625 });
    expect(zoomed(closer, ALL, "wider")).toBeUndefined();
    expect(zoomed({ from: 375, to: 625 }, ALL, "wider")).toEqual({ from: 250, to: 750 });
  });

  test("moves by a quarter, and not beyond the ends", () => {
    expect(zoomed({ from: 200, to: 600 }, ALL, "later")).toEqual({ from: 300, to: 700 });
    expect(zoomed({ from: 50, to: 450 }, ALL, "earlier")).toEqual({ from: 0, to: 400 });
    expect(zoomed({ from: 700, to: 1000 }, ALL, "later")).toEqual({ from: 700, to: 1000 });
    expect(zoomed(undefined, ALL, "later")).toBeUndefined();
  });

  test("ends where there would be nothing to see, or everything", () => {
    expect(zoomed({ from: 500, to: 508 }, ALL, "closer")).toEqual({ from: 502, to: 510 });
    expect(zoomed(undefined, { from: 0, to: 5 }, "closer")).toBeUndefined();
    expect(zoomed({ from: 1, to: 9 }, ALL, "all")).toBeUndefined();
  });

  test("has keys", () => {
    expect(["+", "-", "ArrowLeft", "0", "a"].map(zoomOfKey)).toEqual([
      "closer",
      "wider",
      "earlier",
      "all",
      undefined,
    ]);
  });
});
