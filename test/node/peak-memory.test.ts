import { expect, test } from "vitest";
import { peakMb } from "../../src/node/peak-memory.ts";

test("the peak grows with what is held, and does not sink when that is let go", () => {
  const before = peakMb();
  // Filled, else the system hands out no memory.
  const held = new Uint8Array(2 ** 20 * (before + 64)).fill(1);
  const after = peakMb();
  expect(after).toBeGreaterThan(before);
  expect(held.at(-1)).toBe(1);
  expect(peakMb()).toBeGreaterThanOrEqual(after);
});
