import { expect, it } from "vitest";
import { makeLossMeter } from "../../src/train/loss-meter.ts";

const classOf = new Uint8Array(256).fill(255);
classOf.set([0, 1], 0);
const both = { crossEntropy: 1, dice: 1 };

it("makeLossMeter() gives cross-entropy and 1 - soft Dice by hand", () => {
  // Two pixels, two classes; p(foreground) = 1 / (1 + e^-d) with d = score1 - score0 = 0 and ln 3: 1/2 and 3/4.
  const meter = makeLossMeter(2, classOf);
  meter.add(Float32Array.of(5, 0, 5, Math.log(3)), Uint8Array.of(0, 1));
  const crossEntropy = -(Math.log(1 / 2) + Math.log(3 / 4)) / 2;
  const dice = (2 * 0.75 + 1) / (1.25 + 1 + 1);
  expect(meter.result({ crossEntropy: 1, dice: 0 })).toBeCloseTo(crossEntropy, 6);
  expect(meter.result(both)).toBeCloseTo(crossEntropy + 1 - dice, 6);
});

it("makeLossMeter() leaves out pixels without a known label, and does not overflow", () => {
  const meter = makeLossMeter(2, classOf);
  meter.add(Float32Array.of(1000, -1000, -1000, 1000), Uint8Array.of(0, 255));
  expect(meter.result({ crossEntropy: 1, dice: 0 })).toBe(0);
});

it("meters that are joined give what one meter of everything gives, broken numbers too", () => {
  const scores = Float32Array.of(5, 0, 1, 5, Math.log(3), 2);
  const truth = Uint8Array.of(0, 1, 1);
  const [whole, first, second] = [0, 1, 2].map(() => makeLossMeter(2, classOf));
  whole!.add(scores, truth);
  whole!.add(Float32Array.of(1, 2), Uint8Array.of(1));
  first!.add(scores, truth);
  second!.add(Float32Array.of(1, 2), Uint8Array.of(1));
  first!.addSums(second!.sums());
  expect(first!.result(both)).toBeCloseTo(whole!.result(both), 12);
  second!.add(Float32Array.of(Number.NaN, 2), Uint8Array.of(1));
  first!.addSums(second!.sums());
  expect(first!.result(both)).toBeNaN();
});
