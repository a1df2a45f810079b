import { expect, test } from "vitest";
import { Extent } from "../../src/edit/extent.ts";

test("Extent holds runs within a row, over rows and over slices", () => {
  const shape = [4, 3, 5] as const; // slices of 12
  const extent = new Extent();
  expect([extent.changed, extent.box]).toEqual([0, undefined]);
  extent.add(12 + 4 + 1, 12 + 4 + 2, shape);
  expect([extent.changed, extent.box]).toEqual([2, { first: [1, 1, 1], last: [2, 1, 1] }]);
  // From the end of row 1 to the start of row 2.
  const rows = new Extent();
  rows.add(7, 8, shape);
  expect(rows.box).toEqual({ first: [0, 1, 0], last: [3, 2, 0] });
  const slices = new Extent();
  slices.add(11, 12, shape);
  expect(slices.box).toEqual({ first: [0, 0, 0], last: [3, 2, 1] });
  // One more widens the box.
  extent.add(4 * 12, 4 * 12, shape);
  expect([extent.changed, extent.box]).toEqual([3, { first: [0, 0, 1], last: [2, 1, 4] }]);
});
