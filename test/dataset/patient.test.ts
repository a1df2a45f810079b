import fc from "fast-check";
import { expect, test } from "vitest";
import { patientOf } from "../../src/dataset/patient.ts";

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
