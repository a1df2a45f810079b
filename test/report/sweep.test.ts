import { describe, expect, test } from "vitest";
import type { Comparison } from "../../src/report/comparison.ts";
import {
  formatRanking,
  orderTrials,
  rankTrials,
  type SweptKey,
  stepsText,
  type TrialOutcome,
} from "../../src/report/sweep.ts";
import { sweepPage } from "../../src/report/sweep-page.ts";

const KEYS: readonly SweptKey[] = [
  { key: "optimizer.kind", kind: "list", scale: "linear" },
  { key: "clipNorm", kind: "range", scale: "log" },
];
type Judged = NonNullable<TrialOutcome["metrics"]>;

function outcome(trial: number, dice: number | null, failure: string | null = null): TrialOutcome {
  const metrics = {
    foregroundMean: dice,
    ci95: { foregroundMean: dice === null ? null : [dice - 0.05, dice + 0.05] },
    convention: "ours",
    patients: 12,
    cases: Array.from({ length: 24 }),
  };
  return {
    name: `trial_00${trial}`,
    values: { "optimizer.kind": trial % 2 === 0 ? "sgd" : "<adamw>", clipNorm: 2 ** trial },
    steps: failure === null ? 100 : null,
    minutes: null,
    tooShort: null,
    seconds: 75,
    // Of all the figures only these are looked at.
    metrics: failure === null ? (metrics as unknown as Judged) : null,
    failure,
  };
}
const OUTCOMES = [
  outcome(0, 0.8),
  outcome(1, null, "the loss is not finite"),
  outcome(2, 0.9),
  outcome(3, 0.9),
  outcome(4, null),
];
const figure = (other: string, difference: number, verdict: string) => ({
  other,
  figures: [
    {
      difference,
      ci95: [Number((difference - 0.01).toFixed(3)), Number((difference + 0.01).toFixed(3))],
      p: 0.01,
      pHolm: 0.02,
      verdict,
    },
  ],
});
const COMPARISON = {
  tests: 3,
  warnings: ["Each setting was trained once"],
  comparisons: [
    figure("trial_003", 0, "no difference shown"),
    figure("trial_000", -0.1, "worse"),
    figure("trial_004", 0, "not tested"),
  ],
} as unknown as Comparison;

const ordered = orderTrials(OUTCOMES);
const ranking = rankTrials(ordered, KEYS, COMPARISON);

describe("a ranking", () => {
  test("has the best first, of equals the earlier, and those that failed last", () => {
    expect(ranking.trials.map(({ name }) => name)).toEqual([
      "trial_002",
      "trial_003",
      "trial_000",
      "trial_004",
      "trial_001",
    ]);
    expect(ranking.best).toBe("trial_002");
    expect([ranking.patients, ranking.volumes]).toEqual([12, 24]);
    expect(ranking.trials[0]).toMatchObject({ rank: 1, toBest: null, foregroundMean: 0.9 });
    expect(ranking.trials[2]?.toBest).toEqual({
      difference: -0.1,
      ci95: [-0.11, -0.09],
      p: 0.01,
      pHolm: 0.02,
      verdict: "worse",
    });
  });

  test("says what must be said: optimistic, who is worse, who failed", () => {
    expect(ranking.notes).toEqual([
      "The best of 4 is optimistic: it was chosen by these very patients, so that new patients will give less. Judge it, and it alone, once on test patients",
      "1 trial shown to be worse than the best (p after Holm < 0.05); of 2 no difference from it was shown, which does not prove that there is none",
      "1 trial failed: ranked last, without a figure",
      "Each setting was trained once",
    ]);
  });

  test("is a table on a terminal", () => {
    const lines = formatRanking(ranking, (seconds) => `${seconds} s`).split("\n");
    expect(lines[0]).toMatch(
      /^trial +rank +optimizer\.kind +clipNorm +mean Dice +95 % interval +against the best +steps +time$/,
    );
    expect(lines[1]).toMatch(/^trial_002 +1 +sgd +4 +0\.900 +0\.850 to 0\.950 +the best +100 +75 s$/);
    expect(lines[3]).toMatch(/-0\.100 \(-0\.110 to -0\.090\), p 0\.02 +100 +75 s$/);
    expect(lines[5]).toMatch(/^trial_001 +5 +<adamw> +2 +- +- +failed +- +75 s$/);
    expect(lines.at(-1)).toBe("- trial_001: the loss is not finite");
  });

  test("says where trials had other numbers of steps, and of what the ranking then tells", () => {
    const stepped = (minutes: readonly [number | null, number | null]) =>
      [31, 85].map((steps, i) => ({ ...outcome(i, 0.9 - 0.1 * i), steps, minutes: minutes[i]! }));
    const notesOf = (minutes: readonly [number | null, number | null]) =>
      rankTrials(orderTrials(stepped(minutes)), KEYS, undefined).notes;
    expect(notesOf([0.5, 0.5])).toContain(
      "Trials had 31 to 85 steps in the same 0.5 minutes: the ranking says what is learnt in the time. State steps or epochs to compare at equal steps",
    );
    const length = "Trials had 31 to 85 steps: the ranking ranks how long they were trained, too";
    expect(notesOf([0.5, 1])).toContain(length);
    expect(notesOf([null, null])).toContain(length);
    expect(stepsText(stepped([0.5, 0.5]))).toBe("31: trial_000; 85: trial_001");
    expect(stepsText(OUTCOMES)).toBe("100 in every trial");
    expect(stepsText([outcome(0, null, "no")])).toBe("none");
    const many = Array.from({ length: 13 }, (_, i) => ({ name: `trial_${i}`, steps: 40 + i }));
    expect(stepsText(many)).toBe("40 to 52, differing between trials: see the ranking");
  });

  test("says how many trials were trained too short", () => {
    const short = "trained too short to judge the network by: 2 steps";
    const outcomes = [outcome(0, 0.9), { ...outcome(1, 0.8), tooShort: short }];
    const { notes } = rankTrials(orderTrials(outcomes), KEYS, undefined);
    expect(notes).toContain(`1 of 2 trials was ${short}`);
  });

  test("has no best where every trial failed", () => {
    const none = rankTrials(orderTrials([outcome(0, null, "no"), outcome(1, null, "no")]), KEYS, undefined);
    expect([none.best, none.patients, none.tests]).toEqual([null, 0, 0]);
    expect(none.notes).toEqual(["2 trials failed: ranked last, without a figure"]);
  });
});

describe("sweepPage()", () => {
  test("has the ranking and a figure for each key, every text escaped", () => {
    const page = sweepPage(ranking, {
      synthetic: false,
      reproduce: ["hipmri train"],
      facts: [],
      time: (seconds) => `${seconds} s`,
    });
    expect(page.figures.map(({ name }) => name)).toEqual(["sweep-0-optimizer.kind", "sweep-1-clipNorm"]);
    expect(page.html).toContain(
      "trial_002 (optimizer.kind sgd, clipNorm 4) did best on 12 validation patients",
    );
    expect(page.html).toContain(
      "As the best of 5 trials, chosen by these very patients, this figure is optimistic.",
    );
    expect(page.html).toContain("&lt;adamw&gt;");
    expect(page.html).not.toContain("<adamw>");
  });
});
