import { describe, expect, test } from "vitest";
import { type SweepPoint, sweepPlot } from "../../src/plot/sweep.ts";

const point = (value: unknown, dice: number | null, isBest = false): SweepPoint => ({
  value,
  dice,
  ci95: dice === null ? null : [dice - 0.02, dice + 0.02],
  isBest,
});

describe("sweepPlot()", () => {
  test("of numbers has an axis, by the logarithm where that was swept", () => {
    const points = [point(1e-4, 0.7), point(1e-3, 0.9, true), point(1e-2, null)];
    const svg = sweepPlot(points, { key: "schedule.learningRate", scale: "log" });
    expect(svg).toContain("schedule.learningRate (by the logarithm)");
    expect(svg).toContain("crosses: failed");
    expect(sweepPlot(points, { key: "schedule.learningRate", scale: "log" })).toBe(svg);
    expect(sweepPlot(points, { key: "clipNorm", scale: "linear" })).not.toContain("by the logarithm");
  });

  test("by the logarithm has numbers along its axis that stand clear of each other", () => {
    const ticks = (low: number, high: number): readonly string[] => {
      const svg = sweepPlot([point(low, 0.7), point(high, 0.9)], { key: "k", scale: "log" });
      const axis = svg.slice(svg.indexOf('aria-label="x-axis tick label"'));
      return [...axis.slice(0, axis.indexOf("</g>")).matchAll(/>([\d.e-]+)<\/text>/g)].map(
        ([, text]) => text!,
      );
    };
    expect(ticks(1.04e-4, 1.98e-3)).toEqual(["0.0001", "0.0002", "0.0005", "0.001", "0.002"]);
    expect(ticks(1e-5, 1e-1)).toEqual(["0.00001", "0.0001", "0.001", "0.01", "0.1"]);
    expect(sweepPlot([], { key: "k", scale: "log" })).not.toMatch(/NaN|Infinity/);
  });

  test("of words, lists and null has a place for each, escaped", () => {
    const svg = sweepPlot([point("<sgd>", 0.7), point(["conv", "norm"], 0.8), point(null, 0.6)], {
      key: "unet.block",
      scale: "log",
    });
    expect(svg).toContain("&lt;sgd&gt;");
    expect(svg).toContain("null");
    expect(svg).not.toContain("NaN");
  });

  test("of one value, and where every trial failed, is whole", () => {
    for (const points of [[point(3, 0.5, true)], [point(0, null)], []])
      expect(sweepPlot(points, { key: "clipNorm", scale: "linear" })).not.toMatch(/NaN|Infinity/);
  });
});
