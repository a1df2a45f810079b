import { expect, test } from "vitest";
import { HipError, type HipErrorCode } from "../../src/core/errors.ts";
import { firstProblems, hintOfAll, problemsOf } from "../../src/core/joined-errors.ts";

const errorOf = (code: HipErrorCode, problems: readonly string[], hint?: string): HipError =>
  new HipError(code, "Cannot", { problems, ...(hint === undefined ? {} : { hint }) });

test("problemsOf() tells each of several files; what belongs to one file stays one line", () => {
  expect(problemsOf(errorOf("bad-dataset", ["a", "b"]))).toEqual(["a", "b"]);
  expect(problemsOf(errorOf("bad-dataset", []))).toEqual(["Cannot"]);
  expect(problemsOf(errorOf("bad-mask", ["Label 7"]))).toEqual(["Cannot"]);
});

test("hintOfAll() has each remedy once", () => {
  const errors = ["Copy it", "Resample it", "Copy it", undefined].map((hint) =>
    errorOf("bad-mask", [], hint),
  );
  expect(hintOfAll(errors)).toBe("Copy it; Resample it");
  expect(hintOfAll(errors.slice(0, 1))).toBe("Copy it");
  expect(hintOfAll(errors.slice(3))).toBeUndefined();
});

test("firstProblems() lists 20 of them, and says how many more there are", () => {
  const problems = Array.from({ length: 22 }, (_, i) => `problem ${i}`);
  expect(firstProblems(problems.slice(0, 20))).toEqual(problems.slice(0, 20));
  expect(firstProblems(problems)).toEqual([...problems.slice(0, 20), "… and 2 more"]);
});
