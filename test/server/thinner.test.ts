import fc from "fast-check";
import { expect, it } from "vitest";
import type { StepPoint } from "../../src/server/api.ts";
import { makeThinner } from "../../src/server/thinner.ts";

const point = (step: number, loss: number, gradientNorm: number | null = 1): StepPoint => ({
  step,
  epoch: 1,
  loss,
  lossMin: loss,
  lossMax: loss,
  learningRate: 0.01,
  gradientNorm,
  seconds: loss / 10,
  count: 1,
});

it("leaves a short curve as it is", () => {
  const thinner = makeThinner(4);
  const points = [1, 2, 3, 4].map((step) => point(step, step));
  for (const each of points) thinner.add(each);
  expect(thinner.points()).toEqual(points);
});

it("joins neighbours with their mean, least and largest", () => {
  const thinner = makeThinner(4);
  for (let step = 1; step <= 6; step++) thinner.add(point(step, step, step === 3 ? null : 2));
  expect(thinner.points()).toMatchObject([
    { step: 2, loss: 1.5, lossMin: 1, lossMax: 2, gradientNorm: 2, seconds: 0.15000000000000002, count: 2 },
    { step: 4, loss: 3.5, lossMin: 3, lossMax: 4, gradientNorm: null, count: 2 },
    { step: 6, loss: 5.5, count: 2 },
  ]);
});

it("of any curve keeps order, count, mean and range within the limit", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 12 }),
      (losses, half) => {
        const thinner = makeThinner(2 * half);
        losses.forEach((loss, i) => {
          thinner.add(point(i + 1, loss));
        });
        const points = thinner.points();
        expect(points.length).toBeLessThanOrEqual(2 * half);
        expect(points.length).toBeGreaterThanOrEqual(Math.min(losses.length, half));
        expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(losses.length);
        const sum = losses.reduce((total, loss) => total + loss, 0);
        expect(points.reduce((total, { loss, count }) => total + loss * count, 0)).toBeCloseTo(sum, 6);
        expect(Math.max(...points.map(({ lossMax }) => lossMax))).toBe(Math.max(...losses));
        expect(Math.min(...points.map(({ lossMin }) => lossMin))).toBe(Math.min(...losses));
        expect(points.at(-1)!.step).toBe(losses.length);
      },
    ),
  );
});
