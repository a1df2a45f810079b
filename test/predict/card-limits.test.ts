import { expect, test } from "vitest";
import { PLAIN_INPUT } from "../../src/predict/card.ts";
import { describeSizes, type LimitFacts, limitsOf } from "../../src/predict/card-limits.ts";

const LABELS = [
  { id: 0, name: "background" },
  { id: 1, name: "bladder" },
  { id: 2, name: "rectum" },
  { id: 7, name: "prostate" },
];
/** Nothing to complain of but what every 2D model of one data set has. */
const GOOD: LimitFacts = {
  synthetic: false,
  labels: LABELS,
  patients: { train: 20, validate: 10, test: 0 },
  input: {
    ...PLAIN_INPUT,
    mode: "pad",
    normalise: "zscore",
    over: "volume",
    canvas: { width: 8, height: 8 },
    orientation: "LSP",
  },
  spacingMm: { min: [1.68, 1.56, 1.68], max: [1.68, 1.56, 1.69] },
  volumesWith: {
    train: new Map([
      [1, 20],
      [2, 5],
      [7, 9],
    ]),
    validate: new Map([
      [1, 1],
      [2, 1],
      [7, 1],
    ]),
  },
};

test("a well-fed model has the limits of its kind alone", () => {
  expect(limitsOf(GOOD)).toEqual([
    "All images come from one data set: other scanners, sequences and hospitals were not tested",
    "Sees one slice at a time: a mask can be uneven from slice to slice",
    "Other pixel sizes were not tested: in training they were 1.68 x 1.56 mm, slices 1.68 mm apart",
  ]);
});

test("few patients, synthetic images, rare and missing labels, unknown plane and size are all told", () => {
  const limits = limitsOf({
    ...GOOD,
    synthetic: true,
    patients: { train: 19, validate: 1, test: 1 },
    input: { ...GOOD.input, orientation: null, neighbours: 1 },
    spacingMm: null,
    volumesWith: { train: new Map([[1, 4]]), validate: new Map([[1, 1]]) },
  });
  expect(limits).toEqual([
    "Learnt from drawn images only: nothing is known of how it does on real scans",
    "Learnt from 19 patients: anatomy that none of them has may be missed",
    "Judged on 1 patient in validation: other patients may fare much worse",
    'In no training volume: "rectum", "prostate"; it cannot be found',
    'In fewer than 5 training volumes: "bladder"',
    'In no validation volume: "rectum", "prostate"; no figure says how well it is found',
    "Sees 1 neighbouring slice on either side, never the whole volume",
    "The plane of the training slices is not known: it takes 2D images only, and they must be of that plane",
    "The training files do not all state their pixels' size: images of another size were not tested",
  ]);
});

test("sizes that differ by more than 2 % are a range", () => {
  expect(describeSizes({ min: [1, 1, 3], max: [1.02, 1.03, 6] })).toBe("1 x 1-1.03 mm, slices 3-6 mm apart");
});
