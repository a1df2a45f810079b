import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesOfMask, stampCases, stampFiles } from "../../src/node/workflows/file-stamps.ts";
import { temporaryFolder } from "../cli/support.ts";

const folder = temporaryFolder();
const put = (name: string, bytes: number, seconds: number): string => {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(bytes));
  utimesSync(path, seconds, seconds);
  return path;
};

test("changes with the size, the time and the presence of a file, and not with its path", async () => {
  const first = put("a.nii", 5, 1000);
  const stamp = await stampFiles([first]);
  expect(stamp).toMatch(/^[0-9a-f]{64}$/);
  expect(await stampFiles([put("b.nii", 5, 1000)])).toBe(stamp);
  const others = [
    await stampFiles([put("a.nii", 6, 1000)]),
    await stampFiles([put("a.nii", 5, 1000.5)]),
    await stampFiles([first, first]),
    await stampFiles([join(folder, "none.nii")]),
  ];
  expect(new Set([stamp, ...others]).size).toBe(5);
});

test("the voxels beside a header count", async () => {
  const header = put("c.mhd", 5, 1000);
  put("c.raw", 5, 1000);
  const stamp = await stampFiles([header]);
  put("c.raw", 5, 2000);
  expect(await stampFiles([header])).not.toBe(stamp);
});

test("of cases both images and masks, and what names the labels", async () => {
  put("image.nii", 5, 1000);
  put("mask.nii", 5, 1000);
  const stamp = () => stampCases(folder, [{ files: [{ name: "x", image: "image.nii", mask: "mask.nii" }] }]);
  const stamps = [await stamp()];
  for (const name of ["image.nii", "mask.nii", "dataset.json"]) {
    put(name, 5, 3000);
    stamps.push(await stamp());
  }
  expect(new Set(stamps).size).toBe(4);
});

test("a mask may have a file for each organ", () => {
  expect(filesOfMask("at", undefined)).toEqual([]);
  expect(filesOfMask("at", "a.nii")).toEqual([join("at", "a.nii")]);
  const organs = ["x", "y"].map((organ) => ({ organ, file: `c/${organ}.nii` }));
  expect(filesOfMask("at", { name: "c", path: "c", organs })).toEqual([
    join("at", "c/x.nii"),
    join("at", "c/y.nii"),
  ]);
});
