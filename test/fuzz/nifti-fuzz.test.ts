/**
 * A few seconds of fuzzing. For the long run by hand, which prints its figures:
 * HIPMRI_FUZZ_CASES=1000000 npx vitest run test/fuzz/nifti-fuzz.test.ts      (also HIPMRI_FUZZ_SEED, HIPMRI_FUZZ_FIRST)
 */
import { expect, test } from "vitest";
import { fuzzNifti } from "./nifti-fuzz.ts";

const fromEnvironment = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const cases = fromEnvironment("HIPMRI_FUZZ_CASES", 2500);
const seed = fromEnvironment("HIPMRI_FUZZ_SEED", 1);
const first = fromEnvironment("HIPMRI_FUZZ_FIRST", 0);

test(`${cases} spoiled files are read or rejected by name, soon and in little memory`, {
  timeout: 60_000 + 10 * cases,
}, async () => {
  const say = (report: unknown): void => console.log(JSON.stringify(report));
  const report = await fuzzNifti({ seed, cases, first, onProgress: say });
  if (process.env.HIPMRI_FUZZ_CASES !== undefined) say(report);
  if (cases < 1000) return;
  // A fuzzer that no file survives, or that spoils none, tests nothing.
  expect(report.outcomes.read).toBeGreaterThan(cases / 20);
  expect(report.outcomes["unreadable-image"]).toBeGreaterThan(cases / 4);
  expect(report.outcomes["bad-image"]).toBeGreaterThan(cases / 500);
});
