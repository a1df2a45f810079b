import { expect, test } from "vitest";
import { peakMb } from "../../src/node/peak-memory.ts";

test("the peak is whole, no less than what is held now, and does not sink", () => {
  const before = peakMb();
  const heldMb = process.memoryUsage.rss() / 2 ** 20;
  expect(Number.isInteger(before)).toBe(true);
  expect(peakMb()).toBeGreaterThanOrEqual(Math.floor(Math.min(heldMb, before)));
});
