import { describe, expect, test } from "vitest";
import { formatBytes, freeBytes, hasRoom } from "../../src/cluster/memory.ts";

describe("hasRoom()", () => {
  const MB = 1e6;
  test("wants a quarter more than the largest job has held", () => {
    const view = { peakBytes: 800 * MB, runningPeaks: [800 * MB] };
    // The job that runs may grow by 200 MB still.
    expect(hasRoom({ ...view, freeBytes: 1200 * MB })).toBe(true);
    expect(hasRoom({ ...view, freeBytes: 1199 * MB })).toBe(false);
  });
  test("counts what jobs that have just begun will still take", () => {
    const view = { peakBytes: 800 * MB, runningPeaks: [800 * MB, 0, 0] };
    expect(hasRoom({ ...view, freeBytes: 3199 * MB })).toBe(false);
    expect(hasRoom({ ...view, freeBytes: 3200 * MB })).toBe(true);
  });
});

test("freeBytes() is some of what the machine has", () => {
  expect(freeBytes()).toBeGreaterThan(1e6);
});

test.each([
  [512e6, "512 MB"],
  [2.14e9, "2.1 GB"],
])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
