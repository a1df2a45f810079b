import { expect, test } from "vitest";
import { maskFileName } from "../../web/src/download.ts";

test.each([
  ["case_004.nii.gz", "case_004-mask.nii.gz"],
  ["t2 axial.dcm", "t2 axial-mask.dcm"],
  ["v1.2.nii", "v1.2-mask.nii"],
  ["odd", "odd-mask"],
])("a mask of %s is saved as %s", (name, saved) => {
  expect(maskFileName(name)).toBe(saved);
});
