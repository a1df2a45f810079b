import { expect, it } from "vitest";
import { makeBuckets } from "../../../web/src/watch/buckets.ts";
import { RunSeries } from "../../../web/src/watch/series.ts";

function seriesOf(steps: number, seconds: number): RunSeries {
  const series = new RunSeries();
  for (let step = 1; step <= steps; step++) {
    series.addStep({
      step,
      epoch: 1,
      loss: step,
      lossMin: step,
      lossMax: step,
      learningRate: 0.1,
      gradientNorm: 1,
      seconds,
      count: 1,
    });
  }
  series.addEpoch({
    step: steps,
    epoch: 1,
    loss: 1,
    validationLoss: 0.5,
    foregroundDice: 0.8,
    dice: { prostate: 0.7, rectum: null },
    isBest: true,
  });
  return series;
}

it("brings runs to one axis of no more places than asked for", () => {
  const { steps, runs } = makeBuckets([seriesOf(10, 0.5), seriesOf(4, 0.25)], { from: 0, to: 10 }, 5);
  expect(steps).toEqual([2, 4, 6, 8, 10]);
  const [long, short] = runs;
  expect(long!.loss).toEqual([1.5, 3.5, 5.5, 7.5, 9.5]);
  expect([long!.lossMin[0], long!.lossMax[0], long!.stepsPerSecond[0]]).toEqual([1, 2, 2]);
  expect(short!.loss).toEqual([1.5, 3.5, null, null, null]);
  expect(short!.stepsPerSecond[1]).toBe(4);
  expect(short!.validationLoss).toEqual([null, 0.5, null, null, null]);
  expect(long!.dice.get("prostate")).toEqual([null, null, null, null, 0.7]);
  expect(long!.dice.get("rectum")).toEqual([null, null, null, null, null]);
});

it("shows a part of the steps one by one where there is room", () => {
  const { steps, runs } = makeBuckets([seriesOf(10, 0.5)], { from: 3, to: 6 }, 100);
  expect(steps).toEqual([4, 5, 6]);
  expect(runs[0]!.loss).toEqual([4, 5, 6]);
});

it("is empty before anything is known", () => {
  const { steps, runs } = makeBuckets([new RunSeries()], { from: 0, to: 0 }, 100);
  expect([steps, runs[0]!.loss]).toEqual([[], []]);
});
