import { expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { parseDatasetJson } from "../../src/dataset/dataset-json.ts";

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
  const rest = { isNnunet: false, fileEnding: undefined, numTraining: undefined, warnings: [] };
  const writtenNames = new Map([
    [0, "background"],
    [1, "Anterior"],
    [2, "Posterior"],
  ]);
  Object.assign(rest, { writtenNames });
  expect(parse({ labels: { "2": "Posterior", "0": "background", "1": "Anterior" } })).toEqual({
    labels,
    ...rest,
  });
  expect(parse({ labels: { Posterior: 2, background: 0, Anterior: 1 } })).toEqual({ labels, ...rest });
});

test("the first channel's name is nnU-Net's, or the Decathlon's modality", () => {
  expect(parse({ channel_names: { "0": "T2" }, modality: { "0": "MRI" } }).channelName).toBe("T2");
  expect(parse({ modality: { "0": "MRI" } }).channelName).toBe("MRI");
  expect(parse({ channel_names: ["", 1], modality: "MRI" }).channelName).toBeUndefined();
});

test("no labels stated", () => {
  expect(parse({ name: "x" }).labels).toBeUndefined();
  expect(parse(null).labels).toBeUndefined();
  expect(parse({ labels: null }).labels).toBeUndefined();
});

test("what is no list of labels is refused, all problems at once", () => {
  expect(problemsOf({ labels: { "0": "background", "300": "far", whole: [1, 2], "1": " " } })).toEqual([
    "Label 1 has an empty name",
    'Label "300": "far" must have one whole number from 0 to 254',
    'Label "whole": [1,2] is a region of several labels (nnU-Net\'s region-based training), which is not supported: each label must have one number of its own',
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
  expect(parse({ labels: { air: 0, prostate: 1, ignore: 2 } })).toMatchObject({
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

test("what nnU-Net says is read, and an ending that cannot be read is refused", () => {
  const nnunet = {
    channel_names: { "0": "T2" },
    labels: { background: 0, prostate: 1 },
    numTraining: 12,
    file_ending: ".nii.gz",
  };
  expect(parse(nnunet)).toMatchObject({ isNnunet: true, fileEnding: ".nii.gz", numTraining: 12 });
  expect(parse({ channel_names: { "0": "T2" } })).toMatchObject({ isNnunet: true, fileEnding: undefined });
  expect(parse({ modality: { "0": "MRI" } }).isNnunet).toBe(false);
  for (const ending of [".tif", "nii.gz", "", 3]) {
    expect(() => parse({ file_ending: ending })).toThrow(
      `Cannot use "dataset.json": "file_ending" must be the ending of an image format that can be read, such as ".nii.gz", got ${JSON.stringify(ending)}`,
    );
  }
});
