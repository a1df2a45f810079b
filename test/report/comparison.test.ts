import { describe, expect, test } from "vitest";
import { aggregate } from "../../src/metrics/aggregate.ts";
import { scoreCase } from "../../src/metrics/score-case.ts";
import type { Metrics } from "../../src/metrics/types.ts";
import { type ComparedRun, compareRuns } from "../../src/report/comparison.ts";
import { differencesOf } from "../../src/report/comparison-checks.ts";
import { comparisonPage } from "../../src/report/comparison-page.ts";
import { concludePair, formatComparison, pText } from "../../src/report/comparison-text.ts";
import { parseMetrics } from "../../src/report/read-metrics.ts";
import { hipErrorOf } from "../support/nifti.ts";

const LABELS = [
  { id: 0, name: "background" },
  { id: 1, name: "bladder" },
  { id: 2, name: "prostate" },
];
const TRUTH = "1111111122222222";

/** One case a patient; `wrong[i]` voxels of each label of patient i are background in the prediction. */
function metricsOf(
  wrong: readonly number[],
  changes: { split?: Metrics["split"]; truth?: string } = {},
): Metrics {
  const { split = "validate", truth = TRUTH } = changes;
  const ids = (text: string): Uint8Array => Uint8Array.from(text, Number);
  const cases = wrong.map((n, i) =>
    scoreCase({
      id: `case_${i}`,
      patient: `patient_${String(i).padStart(2, "0")}`,
      truth: ids(truth),
      prediction: ids(`${"0".repeat(n)}${truth.slice(n, 8)}${"0".repeat(n)}${truth.slice(8 + n)}`),
      shape: [16, 1, 1],
      spacingMm: [1, 1, 1],
      labels: LABELS,
    }),
  );
  return aggregate(cases, { split, labels: LABELS });
}

const run = (name: string, metrics: Metrics, training: ComparedRun["training"] = null): ComparedRun => ({
  name,
  path: `runs/${name}`,
  metrics,
  training,
});
const training = (changes: Partial<NonNullable<ComparedRun["training"]>> = {}) => ({
  preset: "pelvis",
  steps: 10,
  seed: 0,
  config: { optimizer: { lr: 0.01 }, seed: 0 },
  modelSha256: "ab",
  dataDigest: null,
  trainPatients: ["p"],
  log: [
    { kind: "step", step: 1, epoch: 1, loss: 2, lr: 0.1 },
    {
      kind: "epoch",
      step: 1,
      epoch: 1,
      loss: 2,
      validationLoss: 1,
      foregroundDice: 0.5,
      dice: {},
      isBest: true,
    },
  ],
  ...changes,
});
const OPTIONS = { metric: "dice", seed: 0, pairs: "baseline" } as const;
const GOOD = metricsOf([0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
const BAD = metricsOf([3, 4, 3, 4, 3, 4, 3, 4, 3, 4]);

describe("compareRuns()", () => {
  test("finds what is better, in the right direction", () => {
    const there = compareRuns([run("bad", BAD), run("good", GOOD)], OPTIONS);
    expect(there.comparisons[0]!.figures.map(({ name, verdict }) => [name, verdict])).toEqual([
      ["mean", "better"],
      ["bladder", "better"],
      ["prostate", "better"],
    ]);
    expect(there.comparisons[0]!.figures[0]).toMatchObject({ p: 2 / 1024, pHolm: 6 / 1024, larger: 10 });
    const back = compareRuns([run("good", GOOD), run("bad", BAD)], OPTIONS);
    expect(back.comparisons[0]!.figures[0]!.verdict).toBe("worse");
    expect(back.comparisons[0]!.figures[0]!.difference).toBe(-there.comparisons[0]!.figures[0]!.difference!);
  });

  test("of distances smaller is better", () => {
    const { comparisons } = compareRuns([run("bad", BAD), run("good", GOOD)], { ...OPTIONS, metric: "hd95" });
    expect(comparisons[0]!.figures[1]).toMatchObject({ name: "bladder", verdict: "better", smaller: 10 });
  });

  test("shows no difference between equal runs, nor where few patients cannot show one", () => {
    const same = compareRuns([run("a", GOOD), run("b", GOOD)], OPTIONS);
    expect(same.comparisons[0]!.figures[0]).toMatchObject({
      p: 1,
      verdict: "no difference shown",
      equal: 10,
    });
    expect(concludePair(same.comparisons[0]!, same)).toContain("have the same figures for every patient");
    const few = compareRuns([run("a", metricsOf([3, 4, 3])), run("b", metricsOf([0, 0, 0]))], OPTIONS);
    expect(few.comparisons[0]!.figures[0]).toMatchObject({ p: 0.25, verdict: "too few patients" });
    expect(concludePair(few.comparisons[0]!, few)).toMatch(
      /^Too few patients to tell "b" from "a": of 3 no difference/,
    );
    expect(few.warnings[0]).toContain(
      "The smallest p that 3 patients can give, corrected for 3 tests, is 0.75",
    );
  });

  test("a label that few patients have is not called shown by too few where their verdict can be another", () => {
    // Six of nine have a prostate: 2 / 2^6 is below 0.05, three times that is not.
    const withProstates = (wrong: readonly number[], dice: (i: number) => number): Metrics => {
      const cases = metricsOf(wrong).cases.map((each, i) => ({
        ...each,
        labels: each.labels.map((label) =>
          label.id !== 2
            ? label
            : i < 3
              ? { ...label, dice: null, state: "undefined" as const }
              : { ...label, dice: dice(i) },
        ),
      }));
      return aggregate(cases, { split: "validate", labels: LABELS });
    };
    const bad = withProstates([4, 4, 4, 4, 4, 4, 4, 4, 4], () => 0.5);
    const verdictOf = (dice: (i: number) => number) =>
      compareRuns(
        [run("bad", bad), run("good", withProstates([0, 0, 0, 0, 0, 0, 0, 0, 0], dice))],
        OPTIONS,
      ).comparisons[0]!.figures.map(({ name, patients, verdict }) => [name, patients, verdict]);
    expect(verdictOf(() => 0.9)[2]).toEqual(["prostate", 6, "better"]);
    expect(verdictOf((i) => (i % 2 === 0 ? 0.4 : 0.6))[2]).toEqual(["prostate", 6, "no difference shown"]);
  });

  test("corrects for all tests, those of other pairs too", () => {
    const three = [run("a", BAD), run("b", GOOD), run("c", GOOD)];
    expect(compareRuns(three, OPTIONS)).toMatchObject({ tests: 6 });
    const all = compareRuns(three, { ...OPTIONS, pairs: "all" });
    expect(all.tests).toBe(9);
    expect(all.comparisons.map(({ baseline, other }) => `${baseline} ${other}`)).toEqual([
      "a b",
      "a c",
      "b c",
    ]);
    expect(all.comparisons[0]!.figures[0]!.pHolm).toBeCloseTo((9 * 2) / 1024, 12);
    expect(all.warnings.join()).toContain("9 tests: about one in twenty");
  });

  test("does not rank by distances runs that missed other organs; leaves those volumes out, and counts them", () => {
    const missed = metricsOf([8, 4, 3, 4, 3, 4, 3, 4, 3, 4]);
    const comparison = compareRuns([run("a", BAD), run("b", missed)], { ...OPTIONS, metric: "hd95" });
    expect(comparison.comparisons[0]!.figures[1]).toMatchObject({
      leftOut: 1,
      patients: 9,
      verdict: "not comparable",
    });
    expect(concludePair(comparison.comparisons[0]!, comparison)).toContain("cannot be ranked by HD95 [mm]");
    expect(formatComparison(comparison)).toContain(
      'bladder: 1 volume without HD95 [mm] in "a" or "b" left out',
    );
  });

  test("a false alarm costs the run that raised it", () => {
    // No prostate in any truth; the second run finds one in half of the patients.
    const truth = "1111111100000000";
    const silent = metricsOf(
      Array.from({ length: 12 }, () => 0),
      { truth },
    );
    const cases = silent.cases.map((each, i) => ({
      ...each,
      labels: each.labels.map((label) =>
        label.id === 2 && i % 2 === 0
          ? {
              ...label,
              dice: 0,
              nsd: 0,
              state: "falseAlarm" as const,
              counts: { truth: 0, prediction: 4, overlap: 0 },
            }
          : label,
      ),
    }));
    const alarming = aggregate(cases, { split: "validate", labels: LABELS });
    const comparison = compareRuns([run("silent", silent), run("alarming", alarming)], OPTIONS);
    expect(comparison.comparisons[0]!.figures[2]).toMatchObject({
      name: "prostate",
      patients: 6,
      leftOut: 6,
      difference: -1,
    });
    expect(comparison.comparisons[0]!.figures[0]).toMatchObject({
      smaller: 6,
      verdict: "no difference shown",
    });
    expect(comparison.comparisons[0]!.figures[0]!.difference).toBeLessThan(0);
    expect(concludePair(comparison.comparisons[0]!, comparison)).not.toContain("the same figures");
  });

  test("names the settings that differ and what weakens the comparison", () => {
    const other = training({ config: { optimizer: { lr: 0.02 }, seed: 0 }, steps: 20, trainPatients: ["q"] });
    const runs = [
      run("a", metricsOf([1, 2], { split: "test" }), training()),
      run("b", metricsOf([1, 1], { split: "test" }), other),
    ];
    const { settings, warnings } = compareRuns(runs, OPTIONS);
    expect(settings).toEqual([{ key: "optimizer.lr", values: ["0.01", "0.02"] }]);
    const said = warnings.join("\n");
    expect(said).toContain("Only 2 patients");
    expect(said).toContain("These are test patients");
    expect(said).toContain("learnt from other patients");
    expect(said).toContain("trained for 10, 20 steps");
    expect(said).toContain("Each setting was trained once");
  });

  test("takes two runs or more", () => {
    expect(() => compareRuns([run("a", GOOD)], OPTIONS)).toThrow(RangeError);
  });
});

describe("differencesOf()", () => {
  test("of the same cases and rules is empty; a split that nobody stated is no difference", () => {
    const unstated = metricsOf([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], { split: "unstated" });
    expect(differencesOf([run("a", GOOD), run("b", BAD), run("c", unstated)])).toEqual([]);
  });

  test("tells all at once: cases, patients, truth, labels, rules, split, tolerance", () => {
    const other: Metrics = {
      ...BAD,
      split: "test",
      conventionName: "monai",
      cases: [
        { ...BAD.cases[0]!, patient: "somebody" },
        ...BAD.cases.slice(1, 9),
        { ...BAD.cases[9]!, id: "stranger" },
      ],
    };
    expect(differencesOf([run("a", GOOD), run("b", other)])).toEqual([
      'Split: "a" has validate, "b" has test',
      'Rules: "a" has hipmri, "b" has monai',
      '1 case of "a" not in "b": "case_9"',
      '1 case of "b" not in "a": "stranger"',
      'Case "case_0" is of patient "patient_00" in "a", of "somebody" in "b"',
    ]);
    const cut = metricsOf([1, 2], { truth: "1111111022222222" });
    expect(differencesOf([run("a", metricsOf([1, 2])), run("b", cut)])).toEqual([
      'The true masks of 2 cases in "b" are not those of "a": "case_0", "case_1"',
    ]);
    const renamed = { ...GOOD, labels: GOOD.labels.map((label) => ({ ...label, name: `${label.name}s` })) };
    expect(differencesOf([run("a", GOOD), run("b", renamed)])).toEqual([
      'Labels: "a" has 1 bladder, 2 prostate, "b" has 1 bladders, 2 prostates',
    ]);
  });
});

describe("comparisonPage()", () => {
  const runs = [run("bad", BAD, training()), run("<good>", GOOD, training())];
  const page = comparisonPage(runs, compareRuns(runs, OPTIONS), {
    reproduce: ["hipmri compare"],
    isSynthetic: true,
  });

  test("says what came out first, is self-contained and escapes names", () => {
    expect(page.html).toContain("&quot;&lt;good&gt;&quot; is better than &quot;bad&quot;: mean Dice");
    expect(page.html).toContain("<strong>Synthetic data.</strong>");
    expect(page.html).not.toContain("<good>");
    expect(page.html).not.toMatch(/<script|src="http|href=/);
    expect(page.html).toContain("model.onnx sha256 ab");
    expect(page.html).toContain("No patient is worse in Dice.");
  });

  test("has every figure as a file and in the page", () => {
    expect(page.figures.map(({ name }) => name)).toEqual([
      "differences-1",
      "validation-dice",
      "training-loss",
    ]);
    for (const { svg } of page.figures) expect(page.html).toContain(svg);
  });

  test("masks of any tool have no curves", () => {
    const masks = [run("a", BAD), run("b", GOOD)];
    const { figures, html } = comparisonPage(masks, compareRuns(masks, OPTIONS), {
      reproduce: [],
      isSynthetic: false,
    });
    expect(figures.map(({ name }) => name)).toEqual(["differences-1"]);
    expect(html).not.toContain("Settings that differ");
  });
});

test("formatComparison() stays within 100 columns", () => {
  const comparison = compareRuns([run("bad", BAD, training()), run("good", GOOD, training())], OPTIONS);
  const lines = formatComparison(comparison).split("\n");
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  expect(lines).toContain(
    'Baseline "bad", other "good": means over patients, each by all of his or her volumes',
  );
});

test("pText() never says 0", () => {
  expect([null, 0.00001, 0.0012, 0.049, 1].map(pText)).toEqual(["-", "< 0.0001", "0.0012", "0.049", "1"]);
});

test("parseMetrics() reads what aggregate() wrote and refuses what is none", async () => {
  expect(parseMetrics(JSON.stringify(GOOD), "m")).toEqual(GOOD);
  const error = await hipErrorOf(() => parseMetrics('{"split":"test"}', "old/metrics.json"));
  expect(error.message).toContain('Cannot compare "old/metrics.json"');
  expect(error.hint).toContain("hipmri evaluate");
});
