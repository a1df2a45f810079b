import { describe, expect, test } from "vitest";
import { makeByteSource } from "../../src/core/bytes.ts";
import { HipError } from "../../src/core/errors.ts";
import { makeAffine } from "../../src/nifti/affine.ts";
import { readNifti, readNiftiHeader } from "../../src/nifti/read.ts";
import { writeNifti } from "../../src/nifti/write.ts";
import { gzip, inflateGzip } from "../../src/node/inflate.ts";
import { hipErrorOf } from "../support/nifti.ts";

const DATA = Int16Array.from({ length: 12 }, (_, i) => 100 * i);
const SINGLE = writeNifti({
  shape: [3, 2, 2],
  dtype: "int16",
  data: DATA,
  spacingMm: [2, 3, 4],
  affine: makeAffine([-2, 0, 0, 5], [0, -3, 0, 6], [0, 0, 4, 7]),
});
const IMG = SINGLE.subarray(352);
function header(patch: (view: DataView) => void = () => undefined): Uint8Array {
  const bytes = SINGLE.slice(0, 348);
  bytes.set([0x6e, 0x69, 0x31, 0], 344); // "ni1"
  const view = new DataView(bytes.buffer);
  view.setFloat32(108, 0, true);
  patch(view);
  return bytes;
}

type Files = Readonly<Record<string, Uint8Array>>;
function options(files: Files, name: string, asked: string[] = []) {
  const openBeside = (file: string) => {
    asked.push(file);
    const bytes = files[file];
    if (bytes === undefined) return Promise.reject(new HipError("not-found", `No ${file}`));
    return Promise.resolve(makeByteSource(bytes));
  };
  return { name, inflate: inflateGzip, openBeside };
}
const read = (files: Files, file: string, asked?: string[]) =>
  readNifti(makeByteSource(files[file]!), options(files, file, asked));

describe("readNifti() of a pair", () => {
  test.each([
    ["x.hdr", "x.img"],
    ["x.hdr", "x.img.gz"],
    ["x.hdr.gz", "x.img"],
    ["x.hdr.gz", "x.img.gz"],
    ["X.HDR", "X.IMG"],
    ["X.HDR.GZ", "X.IMG.GZ"],
  ])("takes %s with %s, whichever is given", async (hdr, img) => {
    const store = (name: string, bytes: Uint8Array) => (/gz$/i.test(name) ? gzip(bytes) : bytes);
    const files = { [hdr]: store(hdr, header()), [img]: store(img, IMG) };
    for (const given of [hdr, img]) {
      const { header: found, values } = await read(files, given);
      expect([...values]).toEqual([...DATA]);
      expect(found).toMatchObject({ shape: [3, 2, 2], orientation: "LPS", voxOffset: 0, warnings: [] });
    }
  });
  test("prefers the partner that nibabel would take", async () => {
    const files = { "x.hdr": header(), "x.img": IMG, "x.img.gz": gzip(IMG) };
    const asked: string[] = [];
    await read(files, "x.hdr", asked);
    expect(asked).toEqual(["x.img"]);
  });
  test("gives the voxels as they are stored, not those of the given file", async () => {
    const files = { "x.hdr": header((view) => view.setFloat32(108, 4, true)), "x.img": SINGLE.subarray(348) };
    expect([...(await read(files, "x.img")).values]).toEqual([...DATA]);
  });
  test("takes bytes after the voxels for padding, with a warning", async () => {
    const files = { "x.hdr": header(), "x.img": SINGLE.subarray(350) };
    expect((await read(files, "x.hdr")).header.warnings).toEqual(["2 bytes after the voxels: not read"]);
  });
  test("rejects a short .img by its own name, with the folder of the header", async () => {
    const files = { "x.img": IMG.subarray(1) };
    const source = makeByteSource(header());
    const error = await hipErrorOf(() => readNifti(source, options(files, "some/folder/x.hdr")));
    expect(error).toEqual({
      code: "unreadable-image",
      message: 'Cannot read "some/folder/x.img": 3 x 2 x 2 voxels of int16 need 24 bytes, found 23',
      hint: "The file is cut short: copy or download it again",
    });
  });
  test("rejects half a pair, and says which names were tried", async () => {
    expect(await hipErrorOf(() => read({ "x.hdr": header() }, "x.hdr"))).toEqual({
      code: "unreadable-image",
      message:
        'Cannot read "x.hdr": it is the header of an .hdr/.img pair, and its voxels are not there (tried x.img, x.img.gz)',
      hint: "Put the .img file beside it, or convert the pair to one .nii.gz where both are",
    });
    expect(await hipErrorOf(() => read({ "x.img.gz": gzip(IMG) }, "x.img.gz"))).toEqual({
      code: "unreadable-image",
      message:
        'Cannot read "x.img.gz": it holds the voxels of an .hdr/.img pair, and its header is not there (tried x.hdr.gz, x.hdr)',
      hint: "Put the .hdr file beside it, or convert the pair to one .nii.gz where both are",
    });
  });
  test("says so where no other file can be opened", async () => {
    const alone = { inflate: inflateGzip };
    const hdr = () => readNifti(makeByteSource(header()), { name: "x.hdr", ...alone });
    expect((await hipErrorOf(hdr)).message).toBe(
      'Cannot read "x.hdr": it is the header of an .hdr/.img pair, and here no other file can be opened',
    );
    const img = () => readNifti(makeByteSource(IMG), { name: "x.img", ...alone });
    expect(await hipErrorOf(img)).toEqual({
      code: "unreadable-image",
      message:
        'Cannot read "x.img": it holds the voxels of an .hdr/.img pair, and here no other file can be opened',
      hint: "Convert the pair to one .nii.gz, for instance with nibabel: nib.save(nib.load(hdr), out)",
    });
  });
  test("passes on what else goes wrong beside it", async () => {
    const denied = new HipError("disk", "permission denied");
    const openBeside = () => Promise.reject(denied);
    const source = makeByteSource(header());
    await expect(readNifti(source, { name: "x.hdr", inflate: inflateGzip, openBeside })).rejects.toBe(denied);
  });
  test("goes by the name where name and magic differ, with a warning, as nibabel does", async () => {
    const single = SINGLE.slice(0, 348);
    new DataView(single.buffer).setFloat32(108, 0, true);
    const taken = await read({ "x.hdr": single, "x.img": IMG }, "x.hdr");
    expect(taken.header.warnings).toEqual([
      "The magic says that this is of a single file: taken as the header of a pair, as its name says",
    ]);
    expect([...taken.values]).toEqual([...DATA]);
    const pair = SINGLE.slice();
    pair.set([0x6e, 0x69, 0x31, 0], 344);
    expect((await read({ "x.nii": pair }, "x.nii")).header.warnings).toEqual([
      "The magic says that this is of a pair: taken as a single file, as its name says",
    ]);
  });
  test("names Analyze 7.5, given by either half", async () => {
    const analyze = header((view) => view.setInt32(344, 0, true));
    for (const name of ["x.hdr", "x.img"]) {
      const error = await hipErrorOf(() => read({ "x.hdr": analyze, "x.img": IMG }, name));
      expect(error.message).toBe(
        'Cannot read "x.hdr": it is Analyze 7.5 (no NIfTI magic), which does not say which side is left',
      );
    }
  });
});

describe("readNiftiHeader() of a pair", () => {
  const LONE = "This is the header of a pair: the voxels are in the .img file beside it";
  test("describes a lone .hdr, gzipped or not, with a warning", async () => {
    for (const [name, bytes] of [
      ["x.hdr", header()],
      ["x.hdr.gz", gzip(header())],
    ] as const) {
      const found = await readNiftiHeader(makeByteSource(bytes), options({}, name));
      expect(found).toMatchObject({ shape: [3, 2, 2], dtype: "int16", warnings: [LONE] });
    }
  });
  test("checks the voxels where they are there", async () => {
    const source = makeByteSource(header());
    const short = () => readNiftiHeader(source, options({ "x.img": IMG.subarray(1) }, "x.hdr"));
    expect((await hipErrorOf(short)).message).toMatch(/need 24 bytes, found 23/);
    const whole = await readNiftiHeader(source, options({ "x.img": IMG }, "x.hdr"));
    expect(whole.warnings).toEqual([]);
  });
  test.each([
    [-1, "vox_offset must be at least 0 in an .hdr/.img pair, got -1"],
    [Number.NaN, "vox_offset must be at least 0 in an .hdr/.img pair, got NaN"],
    [Number.POSITIVE_INFINITY, "vox_offset must be at least 0 in an .hdr/.img pair, got Infinity"],
  ])("rejects vox_offset %d", async (offset, what) => {
    const source = makeByteSource(header((view) => view.setFloat32(108, offset, true)));
    expect((await hipErrorOf(() => readNiftiHeader(source, options({}, "x.hdr")))).message).toBe(
      `Cannot read "x.hdr": ${what}`,
    );
  });
});
