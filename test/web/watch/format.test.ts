import { expect, it } from "vitest";
import { formatDuration, formatLoss, formatPower, formatRate } from "../../../web/src/watch/format.ts";

it("writes losses, rates and powers with the digits that say something", () => {
  expect([0.08941, 2.3, 12.34, 0, 0.00001, -0.5, null].map(formatLoss)).toEqual([
    "0.0894",
    "2.30",
    "12.3",
    "0.00",
    "1.0e-5",
    "-0.500",
    "–",
  ]);
  expect([0.1234, 12.34, 1234.5, null].map(formatRate)).toEqual(["0.12", "12.3", "1,235", "–"]);
  expect([0.01, 0.00032, 3e-7, null].map(formatPower)).toEqual(["10⁻²", "3.2 × 10⁻⁴", "3 × 10⁻⁷", "–"]);
});

it("writes durations in at most two units", () => {
  expect([4.4, 59.8, 90, 3599, 3900, 7200, 187_000].map(formatDuration)).toEqual([
    "4 s",
    "1 min",
    "2 min",
    "1 h",
    "1 h 5 min",
    "2 h",
    "2 d 4 h",
  ]);
});
