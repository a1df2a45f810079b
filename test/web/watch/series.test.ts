import { expect, it } from "vitest";
import type { StepPoint } from "../../../src/server/api.ts";
import { RunSeries } from "../../../web/src/watch/series.ts";

const point = (step: number, loss = 1): StepPoint => ({
  step,
  epoch: 1,
  loss,
  lossMin: loss,
  lossMax: loss,
  learningRate: 0.01,
  gradientNorm: null,
  seconds: null,
  count: 1,
});

it("takes each step once, and a history in place of all", () => {
  const series = new RunSeries();
  for (const step of [1, 2, 2, 3, 1]) series.addStep(point(step));
  expect([...series.columns.step.subarray(0, series.length)]).toEqual([1, 2, 3]);
  expect(series.columns.seconds[0]).toBeNaN();
  series.replace({ steps: [point(1), point(2)], epochs: [] });
  expect([series.length, series.lastStep]).toEqual([2, 2]);
});

it("stays bounded: neighbours become one with their mean, least and largest loss", () => {
  const series = new RunSeries();
  const steps = 40_000;
  for (let step = 1; step <= steps; step++) series.addStep(point(step, step % 2));
  const { step, loss, lossMin, lossMax, count } = series.columns;
  expect(series.length).toBeLessThanOrEqual(16_384);
  expect([loss[0], lossMin[0], lossMax[0]]).toEqual([0.5, 0, 1]);
  expect(step[series.length - 1]).toBe(steps);
  expect(count.subarray(0, series.length).reduce((sum, each) => sum + each, 0)).toBe(steps);
});
