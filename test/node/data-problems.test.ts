import { expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { makeFinding } from "../../src/dataset/doctor/findings.ts";
import { type DataPlace, type DataProblems, dataError } from "../../src/node/workflows/data-problems.ts";

const place: DataPlace = { data: "my data" };
const none: DataProblems = { faults: undefined, errors: [], cases: 9, copies: [] };
const faults = {
  message: 'Cannot pair the images of "my data": 1 problem',
  hint: "Copy it",
  problems: ["Image lacks its mask"],
};
const errorOf = (message: string, hint: string, problems: readonly string[] = []): HipError =>
  new HipError(problems.length > 0 ? "bad-dataset" : "bad-mask", message, { hint, problems });
const copies = [
  makeFinding({
    severity: "error",
    code: "duplicate-across-patients",
    message: "The same pixels are stored twice",
    remedy: "Keep one",
    details: ["a = b", "c = d"],
  }),
];
const told = (found: Partial<DataProblems>, at = place) => {
  const error = dataError({ ...none, ...found }, at);
  return error === undefined ? undefined : [error.message, ...error.problems, error.hint];
};

test("dataError() leaves alone what stands alone", () => {
  expect(told({})).toBeUndefined();
  expect(told({ faults })).toEqual([faults.message, ...faults.problems, faults.hint]);
  const error = errorOf("Bad mask", "Mend it");
  expect(dataError({ ...none, errors: [error] }, place)).toBe(error);
  const many = errorOf(
    "Bad case",
    "Mend it",
    Array.from({ length: 25 }, (_, i) => `slice ${i}`),
  );
  expect(told({ errors: [many] })?.slice(-3)).toEqual(["slice 19", "… and 5 more", "Mend it"]);
  expect(told({ copies })).toEqual([
    "Cannot use the data: images are stored more than once",
    "The same pixels are stored twice: a = b; c = d",
    "Keep one",
  ]);
});

test("dataError() gives the one remedy of all, or what tells each", () => {
  const errors = [errorOf("b10", "Mend it"), errorOf("Bad case", "Mend it", ["b9", "c"])];
  expect(told({ errors })).toEqual([
    "Cannot use the data: 2 of 9 cases have problems",
    "b9",
    "b10",
    "c",
    "Mend it",
  ]);
  expect(told({ faults, errors, copies }, { ...place, layout: "msd" })).toEqual([
    "Cannot use the data: 1 problem in pairing images and masks, 2 of 9 cases have problems, images are stored more than once",
    "Image lacks its mask",
    "b9",
    "b10",
    "c",
    "The same pixels are stored twice: a = b; c = d",
    "Not all have one remedy: hipmri check 'my data' --layout msd --out DIR tells that of each",
  ]);
});
