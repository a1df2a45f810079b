import { expect, test } from "vitest";
import { formatDuration } from "../../src/core/duration.ts";

test.each([
  [0, "0 s"],
  [45.4, "45 s"],
  [59.6, "1 min 00 s"],
  [185, "3 min 05 s"],
  [3599.7, "1 h 00 min"],
  [2 * 3600 + 7 * 60, "2 h 07 min"],
  [86_399, "1 d 00 h"],
  [27 * 3600, "1 d 03 h"],
  [Number.POSITIVE_INFINITY, "unknown"],
  [Number.NaN, "unknown"],
  [-1, "unknown"],
])("%d seconds are %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));
