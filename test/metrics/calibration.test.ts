import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CalibrationMeter, makeCalibration } from "../../src/metrics/calibration.ts";
import { expOfNegative, makeSoftmax } from "../../src/metrics/softmax.ts";

const TWO = [
  { id: 0, name: "background" },
  { id: 5, name: "prostate" },
];
const THREE = [
  { id: 0, name: "background" },
  { id: 1, name: "body" },
  { id: 4, name: "rectum" },
];

/** Scores of two classes whose softmax gives label 5 these probabilities. */
function scoresOf(probabilities: readonly number[]): Float32Array {
  return Float32Array.from([
    ...probabilities.map(() => 0),
    ...probabilities.map((p) => Math.log(p / (1 - p))),
  ]);
}

/** A repeatable draw from [0, 1): the golden ratio's multiples are spread evenly. */
const evenly = (i: number): number => (i * 0.6180339887498949) % 1;

/** 20,000 pixels that claim p, of which the share `share(p)` bears the label. */
function simulate(share: (p: number) => number): CalibrationMeter {
  const meter = makeCalibration({ labels: TWO });
  for (let slice = 0; slice < 20; slice++) {
    const claimed = Array.from({ length: 1000 }, (_, i) => 0.0005 + 0.999 * ((i + slice / 20) / 1000));
    const truth = Uint8Array.from(claimed, (p, i) => (evenly(slice * 1000 + i) < share(p) ? 5 : 0));
    meter.add(scoresOf(claimed), truth);
  }
  return meter;
}

describe("makeCalibration", () => {
  test("counts by hand: two bins, one label, a pixel without truth and one below 0.01", () => {
    const meter = makeCalibration({ labels: TWO, bins: 2 });
    meter.add(scoresOf([0.25, 0.35, 0.75, 0.85, 0.001, 0.9]), Uint8Array.of(0, 5, 5, 0, 5, 255));
    const { ece, labels } = meter.result();
    // Lower bin: mean 0.3, one of two; upper: mean 0.8, one of two.
    expect(labels[0]!.ece).toBeCloseTo((2 * 0.2 + 2 * 0.3) / 4, 6);
    expect(labels[0]!.bins.map(({ from, to, n, frequency }) => ({ from, to, n, frequency }))).toEqual([
      { from: 0, to: 0.01, n: 1, frequency: 1 },
      { from: 0.01, to: 0.5, n: 2, frequency: 0.5 },
      { from: 0.5, to: 1, n: 2, frequency: 0.5 },
    ]);
    expect(labels[0]!.bins[0]!.meanProbability).toBeCloseTo(0.001, 7);
    expect(labels[0]!.bins[2]!.meanProbability).toBeCloseTo(0.8, 6);
    // The most probable label: claimed 0.75, 0.65, 0.75, 0.85, 0.999; right are the first and the third.
    expect(ece).toBeCloseTo((0.75 + 0.65 + 0.75 + 0.85 + 0.999 - 2) / 5, 6);
  });

  test("agrees with scikit-learn 1.9.1 and torchmetrics 1.9.0 (scripts/make_calibration_fixture.py)", () => {
    const path = new URL("fixtures/calibration.json", import.meta.url);
    const reference = JSON.parse(readFileSync(path, "utf8")) as {
      scores: number[];
      truth: number[];
      ece: number;
      labels: { ece: number; frequency: number[]; mean: number[]; below: number }[];
    };
    const meter = makeCalibration({ labels: THREE });
    meter.add(Float32Array.from(reference.scores), Uint8Array.from(reference.truth));
    const { ece, labels } = meter.result();
    expect(ece).toBeCloseTo(reference.ece, 6);
    expect(labels.map(({ id }) => id)).toEqual([1, 4]);
    for (const [k, { bins, ...label }] of labels.entries()) {
      const wanted = reference.labels[k]!;
      expect(label.ece).toBeCloseTo(wanted.ece, 6);
      expect(bins).toHaveLength(16);
      expect(bins[0]!.n).toBe(wanted.below);
      const filled = bins.slice(1).filter(({ n }) => n > 0);
      expect(filled.map(({ frequency }) => frequency!)).toEqual(
        wanted.frequency.map((value) => expect.closeTo(value, 6)),
      );
      expect(filled.map(({ meanProbability }) => meanProbability!)).toEqual(
        wanted.mean.map((value) => expect.closeTo(value, 6)),
      );
    }
  });

  test("a model that says what is true has an ECE near 0, one that is too sure a large one", () => {
    const honest = simulate((p) => p).result();
    expect(honest.ece).toBeLessThan(0.01);
    expect(honest.labels[0]!.ece).toBeLessThan(0.01);
    // Of the pixels that claim p only half of what lies beyond 0.5 is true.
    const sure = simulate((p) => 0.5 + (p - 0.5) / 2).result();
    expect(sure.labels[0]!.ece).toBeCloseTo(0.125, 2);
    expect(sure.ece).toBeCloseTo(0.125, 2);
  });

  test("a rare label that a perfect model never gives 0.01 is not held against it", () => {
    const meter = makeCalibration({ labels: TWO });
    const truth = Uint8Array.from({ length: 10_000 }, (_, i) => (i % 200 === 0 ? 5 : 0));
    meter.add(scoresOf(Array.from(truth, () => 0.005)), truth);
    const { ece, labels } = meter.result();
    expect(labels[0]!.ece).toBeNull();
    expect(labels[0]!.bins[0]).toEqual({
      from: 0,
      to: 0.01,
      n: 10_000,
      meanProbability: expect.closeTo(0.005, 6),
      frequency: 0.005,
    });
    expect(ece).toBeLessThan(1e-6);
  });

  test("does not depend on the order of the pixels, nor on how they are cut into slices", () => {
    const pixel = fc.record({
      a: fc.integer({ min: -8, max: 8 }),
      b: fc.integer({ min: -8, max: 8 }),
      c: fc.integer({ min: -8, max: 8 }),
      truth: fc.constantFrom(0, 1, 4, 255),
    });
    const pixels = fc.array(pixel, { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(pixels, fc.integer({ min: 0, max: 40 }), (all, cut) => {
        type Pixel = (typeof all)[number];
        const add = (meter: CalibrationMeter, some: readonly Pixel[]): void =>
          meter.add(
            Float32Array.from([...some.map((p) => p.a), ...some.map((p) => p.b), ...some.map((p) => p.c)]),
            Uint8Array.from(some, (p) => p.truth),
          );
        const once = makeCalibration({ labels: THREE });
        add(once, all);
        const turned = makeCalibration({ labels: THREE });
        add(turned, all.slice(cut).reverse());
        add(turned, all.slice(0, cut));
        const one = once.result();
        const other = turned.result();
        expect(other.labels.map(({ bins }) => bins.map(({ n, frequency }) => [n, frequency]))).toEqual(
          one.labels.map(({ bins }) => bins.map(({ n, frequency }) => [n, frequency])),
        );
        for (const [k, { ece }] of one.labels.entries()) {
          if (ece === null) expect(other.labels[k]!.ece).toBeNull();
          else expect(other.labels[k]!.ece).toBeCloseTo(ece, 9);
        }
        const counted = all.filter(({ truth }) => truth !== 255).length;
        expect(one.labels.every(({ bins }) => bins.reduce((sum, { n }) => sum + n, 0) === counted)).toBe(
          true,
        );
      }),
      { numRuns: 60 },
    );
  });

  test("probability 1 is in the last bin", () => {
    const meter = makeCalibration({ labels: TWO });
    meter.add(Float32Array.of(-200, 200), Uint8Array.of(5));
    expect(meter.result().labels[0]!.bins.at(-1)).toEqual({
      from: 14 / 15,
      to: 1,
      n: 1,
      meanProbability: 1,
      frequency: 1,
    });
    expect(meter.result().ece).toBe(0);
  });

  test("nothing seen: everything is null, and the convention stands", () => {
    const { ece, labels, convention } = makeCalibration({ labels: TWO }).result();
    expect(ece).toBeNull();
    expect(labels).toHaveLength(1);
    expect(labels[0]!.ece).toBeNull();
    expect(labels[0]!.bins.every((bin) => bin.n === 0 && bin.frequency === null)).toBe(true);
    expect(convention).toBe(
      "Softmax probabilities in 15 bins of equal width; ECE: the mean over the bins of |frequency - mean probability|, " +
        "weighted by their voxels (Naeini et al. 2015), once of the most probable label over all voxels with a truth, " +
        "most of them easy background (Guo et al. 2017), and once of each label against all others (Kull et al. 2019) " +
        "over the voxels that give it 0.01 or more: what lies below has a bin of its own, which counts in no ECE",
    );
  });

  test("a caller's mistakes are RangeErrors", () => {
    const meter = makeCalibration({ labels: TWO });
    expect(() => meter.add(new Float32Array(6), new Uint8Array(2))).toThrow(
      new RangeError("6 scores are not those of 2 pixels of 2 classes"),
    );
    expect(() => meter.add(new Float32Array(2), Uint8Array.of(3))).toThrow(
      new RangeError("Truth has a voxel of 3, which is no label"),
    );
    expect(() => makeCalibration({ labels: TWO, bins: 1 })).toThrow(
      new RangeError("bins must be an integer from 2 to 50, got 1"),
    );
  });
});

describe("makeSoftmax", () => {
  test("is e^x over the sum, whatever is added to all scores, and sums to 1", () => {
    const scores = [1.5, -2, 0.25, 3, 80, -80];
    const exact = [0, 1].map((i) => {
      const powers = [0, 1, 2].map((k) => Math.exp(scores[k * 2 + i]! - 80));
      const sum = powers.reduce((a, b) => a + b, 0);
      return powers.map((power) => power / sum);
    });
    for (const shift of [0, 1000]) {
      const found = makeSoftmax(3)(Float32Array.from(scores, (score) => score + shift));
      for (const [i, wanted] of exact.entries())
        for (const [k, p] of wanted.entries()) expect(found[k * 2 + i]).toBeCloseTo(p, 7);
    }
  });

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY]])("a score of %s is an error with a hint", (bad) => {
    let caught: unknown;
    try {
      makeSoftmax(2)(Float32Array.of(0, 0, 0, bad));
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({
      name: "HipError",
      code: "bad-model",
      message:
        "Cannot turn the model's scores into probabilities: they must be finite, but at pixel 1 of a slice they are not",
      hint: "The weights hold NaN or overflow: train again with a lower learning rate, or take an earlier model",
    });
  });

  test("-infinity is probability 0", () => {
    expect([...makeSoftmax(2)(Float32Array.of(3, Number.NEGATIVE_INFINITY))]).toEqual([1, 0]);
  });

  test("refuses scores that are no whole number of pixels", () => {
    expect(() => makeSoftmax(2)(new Float32Array(3))).toThrow(
      new RangeError("3 scores are no whole number of pixels of 2 classes"),
    );
    expect(() => makeSoftmax(1)).toThrow(new RangeError("Softmax needs two classes or more, got 1"));
  });
});

test("expOfNegative() is e^x to 1.5e-8 of itself, exact at 0, and 0 far below", () => {
  expect(expOfNegative(0)).toBe(1);
  expect(expOfNegative(-88)).toBe(0);
  expect(expOfNegative(Number.NEGATIVE_INFINITY)).toBe(0);
  expect(expOfNegative(Number.NaN)).toBeNaN();
  let worst = 0;
  for (let i = 0; i < 20_000; i++) {
    const x = -87 * evenly(i);
    worst = Math.max(worst, Math.abs(expOfNegative(x) / Math.exp(x) - 1));
  }
  expect(worst).toBeLessThan(1.5e-8);
});
