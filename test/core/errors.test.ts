import { expect, test } from "vitest";
import { errorFromJson, errorJson, HipError } from "../../src/core/errors.ts";

test.each([
  new HipError("usage", "Wrong", { hint: "Right", problems: ["a", "b"] }),
  new HipError("disk", "Full"),
])("an error comes back from its JSON: $message", (error) => {
  const back = errorFromJson(JSON.parse(JSON.stringify(errorJson(error))));
  expect(back).toBeInstanceOf(HipError);
  expect(errorJson(back)).toEqual(errorJson(error));
  expect(back.hint).toBe(error.hint);
});
