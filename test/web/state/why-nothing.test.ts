import { expect, test } from "vitest";
import { whyNothing } from "../../../web/src/state/why-nothing.ts";

test("why nothing was filled", () => {
  expect(whyNothing([])).toEqual({ why: "none" });
  expect(whyNothing([4])).toEqual({ why: "one" });
  expect(whyNothing([4, 5, 6])).toEqual({ why: "no gap", first: 4, last: 6 });
  expect(whyNothing([4, 8])).toEqual({ why: "no overlap" });
});
