import { describe, expect, test } from "vitest";
import { makeByteSource } from "../../src/core/bytes.ts";
import { HipError } from "../../src/core/errors.ts";
import { makeRandom } from "../../src/core/random.ts";
import { makeAffine } from "../../src/nifti/affine.ts";
import { checkFinite, readNifti, readNiftiHeader } from "../../src/nifti/read.ts";
import { writeNifti } from "../../src/nifti/write.ts";
import { gzip, inflateGzip } from "../../src/node/inflate.ts";
import { hipErrorOf, readBytes } from "../support/nifti.ts";

const AFFINE = makeAffine([-2, 0, 0, 5], [0, -3, 0, 6], [0, 0, 4, 7]);
const DATA = Float32Array.from({ length: 12 }, (_, i) => i / 3);
const FILE = writeNifti({
  shape: [3, 2, 2],
  dtype: "float32",
  data: DATA,
  spacingMm: [2, 3, 4],
  affine: AFFINE,
});
const CUT_SHORT = "The file is cut short: copy or download it again";

function patched(patch: (view: DataView) => void): Uint8Array {
  const bytes = FILE.slice();
  patch(new DataView(bytes.buffer));
  return bytes;
}

describe("readNifti()", () => {
  test("tells gzip by its bytes, not by its name", async () => {
    expect([...(await readBytes(gzip(FILE), "packed.nii")).values]).toEqual([...DATA]);
    expect([...(await readBytes(FILE, "plain.nii.gz")).values]).toEqual([...DATA]);
  });
  test("reads voxels that are not aligned in memory, and bytes that follow them", async () => {
    const longer = new Uint8Array(FILE.length + 8);
    longer.set(FILE, 3);
    expect([...(await readBytes(longer.subarray(3))).values]).toEqual([...DATA]);
  });
  test("gives values of their own: changing them leaves the file's bytes alone", async () => {
    const bytes = FILE.slice();
    const { values } = await readBytes(bytes);
    values.fill(-1);
    expect(bytes).toEqual(FILE);
  });
  test("reads no more than the header and the voxels of a plain file", async () => {
    const reads: number[] = [];
    const whole = makeByteSource(FILE);
    const source = {
      size: whole.size,
      read(offset: number, length: number) {
        reads.push(offset, length);
        return whole.read(offset, length);
      },
    };
    await readNifti(source, { name: "x.nii", inflate: inflateGzip });
    expect(reads).toEqual([0, 400, 352, 48]);
  });
  test.each(["plain", "gzip"])("rejects a file that is cut short (%s)", async (kind) => {
    const short = FILE.subarray(0, FILE.length - 1);
    const bytes = kind === "gzip" ? gzip(short) : short;
    const expected = {
      code: "unreadable-image",
      message: 'Cannot read "x.nii": 3 x 2 x 2 voxels of float32 need 400 bytes, found 399',
      hint: CUT_SHORT,
    };
    expect(await hipErrorOf(() => readBytes(bytes))).toEqual(expected);
    const header = () => readNiftiHeader(makeByteSource(bytes), { name: "x.nii", inflate: inflateGzip });
    expect(await hipErrorOf(header)).toEqual(expected);
  });
  test("rejects sizes whose product is beyond any file before anything is allocated", async () => {
    const huge = patched((view) => {
      for (let i = 0; i < 8; i++) view.setInt16(40 + 2 * i, i === 0 ? 7 : 32767, true);
    });
    expect((await hipErrorOf(() => readBytes(huge))).message).toMatch(
      /^Cannot read "x.nii": 32767 x .* voxels of float32 need 1\.6\d*e\+32 bytes, found 400$/,
    );
  });
  test("rejects gzip data that end early or are damaged, naming the file", async () => {
    const packed = gzip(FILE);
    const half = packed.subarray(0, packed.length >> 1);
    expect(await hipErrorOf(() => readBytes(half, "x.nii.gz"))).toEqual({
      code: "unreadable-image",
      message: `Cannot read "x.nii.gz": the gzip data ends early, after ${half.length} compressed bytes`,
      hint: "Copy or download the file again",
    });
  });
  test("caps what a small file may inflate to", async () => {
    const caps: number[] = [];
    const inflate = (_: Uint8Array, maxBytes: number) => {
      caps.push(maxBytes);
      return Promise.reject(new Error("Stop"));
    };
    const packed = gzip(FILE);
    const error = await hipErrorOf(() => readNifti(makeByteSource(packed), { name: "x.nii.gz", inflate }));
    expect(caps).toEqual([packed.length * 1100 + 65536]);
    expect(error.message).toBe('Cannot read "x.nii.gz": stop');
  });
  test("rejects complex voxels, which readNiftiHeader() describes", async () => {
    const bytes = patched((view) => {
      view.setInt16(70, 32, true);
      view.setInt16(72, 64, true);
      view.setInt16(42, 1, true);
    });
    expect(await hipErrorOf(() => readBytes(bytes))).toEqual({
      code: "unreadable-image",
      message:
        'Cannot read "x.nii": complex64 voxels cannot be segmented, expected one of uint8, int8, uint16, int16, uint32, int32, uint64, int64, float32, float64',
      hint: "Convert the image to one number per voxel",
    });
    const header = await readNiftiHeader(makeByteSource(bytes), { name: "x.nii", inflate: inflateGzip });
    expect(header.dtype).toBe("complex64");
  });
  test("rejects the header of a pair, which readNiftiHeader() describes", async () => {
    const bytes = patched((view) => view.setUint8(345, "i".charCodeAt(0))).subarray(0, 348);
    expect(await hipErrorOf(() => readBytes(bytes, "x.hdr"))).toEqual({
      code: "unreadable-image",
      message:
        'Cannot read "x.hdr": it is the header of an .hdr/.img pair, and only single .nii files can be read so far',
      hint: "Convert the pair to one .nii.gz, for instance with nibabel: nib.save(nib.load(hdr), out)",
    });
    const header = await readNiftiHeader(makeByteSource(bytes), { name: "x.hdr", inflate: inflateGzip });
    expect(header.shape).toEqual([3, 2, 2]);
  });
  test("reads or rejects with a HipError whatever bytes a header holds", async () => {
    const random = makeRandom(11, "fuzz");
    const outcomes = { read: 0, rejected: 0 };
    for (let i = 0; i < 1500; i++) {
      const bytes = FILE.slice();
      for (let k = 0; k < 1 + (i % 4); k++) bytes[random.integer(348)] = random.integer(256);
      try {
        expect((await readBytes(bytes)).values.length).toBeGreaterThan(0);
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof HipError)) throw error;
        outcomes.rejected++;
      }
    }
    expect(outcomes.read).toBeGreaterThan(100);
    expect(outcomes.rejected).toBeGreaterThan(100);
  });
  test("rejects an empty file", async () => {
    expect((await hipErrorOf(() => readBytes(new Uint8Array(0), "empty.nii.gz"))).message).toBe(
      'Cannot read "empty.nii.gz": a NIfTI header needs 348 bytes, found 0',
    );
  });
});

describe("checkFinite()", () => {
  test("passes finite values, the largest included", () => {
    expect(() => checkFinite(new Float32Array(9).fill(3.4e38), { name: "x.nii", shape: [9] })).not.toThrow();
    expect(() => checkFinite(new Float32Array(0), { name: "x.nii", shape: [0] })).not.toThrow();
  });
  test("counts NaN and infinite values and says where the first is", async () => {
    const values = Float32Array.of(0, 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 5);
    expect(await hipErrorOf(() => checkFinite(values, { name: "x.nii", shape: [2, 3] }))).toEqual({
      code: "bad-image",
      message:
        'Cannot use image "x.nii": intensities must be finite, got Infinity at voxel [0, 1] (3 voxels that are NaN or infinite)',
      hint: "Set these voxels to 0 if they lie outside the scan, or make the image again from its source",
    });
  });
});
