/** Which names are asked about, and which are not. */
import { describe, expect, test } from "vitest";
import { fastFindings } from "../../../src/dataset/doctor/index-findings.ts";
import { findUnclearPatients } from "../../../src/dataset/doctor/unclear-patients.ts";
import { patientOf } from "../../../src/dataset/patient.ts";
import type { CaseEntry, Split } from "../../../src/dataset/types.ts";
import { check, findingOf, soundVolumes } from "./support.ts";

const casesOf = (names: readonly string[], splitOf?: (name: string) => Split): CaseEntry[] =>
  names.map((id) => ({ id, patient: patientOf(id), split: splitOf?.(id), files: [] }));
const numbered = (nameOf: (n: number) => string, from = 0): string[] =>
  Array.from({ length: 12 }, (_, i) => nameOf(from + i));
const padded = (n: number, digits: number): string => String(n).padStart(digits, "0");

describe("asks about", () => {
  test.each([
    [
      "PI-CAI",
      ["10000_1000000_t2w", "10000_1000001_t2w", "10001_1000002_t2w"],
      '"10000_1000000" and "10000_1000001"',
    ],
    [
      "BraTS-GLI",
      ["BraTS-GLI-00000-000", "BraTS-GLI-00000-001", "BraTS-GLI-00002-000"],
      '"BraTS-GLI-00000-000" and',
    ],
    ["visits", ["P001_V1", "P001_V2", "P002_V1"], '"P001_V1" and "P001_V2"'],
    [
      "dates",
      ["P12_2020-01-05", "P12_2021-07-30", "P13_2020-02-02"],
      '"P12_2020-01-05" and "P12_2021-07-30"',
    ],
    ["plain dates", ["P12_20200105", "P12_20210730", "P13_20200202"], '"P12_20200105" and "P12_20210730"'],
    ["flat slices of one case", numbered((n) => `Case1_${n}`), '"Case1_0" and "Case1_1"'],
    [
      "flat slices of some",
      ["Case1_0", "Case1_1", "Case2_0", "Case2_1"],
      '"Case1_0" and "Case1_1"; "Case2_0" and',
    ],
  ])("%s", (_, names, example) => {
    const [finding, ...others] = findUnclearPatients(casesOf(names));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ severity: "warning", code: "unclear-patients" });
    expect(finding!.message).toContain("are these scans of one person?");
    expect(finding!.message).toContain(example);
    expect(finding!.remedy).toMatch(/NAME_week1.*state the splits by folders/);
  });

  test("three examples at most, and all of the cases", () => {
    const names = [1, 2, 3, 4, 5].flatMap((n) => [0, 1, 2, 3, 4].map((visit) => `P${n}_${visit}`));
    const [finding] = findUnclearPatients(casesOf([...names, "P9_0"]));
    expect(finding!.message).toMatch(
      /^25 patients have names .* \("P1_0" and "P1_1"; "P2_0" .*; "P3_0" and "P3_1"\)$/,
    );
    expect(finding!.details[0]).toBe('"P1_0", "P1_1", "P1_2" and 2 others');
    expect(finding!.detailCount).toBe(5);
    expect(finding!.cases).toEqual(names);
  });
});

describe("does not ask about", () => {
  test.each<[string, readonly string[]]>([
    ["MSD", numbered((n) => `hippocampus_${padded(n, 3)}`)],
    ["ACDC", numbered((n) => `patient${padded(n, 3)}_frame01`)],
    ["HipMRI", numbered((n) => `case_${padded(n, 3)}_week_${n % 3}`)],
    ["CSIRO", numbered((n) => `K${padded(n, 3)}_Week1_LFOV`)],
    ["ProstateX", numbered((n) => `ProstateX-${padded(n, 4)}`)],
    ["BIDS", numbered((n) => `sub-${padded(n, 2)}_ses-01_T2w`)],
    ["BraTS 2020", numbered((n) => `BraTS20_Training_${padded(n, 3)}`)],
    ["BraTS 2021", numbered((n) => `BraTS2021_${padded(n, 5)}`)],
    ["PROMISE12", numbered((n) => `Case${padded(n, 2)}`)],
    ["plain numbers", numbered((n) => padded(n, 3))],
    ["one visit each", numbered((n) => `P${padded(n, 3)}_V1`)],
  ])("%s", (_, names) => {
    expect(findUnclearPatients(casesOf(names))).toEqual([]);
  });

  test("names that the folders keep in one split", () => {
    const names = ["P001_V1", "P001_V2", "P002_V1", "P002_V2"];
    expect(
      findUnclearPatients(casesOf(names, (name) => (name.startsWith("P001") ? "train" : "test"))),
    ).toEqual([]);
    const mixed = findUnclearPatients(casesOf(names, (name) => (name === "P001_V2" ? "test" : "train")));
    expect(mixed[0]).toMatchObject({ cases: ["P001_V1", "P001_V2"] });
  });
});

test("is among what is found before a file is opened", async () => {
  const cases = casesOf(["P001_V1", "P001_V2", "P002_V1", "P002_V2"]);
  const index = {
    layout: "msd",
    unit: "volume",
    description: "",
    root: "",
    labels: [],
    cases,
    warnings: [],
  } as const;
  expect(fastFindings(index).map(({ code }) => code)).toContain("unclear-patients");
  const files = Object.fromEntries(
    Object.entries(soundVolumes()).map(([path, bytes]) => [
      path.replace(/p(\d)(\d)\.nii$/, "P0$1_V$2.nii"),
      bytes,
    ]),
  );
  for (const isFast of [true, false]) {
    expect(findingOf(await check(files, { isFast }), "unclear-patients").cases).toHaveLength(12);
  }
});
