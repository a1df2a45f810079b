import { expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { parseDatasetJson } from "../../src/dataset/labels.ts";

const parse = (content: unknown) => parseDatasetJson(JSON.stringify(content), "dataset.json");

function problemsOf(content: unknown): readonly string[] {
  try {
    parse(content);
  } catch (error) {
    if (error instanceof HipError) return error.problems;
    throw error;
  }
  return [];
}

test("both orders give lower-case names by id", () => {
  const labels = [
    { id: 0, name: "background" },
    { id: 1, name: "anterior" },
    { id: 2, name: "posterior" },
  ];
  expect(parse({ labels: { "2": "Posterior", "0": "background", "1": "Anterior" } })).toEqual({
    labels,
    warnings: [],
  });
  expect(parse({ labels: { Posterior: 2, background: 0, Anterior: 1 } })).toEqual({ labels, warnings: [] });
});

test("no labels stated", () => {
  expect(parse({ name: "x" })).toBeUndefined();
  expect(parse(null)).toBeUndefined();
});

test("what is no list of labels is refused, all problems at once", () => {
  expect(problemsOf({ labels: { "0": "background", "300": "far", whole: [1, 2], "1": " " } })).toEqual([
    "Label 1 has an empty name",
    'Label "300": "far" must have one whole number from 0 to 254',
    'Label "whole": [1,2] must have one whole number from 0 to 254',
  ]);
  expect(problemsOf({ labels: { "0": "background", "1": "prostate", "255": "void" } })).toEqual([
    'Label "255": "void" must have one whole number from 0 to 254: 255 means "ignore" here, renumber the labels',
  ]);
  expect(problemsOf({ labels: { background: 0, far: 254 } })).toEqual([]);
  expect(problemsOf({ labels: { a: 1, b: 1, A: 2 } })).toEqual([
    "Label 1 is named twice",
    'Name "a" is given twice',
  ]);
  expect(problemsOf({ labels: { background: 0 } })).toEqual(["It names no label other than background"]);
  expect(problemsOf({ labels: "prostate" })).toEqual(['"labels" is no object']);
  expect(() => parseDatasetJson("{", "dataset.json")).toThrow('Cannot read "dataset.json": it is not JSON');
});

test("a foreground called 0 and an ignored label are told", () => {
  expect(parse({ labels: { air: 0, prostate: 1, ignore: 2 } })).toEqual({
    labels: [
      { id: 0, name: "background" },
      { id: 1, name: "prostate" },
      { id: 2, name: "ignore" },
    ],
    warnings: [
      '"dataset.json" calls label 0 "air"; it is treated as background',
      '"dataset.json" calls label 2 "ignore"; it is learnt and scored as any other label',
    ],
  });
});
