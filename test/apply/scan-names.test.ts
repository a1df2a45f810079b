import { describe, expect, test } from "vitest";
import { shortestNames } from "../../src/apply/scan-names.ts";

describe("shortestNames()", () => {
  test("takes folders only where names repeat, and no more than tell them apart", () => {
    expect(shortestNames(["data/p1/T2", "data/p2/T2", "data/p2/ADC"])).toEqual(["p1/T2", "p2/T2", "ADC"]);
    expect(shortestNames(["a/x/T2", "b/x/T2", "c/y/T2"])).toEqual(["a/x/T2", "b/x/T2", "y/T2"]);
  });
  test("comes to an end with equal paths, and with one inside another", () => {
    expect(shortestNames(["p1/T2", "p1/T2"])).toEqual(["T2", "T2"]);
    expect(shortestNames(["T2", "p1/T2", "p2/p1/T2"])).toEqual(["T2", "p1/T2", "p2/p1/T2"]);
    expect(shortestNames([])).toEqual([]);
  });
});
