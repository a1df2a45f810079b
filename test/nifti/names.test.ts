import { expect, test } from "vitest";
import { partnersOf, roleOfName } from "../../src/nifti/names.ts";

test.each([
  ["a/x.nii", "single"],
  ["x.NII.GZ", "single"],
  ["x.hdr", "header"],
  ["x.Hdr.gz", "header"],
  ["x.img.gz", "voxels"],
  ["x.nii.txt", undefined],
  ["nii", undefined],
  ["", undefined],
])("roleOfName(%j) is %j", (name, role) => {
  expect(roleOfName(name)).toBe(role);
});

test.each([
  ["x.hdr", "", ["x.img", "x.img.gz"]],
  ["x.hdr.gz", "", ["x.img.gz", "x.img"]],
  ["/a/b/x.y.img", "/a/b/", ["x.y.hdr", "x.y.hdr.gz"]],
  ["C:\\data\\x.img.gz", "C:\\data\\", ["x.hdr.gz", "x.hdr"]],
  ["x.HDR", "", ["x.IMG", "x.IMG.GZ"]],
  ["x.IMG.gz", "", ["x.HDR.gz", "x.HDR"]],
  ["x.Hdr", "", ["x.img", "x.img.gz"]],
  ["header of a pair", "", ["header of a pair.img", "header of a pair.img.gz"]],
])("partnersOf(%j) are as nibabel would try them, then gzipped or not", (path, folder, files) => {
  expect(partnersOf(path)).toEqual({ folder, files });
});
