import { expect, test } from "vitest";
import { measureCases } from "../../src/node/workflows/case-sizes.ts";
import { memoryFolder, niftiBytes } from "../support/data-folder.ts";

test("counts voxels by headers: of the first file, times the files; 0 of what cannot be read", async () => {
  const folder = memoryFolder({
    "volume.nii": niftiBytes({ shape: [4, 3, 5] }),
    "s0.nii": niftiBytes({ shape: [4, 3] }),
    "s1.nii": niftiBytes({ shape: [4, 3] }),
    "bad.nii": new Uint8Array(20),
  });
  const cases = [["volume.nii"], ["s0.nii", "s1.nii"], ["bad.nii"], ["missing.nii"], []];
  expect(await measureCases(folder, cases)).toEqual([60, 24, 0, 0, 0]);
});
