import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { patientOf, patientOfPath, patientsByName } from "../../src/dataset/patient.ts";

test.each([
  ["patient001_frame01", "patient001"],
  ["case_004_week_0", "case_004"],
  ["Case_004_Week0_LFOV", "Case_004"],
  ["K019_Week1_LFOV", "K019"],
  ["sub-01_ses-02", "sub-01"],
  ["sub-A_T2w", "sub-A"],
  ["sub-01", "sub-01"],
  ["prostate_01_scan2", "prostate_01"],
  ["prostate_01_ses-2_run-1", "prostate_01"],
  ["knee_12_left", "knee_12"],
  ["P7_visit-3_T2", "P7"],
  ["ProstateX-0000_t2w_ax", "ProstateX-0000"],
  ["ProstateX-0000_t2w_sag", "ProstateX-0000"],
  ["P7_ax_scan2", "P7"],
  ["study2_t2_01", "study2_t2_01"],
  ["prostate_t2w", "prostate_t2w"],
  ["P7.tp2", "P7"],
  ["anna_baseline", "anna"],
  ["anna_followup2_T2", "anna"],
  ["anna_week1", "anna"],
  // No person is named before these words.
  ["prostate_scan2", "prostate_scan2"],
  ["scan_left", "scan_left"],
  ["hippocampus_001", "hippocampus_001"],
  ["_frame01", "_frame01"],
  ["weekly_frames", "weekly_frames"],
  ["timepiece_week", "timepiece_week"],
  ["BraTS-GLI-00000-000", "BraTS-GLI-00000-000"],
  // Nor by a sequence, a field strength, a site or a data set.
  ...[
    "T2_scan01",
    "T2_week01",
    "3T_scan_2",
    "T2_ax",
    "promise12_scan_05",
    "dataset2_scan014",
    "site1_year2_case014",
    "cohort3_visit2_004",
    "study_day1_patient2",
  ].map((name): [string, string] => [name, name]),
  ["site1_year2_case014_week3", "site1_year2_case014"],
  ["K019_Week1_3T_T2", "K019"],
])("the patient of %s is %s", (name, patient) => {
  expect(patientOf(name)).toBe(patient);
});

test("the patient is what the name begins with and never empty, whatever it is", () => {
  const part = fc.constantFrom(
    "_",
    "-",
    "week",
    "frame",
    "scan",
    "left",
    "t2w",
    "12",
    "a",
    "sub-",
    "baseline",
    " ",
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 40 }), (parts) => {
      const name = parts.join("");
      const patient = patientOf(name);
      expect(name.startsWith(patient) && patient !== "").toBe(true);
    }),
  );
  // Long runs of what could match must not take forever: the test would run into its time limit.
  patientOf(`x${"_week".repeat(20_000)}`);
  patientOf(`x${"_1week_".repeat(20_000)}`);
  patientOf(`x1${"_t2".repeat(20_000)}x`);
});

test("where all names would be one person's, each case is a patient, unless they say so plainly", () => {
  const weeks = ["isbi13_week1", "isbi13_week2", "isbi13_week3"];
  const { patients, warnings } = patientsByName(weeks);
  expect([...patients]).toEqual(weeks.map((name) => [name, name]));
  expect(warnings).toEqual([
    'The names of all 3 cases begin with "isbi13", which is taken for no person: each case is a patient of its own. If several are of one person, name them PATIENT_week1, PATIENT_week2 …',
  ]);
  for (const person of ["patient001", "case_004", "K019", "sub-01", "P7"]) {
    const names = [`${person}_ses-1`, `${person}_ses-2`];
    expect(patientsByName(names)).toEqual({
      patients: new Map(names.map((name) => [name, person])),
      warnings: [],
    });
  }
  expect(patientsByName([...weeks, "other1_week1"]).patients.get("isbi13_week2")).toBe("isbi13");
  expect(patientsByName(["isbi13_week1"]).patients.get("isbi13_week1")).toBe("isbi13");
});

describe("patientOfPath()", () => {
  test.each([
    ["p1/T2", "p1"],
    ["data/p1/T2", "p1"],
    ["p1/image_7", "p1"],
    ["anna/T2", "anna"],
    ["case_004/week_0/T2", "case_004"],
    ["case_004/week_1", "case_004"],
    ["week1/K019", "K019"],
    ["week2/K019_T2", "K019"],
    ["K019_Week1_LFOV", "K019"],
    ["scans/image_7", "scans_image_7"],
    ["shifted-man-1", "shifted-man-1"],
    ["sub-anna/anat/sub-anna_T2w", "sub-anna"],
    ["T2", "T2"],
  ])("%s is of %s", (path, patient) => {
    expect(patientOfPath(path)).toBe(patient);
  });
});
