/** The one door: which reader a file goes to, and what is said of files that none reads. */
import { describe, expect, test } from "vitest";
import { imageStem, readImage } from "../../src/formats/image-file.ts";
import { gzip, inflateGzip } from "../../src/node/inflate.ts";
import { niftiBytes } from "../support/data-folder.ts";
import { hipErrorOf } from "../support/nifti.ts";
import { bytesOf, fileOf, read, readHeader } from "./support.ts";

const NIFTI = niftiBytes({ shape: [2, 2, 2], dtype: "uint8", value: (at) => at });
const NRRD = "NRRD0004\ntype: uchar\ndimension: 2\nsizes: 2 1\nencoding: raw\n\nab";
const META =
  "ObjectType = Image\nNDims = 2\nDimSize = 2 1\nElementType = MET_UCHAR\nElementDataFile = LOCAL\nab";

describe("the bytes decide, whatever the name says", () => {
  test.each([
    ["NIfTI-1", NIFTI],
    ["NIfTI-1", gzip(NIFTI)],
    ["NRRD", NRRD],
    ["MetaImage", META],
    ["MetaImage", META.replace("ObjectType = Image\n", "")],
    ["MetaImage", `Comment = by hand\n${META}`],
  ])("%s", async (format, content) => {
    for (const name of ["x.nii.gz", "x.nrrd", "x.mha", "x.png", "x.txt", "x"]) {
      expect((await read({ [name]: content })).header.format, name).toBe(format);
      expect((await readHeader({ [name]: content })).format, name).toBe(format);
    }
  });
});

describe("a file that is none of them is told what it looks like", () => {
  const at = (offset: number, text: string) => `${"\0".repeat(offset)}${text}${"\0".repeat(400)}`;
  test.each([
    ["a DICOM file", at(128, "DICM"), "Give the folder of its series"],
    ["a JPEG picture", at(0, "\xff\xd8\xff\xe0"), /a slice may be PNG$/],
    ["a TIFF picture", at(0, "II*\0"), /a slice may be PNG$/],
    ["a GIF picture", "GIF89a", /a slice may be PNG$/],
    ["a zip archive", at(0, "PK\x03\x04"), /^Unpack it first/],
    ["a tar archive", at(257, "ustar"), /^Unpack it first/],
    ["compressed with bzip2", at(0, "BZh91AY"), /bunzip2/],
    ["compressed with xz", at(0, "\xfd7zXZ\0"), /unxz/],
    ["a PDF document", "%PDF-1.7\n", /^Export the image as NIfTI/],
    ["a MATLAB file", at(0, "MATLAB 5.0 MAT-file"), /^Export/],
    ["an HDF5 file (MINC 2, MATLAB 7.3 or another)", at(0, "\x89HDF\r\n\x1a\n"), /^Export/],
    ["a NumPy array", at(0, "\x93NUMPY\x01"), /^Export/],
    ["a web page (HTML)", "\n<!DOCTYPE html><html>", /^It is what a web page sent/],
    ["a web page (HTML)", "<html><head>", /^It is what a web page sent/],
    ["an XML document", '<?xml version="1.0"?>', /^Export/],
    [
      "a Git LFS pointer, not the file itself",
      "version https://git-lfs.github.com/spec/v1\n",
      /git lfs pull/,
    ],
    ["text", "Patient list\n", "Check that this is the right file"],
    ["of a kind that is not known", at(0, "\x01\x02\x03"), /^Export/],
    ["empty", "", "Copy or download the file again"],
  ])("%s", async (what, content, hint) => {
    for (const work of [read, readHeader]) {
      const error = await hipErrorOf(() => work({ "dir/x.bin": content }));
      expect(error.code).toBe("unreadable-image");
      expect(error.message).toBe(
        `Cannot read "dir/x.bin": expected a NIfTI, NRRD, MetaImage or PNG file, but it is ${what}`,
      );
      if (typeof hint === "string") expect(error.hint).toBe(hint);
      else expect(error.hint).toMatch(hint);
    }
  });
  test("even where its name is an image's", async () => {
    const page = "<!DOCTYPE html><html>not found</html>";
    expect((await hipErrorOf(() => read({ "case_004.nii.gz": page }))).message).toMatch(
      /it is a web page \(HTML\)$/,
    );
  });
  test("a file of voxels alone", async () => {
    const { message, hint } = await hipErrorOf(() => read({ "x.raw": at(0, "\x01\x02") }));
    expect(message).toMatch(/but it is voxels without a header, by its name$/);
    expect(hint).toBe("Give the .mhd or .nhdr beside it");
  });
});

describe("where the bytes say nothing, the name decides who complains", () => {
  test.each([
    ["x.nii", /sizeof_hdr must be 348/],
    ["x.hdr", /sizeof_hdr must be 348/],
    ["x.nrrd", /its first line must be NRRD0001 to NRRD0005/],
    ["x.nhdr", /its first line must be NRRD0001 to NRRD0005/],
    ["x.mha", /is no "name = value"/],
    ["x.mhd", /is no "name = value"/],
    ["x.png", /does not start with PNG's signature/],
  ])("%s", async (name, message) => {
    const noise = bytesOf("\x07\x01\x09".repeat(200));
    expect((await hipErrorOf(() => read({ [name]: noise }))).message).toMatch(message);
  });
  test.each(["x.nii", "x.nrrd", "x.mha", "x.png"])("an empty %s", async (name) => {
    expect((await hipErrorOf(() => read({ [name]: "" }))).code).toBe("unreadable-image");
  });
});

test("an .hdr opens its .img, or the other way round, as NIfTI has them", async () => {
  const hdr = Uint8Array.from(NIFTI.subarray(0, 348));
  hdr.set([0x6e, 0x69, 0x31, 0], 344); // "ni1"
  new DataView(hdr.buffer).setFloat32(108, 0, true);
  const files = { "x.hdr": hdr, "x.img": NIFTI.subarray(352) };
  for (const name of ["x.hdr", "x.img"])
    expect([...(await readImage(fileOf(files, name), inflateGzip)).values]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

describe("imageStem()", () => {
  test.each([
    "case_004.nii.gz",
    "case_004.nii",
    "case_004.hdr",
    "case_004.hdr.gz",
    "case_004.NII.GZ",
    "case_004.nrrd",
    "case_004.nhdr",
    "case_004.mha",
    "case_004.mhd",
    "case_004.png",
    "case_004.PNG",
  ])("of %s", (name) => {
    expect(imageStem(name)).toBe("case_004");
  });
  test("keeps what is no ending, dots in names too", () => {
    expect(imageStem("a.nrrd.nii.gz")).toBe("a.nrrd");
    expect(imageStem("case.004.seg.nrrd")).toBe("case.004.seg");
  });
  test.each(["x.raw", "x.zraw", "x.img", "x.dcm", "x.jpg", "x.gz", "nrrd", ".png", "x", ""])(
    "none of %j",
    (name) => {
      expect(imageStem(name)).toBeUndefined();
    },
  );
});
