import fc from "fast-check";
import { expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { splitByPatient } from "../../src/dataset/split.ts";
import type { CaseEntry, DatasetIndex, Split } from "../../src/dataset/types.ts";
import { HIPMRI_LABELS } from "../../src/volume/volume.ts";

function indexOf(cases: readonly (readonly [patient: number, week: number, split?: Split])[]): DatasetIndex {
  const entries = cases.map(([patient, week, split]): CaseEntry => {
    const id = `case_${patient}_week_${week}`;
    return { id, patient: `case_${patient}`, split, files: [] };
  });
  const about = { layout: "msd", unit: "volume", description: "", root: "DATA" } as const;
  return { ...about, labels: HIPMRI_LABELS, cases: entries, warnings: [] };
}

const patientsOf = (cases: readonly CaseEntry[]): string[] => [
  ...new Set(cases.map((entry) => entry.patient)),
];
const idsOf = (cases: readonly CaseEntry[]): string[] => cases.map((entry) => entry.id);

test("no patient is ever in two splits, whatever the layout says, and no drawn split is empty", () => {
  const split = fc.constantFrom<Split>("train", "validate", "test");
  const oneCase = fc.tuple(fc.nat(30), fc.nat(7), split);
  fc.assert(
    fc.property(
      fc.uniqueArray(oneCase, { minLength: 1, maxLength: 60, selector: (c) => c.join() }),
      fc.nat(),
      fc.boolean(),
      (cases, seed, stated) => {
        const index = indexOf(stated ? cases : cases.map(([patient, week]) => [patient, week]));
        fc.pre(stated || patientsOf(index.cases).length >= 3);
        const { train, validate, test: held } = splitByPatient(index, { seed });
        const all = [...patientsOf(train), ...patientsOf(validate), ...patientsOf(held)];
        expect(new Set(all)).toEqual(new Set(patientsOf(index.cases)));
        expect(all).toHaveLength(new Set(all).size);
        if (stated) return;
        expect(Math.min(train.length, validate.length, held.length)).toBeGreaterThan(0);
        expect(train.length + validate.length + held.length).toBe(cases.length);
      },
    ),
    { numRuns: 300 },
  );
});

test("the shares are of patients, the seed decides, and equal seeds agree", () => {
  const index = indexOf(Array.from({ length: 80 }, (_, i) => [i >> 1, i & 1]));
  const one = splitByPatient(index, { seed: 1 });
  expect([one.train, one.validate, one.test].map((cases) => patientsOf(cases).length)).toEqual([28, 6, 6]);
  expect(one.warnings).toEqual([]);
  expect(splitByPatient(index, { seed: 1 })).toEqual(one);
  expect(idsOf(splitByPatient(index, { seed: 2 }).test)).not.toEqual(idsOf(one.test));
  const none = splitByPatient(index, { seed: 1, validateFraction: 0.5, testFraction: 0 });
  expect([none.train, none.validate, none.test].map((cases) => patientsOf(cases).length)).toEqual([
    20, 20, 0,
  ]);
});

test("three patients are one each", () => {
  const result = splitByPatient(
    indexOf([
      [1, 0],
      [2, 0],
      [3, 0],
      [3, 1],
    ]),
    { seed: 5 },
  );
  expect([result.train, result.validate, result.test].map((cases) => patientsOf(cases).length)).toEqual([
    1, 1, 1,
  ]);
});

test("fewer than three patients cannot be split", () => {
  const act = () =>
    splitByPatient(
      indexOf([
        [1, 0],
        [1, 1],
        [2, 0],
      ]),
      { seed: 0 },
    );
  expect(act).toThrow(HipError);
  expect(act).toThrow(
    'Cannot split "DATA" by patient: 3 splits need 3 patients at least, got 2 patients ("case_',
  );
});

test("the layout's own split is used as it is", () => {
  const index = indexOf([
    [1, 0, "train"],
    [2, 0, "test"],
    [3, 0, "validate"],
    [1, 1, "train"],
  ]);
  const result = splitByPatient(index, { seed: 9 });
  expect(idsOf(result.train)).toEqual(["case_1_week_0", "case_1_week_1"]);
  expect(idsOf(result.validate)).toEqual(["case_3_week_0"]);
  expect(idsOf(result.test)).toEqual(["case_2_week_0"]);
  expect(result.warnings).toEqual([]);
});

test("a patient whom the layout has in two splits stays in the one held out furthest", () => {
  const index = indexOf([
    [1, 0, "train"],
    [1, 1, "test"],
    [2, 0, "train"],
    [3, 0, "validate"],
  ]);
  const result = splitByPatient(index, { seed: 9 });
  expect(idsOf(result.train)).toEqual(["case_2_week_0"]);
  expect(idsOf(result.test)).toEqual(["case_1_week_1"]);
  expect(result.warnings).toEqual([
    'Patient "case_1" is in several splits: kept in test, 1 case of other splits left out',
  ]);
});

test("a missing validate is taken from train, a missing test stays empty", () => {
  const index = indexOf([
    [1, 0, "train"],
    [1, 1, "train"],
    [2, 0, "train"],
  ]);
  const result = splitByPatient(index, { seed: 3 });
  expect(patientsOf(result.train)).toHaveLength(1);
  expect(patientsOf(result.validate)).toHaveLength(1);
  expect(result.warnings).toEqual([
    `The data has no validate split: 1 patient of train drawn for it ("${result.validate[0]!.patient}")`,
    "The test split is empty",
  ]);
  expect(splitByPatient(indexOf([[1, 0, "test"]]), { seed: 3 }).warnings).toEqual([
    "The train split is empty",
    "The validate split is empty",
  ]);
});

test("fractions must leave something to train on", () => {
  expect(() => splitByPatient(indexOf([]), { seed: 0, validateFraction: 0.5, testFraction: 0.5 })).toThrow(
    "validateFraction must be > 0, testFraction >= 0 and their sum < 1, got 0.5 and 0.5",
  );
});

test("a smaller training set leaves validate and test as they are, and says so", () => {
  const index = indexOf(Array.from({ length: 40 }, (_, i) => [i >> 1, i & 1]));
  const all = splitByPatient(index, { seed: 1 });
  const few = splitByPatient(index, { seed: 1, trainPatients: 5 });
  expect(patientsOf(few.train)).toHaveLength(5);
  expect(idsOf(all.train)).toEqual(expect.arrayContaining(idsOf(few.train)));
  expect([few.validate, few.test]).toEqual([all.validate, all.test]);
  expect(few.warnings.join()).toContain("5 patients of the 14 of train");
  expect(splitByPatient(index, { seed: 1, trainPatients: 99 })).toEqual(all);
});

test("folds share out whom the test split leaves: the same test patients as without folds, or none", () => {
  const index = indexOf(Array.from({ length: 40 }, (_, i) => [i >> 1, i & 1]));
  const fold = (number: number, testFraction: number) =>
    splitByPatient(index, { seed: 5, testFraction, folds: 4, fold: number });
  const { test: drawn } = splitByPatient(index, { seed: 5, testFraction: 0.2 });
  for (const testFraction of [0, 0.2]) {
    const splits = [0, 1, 2, 3].map((number) => fold(number, testFraction));
    const judged = splits.flatMap(({ validate }) => patientsOf(validate));
    const held = testFraction === 0 ? [] : patientsOf(drawn);
    for (const { train, validate, test: kept } of splits) {
      expect(patientsOf(kept)).toEqual(held);
      expect(patientsOf(train).length + patientsOf(validate).length).toBe(20 - held.length);
    }
    expect(new Set([...judged, ...held]).size).toBe(20);
    expect(judged).toHaveLength(20 - held.length);
  }
});
