import { describe, expect, test } from "vitest";
import { makeSeedRule } from "../../src/report/seed-rule.ts";
import { seedFigure, seedSection } from "../../src/report/seed-section.ts";

const SIX = ["background", "body", "bone", "bladder", "rectum", "prostate"].map((name, id) => ({ id, name }));
const TWO = SIX.slice(0, 2);

/** Scores of two classes whose softmax gives label 1 these probabilities. */
function scoresOf(...probabilities: number[]): Float32Array {
  return Float32Array.from([
    ...probabilities.map(() => 0),
    ...probabilities.map((p) => Math.log(p / (1 - p))),
  ]);
}

/** The rule word for word: one-hot truth, softmax, two sums, all in float64. */
function wordForWord(
  batch: readonly { readonly scores: Float32Array; readonly truth: Uint8Array }[],
  classes: number,
): number {
  let both = 0;
  let sum = 0;
  for (const { scores, truth } of batch) {
    for (const [i, label] of truth.entries()) {
      const powers = Array.from({ length: classes }, (_, k) => Math.exp(scores[k * truth.length + i]!));
      const total = powers.reduce((a, b) => a + b, 0);
      for (const [k, power] of powers.entries()) {
        const oneHot = k === label ? 1 : 0;
        both += oneHot * (power / total);
        sum += oneHot + power / total;
      }
    }
  }
  return (2 * both) / sum;
}

describe("makeSeedRule", () => {
  test("by hand: batches of two slices, the last smaller", () => {
    const rule = makeSeedRule({ labels: TWO, batchSize: 2 });
    rule.add(scoresOf(0.9, 0.2), Uint8Array.of(1, 0));
    rule.add(scoresOf(0.5, 0.5), Uint8Array.of(0, 0));
    rule.add(scoresOf(0.3, 0.1), Uint8Array.of(1, 1));
    const { batches, ...rest } = rule.result();
    // The mean probability of the true label: (0.9 + 0.8 + 0.5 + 0.5) / 4, (0.3 + 0.1) / 2.
    expect(batches).toEqual([
      { x: 1, value: expect.closeTo(0.675, 6) },
      { x: 2, value: expect.closeTo(0.2, 6) },
    ]);
    expect(rest).toEqual({
      mean: expect.closeTo(0.4375, 6),
      max: expect.closeTo(0.675, 6),
      dividedMean: expect.closeTo(0.21875, 6),
      dividedMax: expect.closeTo(0.3375, 6),
      // Three of four pixels, none of two.
      allBackgroundMean: 0.375,
      // Argmax: 1, 0, then 0 where both are equal: batch 1 has Dice 1; in batch 2 nothing is found.
      ours: { mean: 0.5, max: 1 },
      labels: 2,
      batchSize: 2,
      rule:
        "2 x sum(truth x p) / sum(truth + p) over all 2 labels, background included, all pixels and all slices of a batch " +
        "of 2 together, p being the softmax probability and not the argmax, then divided by 2; reported as the mean and " +
        "the maximum over the batches",
    });
  });

  test("is the rule taken word for word, for six labels and batches of 8", () => {
    const slices = Array.from({ length: 11 }, (_, s) => ({
      scores: Float32Array.from({ length: 6 * 5 }, (_, i) => 3 * Math.sin(7 * i + 13 * s)),
      truth: Uint8Array.from({ length: 5 }, (_, i) => (i * 3 + s) % 6),
    }));
    const rule = makeSeedRule({ labels: SIX });
    for (const { scores, truth } of slices) rule.add(scores, truth);
    const { batches, dividedMax, max } = rule.result();
    expect(batches).toEqual([
      { x: 1, value: expect.closeTo(wordForWord(slices.slice(0, 8), 6), 6) },
      { x: 2, value: expect.closeTo(wordForWord(slices.slice(8), 6), 6) },
    ]);
    expect(dividedMax).toBeCloseTo(max! / 6, 12);
  });

  test("a perfect model gets 1, and no more than 1/6 once divided", () => {
    const truth = Uint8Array.of(0, 5);
    const rule = makeSeedRule({ labels: SIX });
    rule.add(
      Float32Array.from({ length: 12 }, (_, at) => (truth[at % 2] === Math.floor(at / 2) ? 100 : -100)),
      truth,
    );
    const { mean, dividedMax, ours } = rule.result();
    expect(mean).toBe(1);
    expect(dividedMax).toBe(1 / 6);
    expect(ours).toEqual({ mean: 1, max: 1 });
  });

  test("a model that finds nothing gets the share of background, and 0 by our rule", () => {
    const rule = makeSeedRule({ labels: SIX });
    const truth = Uint8Array.of(0, 0, 0, 5);
    rule.add(
      Float32Array.from({ length: 24 }, (_, at) => (at < 4 ? 100 : -100)),
      truth,
    );
    const { mean, allBackgroundMean, ours } = rule.result();
    expect(mean).toBe(0.75);
    expect(allBackgroundMean).toBe(0.75);
    expect(ours).toEqual({ mean: 0, max: 0 });
  });

  test("pixels without truth count nowhere, and a batch of nothing else has no point", () => {
    const rule = makeSeedRule({ labels: TWO, batchSize: 1 });
    rule.add(scoresOf(0.9), Uint8Array.of(255));
    rule.add(scoresOf(0.75, 0.1), Uint8Array.of(1, 255));
    expect(rule.result().batches).toEqual([{ x: 2, value: expect.closeTo(0.75, 6) }]);
  });

  test("nothing seen: null", () => {
    const { batches, mean, max, dividedMean, dividedMax, allBackgroundMean, ours } = makeSeedRule({
      labels: SIX,
    }).result();
    expect(batches).toEqual([]);
    expect([mean, max, dividedMean, dividedMax, allBackgroundMean, ours.mean, ours.max]).toEqual(
      Array(7).fill(null),
    );
  });

  test("a caller's mistakes are RangeErrors", () => {
    expect(() => makeSeedRule({ labels: SIX, batchSize: 0 })).toThrow(
      new RangeError("batchSize must be an integer >= 1, got 0"),
    );
    expect(() => makeSeedRule({ labels: TWO }).add(new Float32Array(6), new Uint8Array(2))).toThrow(
      new RangeError("6 scores are not those of 2 pixels of 2 classes"),
    );
  });
});

describe("seedSection", () => {
  const rule = makeSeedRule({ labels: SIX, batchSize: 1 });
  for (const truth of [0, 5]) {
    rule.add(
      Float32Array.from({ length: 6 }, (_, k) => (k === 0 ? 100 : -100)),
      Uint8Array.of(truth),
    );
  }
  const seed = rule.result();
  const html = seedSection(
    [{ who: "Test <patients>", seed, foregroundMean: 0.8125 }],
    ["<figure>F</figure>"],
  );

  test("has both readings of the rule and ours in one row, under its own heading", () => {
    expect(html).toMatch(/^<section><h2>The student project&#39;s figures, by its own rule<\/h2>/);
    // Mean and maximum, both divided by 6, all background, ours of the batches (0 of the only one with a label), ours.
    expect(html).toContain(
      '<th scope="row">Test &lt;patients&gt;</th>' +
        "<td>0.500</td><td>1.000</td><td>0.083</td><td>0.167</td><td>0.500</td><td>0.000</td><td>0.000</td><td>0.813</td>",
    );
    expect(html).toContain('<div class="figures"><figure>F</figure></div></section>');
  });

  test("says why the rule flatters, and that the README's figures are not of the divided rule", () => {
    expect(html).toContain("is the mean probability of the true label and no Dice of any organ");
    expect(html).toContain("can never exceed 1/6 = 0.167, however good the model is");
    expect(html).toContain("0.29 on average and 0.34 at most for validation (run of 16 October 2024)");
    expect(html).toContain(
      "they cannot have come from the division by 6 that the last version of its code has",
    );
    expect(html).toContain("resized both to 256x256, the masks bilinearly");
  });

  test("is empty without a split, and without figures has no place for them", () => {
    expect(seedSection([])).toBe("");
    expect(seedSection([{ who: "Test patients", seed, foregroundMean: null }])).not.toContain('figures"');
  });

  test("the figure draws the undivided values with mean and maximum, and does not call itself Dice of ours", () => {
    const { title, caption, svg } = seedFigure({ who: "Test patients", seed });
    expect(title).toBe("Test patients: the student's rule over the batches");
    expect(caption).toMatch(/^Not our Dice: /);
    expect(svg).toContain(">mean 0.500<");
    expect(svg).toContain(">max 1.000<");
    expect(svg).toContain("batch of 1 slice<");
  });
});
