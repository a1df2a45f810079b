import { describe, expect, test } from "vitest";
import { formatMemory, parseDuration, parseMemoryMb, slurmTime } from "../../src/cluster/quantities.ts";

describe("parseDuration()", () => {
  test.each([
    ["2h", 7200],
    ["90m", 5400],
    ["1d12h", 129_600],
    ["1.5h", 5400],
    ["45s", 45],
    // As SLURM reads them.
    ["1", 60],
    ["90", 5400],
    ["10:30", 630],
    ["02:00:00", 7200],
    ["1-12", 129_600],
    ["1-12:30", 131_400],
    ["2-00:00:01", 172_801],
  ])("reads %s", (text, seconds) => expect(parseDuration("--time", text)).toBe(seconds));

  test.each(["", "0", "two hours", "2 h", "-5", "1:2:3:4", "h", "9999d"])('refuses "%s"', (text) =>
    expect(() => parseDuration("--time", text)).toThrow(`--time must be a time, got "${text}"`),
  );
});

describe("parseMemoryMb()", () => {
  test.each([
    ["8G", 8192],
    ["8GB", 8192],
    ["8Gi", 8192],
    ["500M", 500],
    ["500m", 500],
    ["8000", 8000],
    ["1.5G", 1536],
    ["2048K", 2],
    ["1T", 1_048_576],
  ])("reads %s", (text, mb) => expect(parseMemoryMb("--memory", text)).toBe(mb));

  test.each(["", "0", "lots", "8X", "-1G", "8 G"])('refuses "%s"', (text) =>
    expect(() => parseMemoryMb("--memory", text)).toThrow(
      `--memory must be an amount of memory, got "${text}"`,
    ),
  );
});

test("slurmTime() writes whole minutes, never fewer", () => {
  expect([1, 60, 61, 7200, 86_400, 129_600].map(slurmTime)).toEqual([
    "00:01:00",
    "00:01:00",
    "00:02:00",
    "02:00:00",
    "1-00:00:00",
    "1-12:00:00",
  ]);
});

test("what slurmTime() writes parseDuration() reads", () => {
  for (const seconds of [60, 3600, 90_000, 864_000])
    expect(parseDuration("--time", slurmTime(seconds))).toBe(seconds);
});

test("formatMemory()", () => {
  expect([500, 1024, 1536, 8192].map(formatMemory)).toEqual(["500 MB", "1 GB", "1.5 GB", "8 GB"]);
});
