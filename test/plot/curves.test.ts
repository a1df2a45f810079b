import { describe, expect, test } from "vitest";
import { boxByLabel } from "../../src/plot/boxes.ts";
import { diceByLabel, diceCurves, lossCurves, spreadNames } from "../../src/plot/curves.ts";
import { escapeXml, round, roundNumbers } from "../../src/plot/svg.ts";
import { expectGolden } from "./golden.ts";

const LOSS = {
  training: [1, 2, 3, 4].map((step) => ({ step, epoch: Math.ceil(step / 2), loss: 1 / step })),
  validation: [
    { step: 2, epoch: 1, loss: 0.7 },
    { step: 4, epoch: 2, loss: 0.4 },
  ],
};
const DICE = {
  title: "Dice over the batches, test",
  points: [0.8, 0.9, 0.85].map((value, x) => ({ x, value })),
  xLabel: "batch",
  mean: 0.85,
  max: 0.9,
};
const NAMES = ["body", "bone", "bladder", "rectum", "prostate"];
const EPOCHS = [1, 2, 3].map((epoch) => ({
  epoch,
  labels: NAMES.map((name, i) => ({
    name,
    dice: name === "prostate" && epoch === 1 ? null : 1 - i / (5 + epoch),
  })),
}));
const METRICS = {
  patients: 5,
  labels: NAMES.map((name, i) => ({ id: i + 1, name })),
  cases: [0, 1, 2, 3, 4].map((c) => ({
    patient: `p${c}`,
    labels: NAMES.map((name, i) => ({
      id: i + 1,
      dice: name === "rectum" && c > 1 ? null : 0.95 - i / 10 - c / 50,
    })),
  })),
};

/** The y coordinate of the horizontal rule drawn in `colour`. */
function ruleHeight(svg: string, colour: string): number {
  const group =
    new RegExp(`<g[^>]*stroke="${colour}"[^>]*aria-label="rule"[^>]*>(<line[^>]*>)`).exec(svg)?.[1] ?? "";
  return Number(/y1="([\d.]+)"/.exec(group)?.[1]);
}

/** Every chart is one whole file that needs nothing from outside. */
function expectSelfContained(svg: string): void {
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="\d+" viewBox="/);
  expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(
    /https?:|<style|<script|href|url\(/,
  );
  expect(svg).not.toMatch(/NaN|Infinity|undefined"/);
  for (const tag of svg.match(/<[^>]*>/g) ?? []) expect(tag).not.toMatch(/\d\.\d{3}/);
}

describe("golden charts", () => {
  test("loss", () => expectGolden("loss.svg", lossCurves(LOSS)));
  test("Dice over the batches", () => expectGolden("dice.svg", diceCurves(DICE)));
  test("Dice by label", () => expectGolden("dice-by-label.svg", diceByLabel({ epochs: EPOCHS })));
  test("boxes by label", () => expectGolden("boxes.svg", boxByLabel(METRICS)));
});

describe("every chart", () => {
  const draw = [
    () => lossCurves(LOSS),
    () => diceCurves(DICE),
    () => diceByLabel({ epochs: EPOCHS }),
    () => boxByLabel(METRICS),
    () => lossCurves({ training: [], validation: [] }),
    () => diceCurves({ ...DICE, points: [] }),
    () => diceByLabel({ epochs: [] }),
    () => boxByLabel({ patients: 0, labels: [], cases: [] }),
    () => lossCurves({ training: [{ step: 1, epoch: 1, loss: Number.NaN }], validation: [] }),
    () => diceCurves({ ...DICE, points: [{ x: 3, value: 0.5 }] }),
    () => diceByLabel({ epochs: EPOCHS.slice(0, 1) }),
  ];
  test.each(draw.map((d, i) => [i, d] as const))("is self-contained and rounded (%i)", (_, d) => {
    expectSelfContained(d());
  });
  test.each(draw.map((d, i) => [i, d] as const))("is the same when drawn again (%i)", (_, d) => {
    expect(d()).toBe(d());
  });
});

describe("lossCurves", () => {
  test("says so when there is nothing to draw", () => {
    expect(lossCurves({ training: [], validation: [] })).toContain(">no data yet<");
  });
  test("a long run is thinned to at most 300 points, which are means", () => {
    const training = Array.from({ length: 6000 }, (_, i) => ({ step: i + 1, epoch: 1, loss: i % 2 }));
    const path =
      /aria-label="line"[^>]*><path d="([^"]*)"/.exec(lossCurves({ training, validation: [] }))?.[1] ?? "";
    const heights = [...path.matchAll(/[\d.]+,([\d.]+)/g)].map((m) => m[1]);
    expect(heights).toHaveLength(300);
    expect(new Set(heights).size).toBe(1);
  });
  test("counts the epochs in the name of the axis", () => {
    expect(lossCurves(LOSS)).toContain(">optimiser step (2 epochs)<");
    expect(lossCurves({ training: LOSS.training.slice(0, 2), validation: [] })).toContain("(1 epoch)<");
  });
});

describe("diceCurves", () => {
  test("draws and names the mean and the maximum, the maximum higher up", () => {
    const svg = diceCurves(DICE);
    expect(svg).toContain(">mean 0.850<");
    expect(svg).toContain(">max 0.900<");
    const mean = ruleHeight(svg, "#d55e00");
    const max = ruleHeight(svg, "#008a60");
    const zero = ruleHeight(svg, "#222222");
    expect((zero - max) / (zero - mean)).toBeCloseTo(0.9 / 0.85, 3);
  });
  test("escapes the title", () => {
    const svg = diceCurves({ ...DICE, title: `<b>"A" & 'B'</b>`, xLabel: "<i>" });
    expect(svg).toContain("&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;&lt;/b&gt;");
    expect(svg).not.toMatch(/<b>|<i>/);
  });
});

describe("diceByLabel", () => {
  test("draws each label in its colour and names it with its last Dice", () => {
    const svg = diceByLabel({ epochs: EPOCHS });
    for (const colour of ["#8da0b3", "#e8c81e", "#56b4e9", "#d55e00", "#008a60"]) {
      expect(svg).toContain(`stroke="${colour}"`);
    }
    expect(svg).toContain(">prostate 0.50<");
  });
  test("takes the colour from the id where one is given", () => {
    const svg = diceByLabel({ epochs: [{ epoch: 1, labels: [{ id: 5, name: "prostate", dice: 0.5 }] }] });
    expect(svg).toContain("#008a60");
    expect(svg).not.toContain("#8da0b3");
  });
  test("a label without any Dice is left out", () => {
    const svg = diceByLabel({ epochs: [{ epoch: 1, labels: [{ name: "a", dice: null }] }] });
    expect(svg).toContain(">no data yet<");
  });
});

describe("boxByLabel", () => {
  test("draws every patient once, a box from four patients on, and counts the undefined", () => {
    const svg = boxByLabel(METRICS);
    expect(svg.match(/<circle/g)).toHaveLength(4 * 5 + 2);
    expect(svg.match(/aria-label="bar"/g)).toHaveLength(4);
    expect(svg).toContain(">n=5<");
    expect(svg).toContain(">n=2, 3 undef.<");
  });
  test("a patient scanned several times is one dot, at the mean of his volumes", () => {
    const scan = (patient: string, dice: number | null) => ({ patient, labels: [{ id: 5, dice }] });
    const svg = (cases: readonly ReturnType<typeof scan>[]): string =>
      boxByLabel({ patients: 2, labels: [{ id: 5, name: "prostate" }], cases });
    const weekly = svg([scan("a", 0.5), scan("b", 0.9), scan("a", 0.7), scan("a", null)]);
    expect(weekly).toBe(svg([scan("a", 0.6), scan("b", 0.9)]));
    expect(weekly.match(/<circle/g)).toHaveLength(2);
  });
  test("a label that is undefined everywhere says so", () => {
    const svg = boxByLabel({
      patients: 1,
      labels: [{ id: 5, name: "prostate" }],
      cases: [{ patient: "a", labels: [{ id: 5, dice: null }] }],
    });
    expect(svg).toContain(">undefined in every patient<");
    expect(svg).toContain("1 patient;");
  });
});

describe("spreadNames", () => {
  test("leaves names alone that stand apart", () => {
    expect(spreadNames([0.2, 0.5, 0.9])).toEqual([0.2, 0.5, 0.9]);
  });
  test("parts those that would overlap, inside the chart and in order", () => {
    const places = spreadNames([0.99, 0.98, 1]);
    expect(places[2]).toBe(1);
    expect(places[2]! - places[0]!).toBeCloseTo(0.062, 9);
    expect(places[0]! - places[1]!).toBeCloseTo(0.062, 9);
  });
});

describe("SVG text", () => {
  test("escapes, and replaces what XML forbids", () => {
    expect(escapeXml(`<a href="x">&'\u0000`)).toBe("&lt;a href=&quot;x&quot;&gt;&amp;&#39;\ufffd");
  });
  test("rounds numbers in tags, but neither text nor colours", () => {
    const tag = '<p d="M1.23456,-0.001L1e-7,12.5" fill="#56b4e9" stroke="#d55e00">1.23456</p>';
    expect(roundNumbers(tag)).toBe('<p d="M1.23,0L0,12.5" fill="#56b4e9" stroke="#d55e00">1.23456</p>');
    expect(round(-0.0001)).toBe("0");
  });
});
