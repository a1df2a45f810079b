/** Cases of one pixel each: what a case holds is its number. */
import { describe, expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import type { Split } from "../../src/core/split.ts";
import { splitByPatient } from "../../src/dataset/split.ts";
import type { CaseEntry, DatasetIndex, DecodedCase } from "../../src/dataset/types.ts";
import { caseHash } from "../../src/node/workflows/data-digest.ts";
import { chooseKnownCases } from "../../src/node/workflows/known-cases.ts";
import type { CardData } from "../../src/predict/card-parts.ts";
import { rejection } from "../support/data-folder.ts";
import { FULL_PARTS, makeCard } from "../support/model-card.ts";

const content = (value: number) => ({
  width: 1,
  height: 1,
  depth: 1,
  spacingMm: [1, 1, 1] as const,
  image: Float32Array.of(value),
});
const hashes = (values: readonly number[]): readonly string[] =>
  values.map((value) => caseHash(content(value)));

/** "p1w0" is case w0 of patient p1; what it holds is the number in `values`. */
function entriesOf(values: Readonly<Record<string, number>>, splits: Readonly<Record<string, Split>> = {}) {
  return Object.keys(values).map((id): CaseEntry => {
    const patient = id.slice(0, 2);
    return { id, patient, split: splits[patient], files: [] };
  });
}

const indexOf = (cases: readonly CaseEntry[]): DatasetIndex => ({
  layout: "msd",
  unit: "volume",
  description: "",
  root: "DATA",
  labels: [],
  cases,
  warnings: [],
});

async function choose(
  values: Readonly<Record<string, number>>,
  options: {
    readonly learnt: Readonly<Record<Split, readonly number[]>> | null;
    readonly split: Split | "all";
    readonly stated?: Readonly<Record<string, Split>>;
    readonly unreadable?: string;
  },
) {
  const { learnt, split, stated, unreadable } = options;
  const cases = entriesOf(values, stated);
  const index = indexOf(cases);
  const data: CardData | null =
    learnt === null
      ? null
      : {
          ...FULL_PARTS.data!,
          cases: {
            train: hashes(learnt.train),
            validate: hashes(learnt.validate),
            test: hashes(learnt.test),
          },
        };
  const loaded: string[] = [];
  const load = async (entry: CaseEntry): Promise<DecodedCase> => {
    loaded.push(entry.id);
    if (entry.id === unreadable) throw new HipError("bad-image", "broken");
    return {
      ...content(values[entry.id]!),
      entry,
      hasSpacing: true,
      mask: new Uint8Array(1),
      isReversed: false,
      grid: { shape: [1, 1, 1], spacingMm: [1, 1, 1], affine: [] as never },
      orientation: undefined,
      warnings: [],
    };
  };
  const card = makeCard({ data });
  const request = { index, split, run: undefined, card, modelPath: "m.onnx", load };
  const chosen = await chooseKnownCases(request);
  return { ids: chosen.cases.map(({ id }) => id), split: chosen.split, warnings: chosen.warnings, loaded };
}

const SIX = { p1w0: 10, p2w0: 20, p3w0: 30, p4w0: 40, p5w0: 50, p6w0: 60 };
const LEARNT = { train: [10, 20], validate: [30], test: [40, 50] };

describe("data without splits of their own", () => {
  test.each([
    ["train", ["p1w0", "p2w0"]],
    ["validate", ["p3w0"]],
    ["test", ["p4w0", "p5w0"]],
  ] as const)("%s is what the model used as that, not a new draw", async (split, ids) => {
    const { p6w0: _, ...five } = SIX;
    expect(await choose(five, { learnt: LEARNT, split })).toMatchObject({ ids, split, warnings: [] });
  });

  test("names and order of files do not matter", async () => {
    const renamed = { q9w0: 50, q8w0: 10, q7w0: 40 };
    expect((await choose(renamed, { learnt: LEARNT, split: "test" })).ids).toEqual(["q9w0", "q7w0"]);
  });

  test("cases that the model does not know, and test cases that are gone, are told", async () => {
    const { p5w0: _, ...five } = SIX;
    const { ids, warnings } = await choose(five, { learnt: LEARNT, split: "test" });
    expect(ids).toEqual(["p4w0"]);
    expect(warnings).toEqual([
      '1 of the test cases of "m.onnx" are not in "DATA"',
      '"m.onnx" does not know 1 case of "DATA", left out: --split all judges every case',
    ]);
  });

  test("of new data all are judged, but no patient whom the model has seen", async () => {
    const data = { p1w0: 10, p1w1: 11, p3w0: 30, p7w0: 70, p8w0: 80 };
    const { ids, warnings, split } = await choose(data, { learnt: LEARNT, split: "test" });
    // The second scan of p1 was not learnt from, but p1 was.
    expect(ids).toEqual(["p7w0", "p8w0"]);
    expect(split).toBe("test");
    expect(warnings).toEqual([
      '"DATA" has none of the test cases of "m.onnx": all 2 cases of patients that the model does not know are judged',
    ]);
  });

  test("where nothing is left to judge, that is an error", async () => {
    expect(await rejection(choose({ p1w0: 10 }, { learnt: LEARNT, split: "test" }))).toEqual({
      code: "bad-dataset",
      message: 'Cannot evaluate on "DATA": its test split has no cases',
      hint: 'Choose another split with --split (train, validate, test), or "--split all" for every patient',
      problems: [],
    });
  });

  test("a case that cannot be read is unknown: judging it says why", async () => {
    const { ids } = await choose(SIX, { learnt: { ...LEARNT, test: [] }, split: "test", unreadable: "p6w0" });
    expect(ids).toEqual(["p4w0", "p5w0", "p6w0"]);
  });
});

describe("every case", () => {
  test("is judged, and it is said how many were learnt from", async () => {
    expect(await choose(SIX, { learnt: LEARNT, split: "all" })).toMatchObject({
      ids: Object.keys(SIX),
      split: "train",
      warnings: [
        'The model learnt from 2 of 6 cases of "DATA" (known by their images): the figures of all cases are too good',
      ],
    });
  });
  test("of known cases that were not learnt from nothing need be said", async () => {
    const chosen = await choose({ p3w0: 30, p4w0: 40 }, { learnt: LEARNT, split: "all" });
    expect(chosen).toMatchObject({ split: "validate", warnings: [] });
    expect(await choose({ p4w0: 40 }, { learnt: LEARNT, split: "all" })).toMatchObject({
      split: "test",
      warnings: [],
    });
  });
  test("of unknown ones it is said what the model would not know again", async () => {
    expect(await choose({ p9w0: 90 }, { learnt: LEARNT, split: "all" })).toMatchObject({
      split: "test",
      warnings: [expect.stringMatching(/^The model knows none of the images of "DATA" again/)],
    });
  });
});

describe("data that state their splits", () => {
  const stated = { p1: "train", p2: "train", p3: "validate", p4: "test", p5: "test" } as const;
  const { p6w0: _, ...five } = SIX;

  test("are taken at their word, and only the wanted split is read", async () => {
    const chosen = await choose(five, { learnt: LEARNT, split: "test", stated });
    expect(chosen).toMatchObject({ ids: ["p4w0", "p5w0"], warnings: [] });
    expect([...chosen.loaded].sort()).toEqual(["p4w0", "p5w0"]);
  });

  test("but never for a patient whom the model learnt from", async () => {
    const data = { ...five, p4w1: 41 };
    const { ids, warnings } = await choose(data, {
      learnt: { ...LEARNT, train: [10, 41] },
      split: "test",
      stated,
    });
    expect(ids).toEqual(["p5w0"]);
    expect(warnings).toEqual([
      'The model was trained or chosen by patients of 2 of the 3 test cases of "DATA" (known by their images): they are left out',
    ]);
  });
});

test("a model that knows no images is judged as before, without reading any", async () => {
  const { ids, loaded, warnings } = await choose(SIX, { learnt: null, split: "test" });
  const drawn = splitByPatient(indexOf(entriesOf(SIX)), { seed: 3 });
  expect(ids).toEqual(drawn.test.map(({ id }) => id));
  expect(loaded).toEqual([]);
  expect(warnings).toContainEqual(expect.stringContaining("does not say which patients it learnt from"));
});
