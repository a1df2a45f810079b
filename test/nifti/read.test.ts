import { describe, expect, test } from "vitest";
import { type Inflate, makeByteSource } from "../../src/core/bytes.ts";
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
    expect(reads).toEqual([0, 400, 352, 48]); // a header may have 544 bytes; this file has 400
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
  test.each(["plain", "gzip"])(
    "rejects sizes far beyond the file before anything is allocated (%s)",
    async (kind) => {
      const huge = patched((view) => {
        for (let i = 0; i < 4; i++) view.setInt16(40 + 2 * i, i === 0 ? 3 : 32767, true);
      });
      const bytes = kind === "gzip" ? gzip(huge) : huge;
      const found =
        kind === "gzip"
          ? `${bytes.length} compressed bytes, which hold at most ${1032 * bytes.length}`
          : "400";
      expect(await hipErrorOf(() => readBytes(bytes))).toEqual({
        code: "unreadable-image",
        message: `Cannot read "x.nii": 32767 x 32767 x 32767 voxels of float32 need ${32767 ** 3 * 4 + 352} bytes, found ${found}`,
        hint: CUT_SHORT,
      });
    },
  );
  test("rejects gzip data that end early or are damaged, naming the file", async () => {
    const packed = gzip(FILE);
    const half = packed.subarray(0, packed.length >> 1);
    expect(await hipErrorOf(() => readBytes(half, "x.nii.gz"))).toEqual({
      code: "unreadable-image",
      message: `Cannot read "x.nii.gz": the gzip data ends early, after ${half.length} compressed bytes`,
      hint: "Copy or download the file again",
    });
  });
  test("asks gzip for the header first, then for what it promises and a little more; a slice at once", async () => {
    const callsFor = async (n: number, stop: boolean) => {
      const calls: unknown[] = [];
      const inflate: Inflate = (compressed, maxBytes, options) => {
        calls.push([maxBytes, options]);
        return options?.startOnly || !stop
          ? inflateGzip(compressed, maxBytes, options)
          : Promise.reject(new Error("Stop"));
      };
      const data = new Float32Array(n);
      const packed = gzip(
        writeNifti({ shape: [n / 100, 100], dtype: "float32", data, spacingMm: [2, 3, 4], affine: AFFINE }),
      );
      const reading = readNifti(makeByteSource(packed), { name: "x.nii.gz", inflate });
      if (!stop) expect((await reading).values).toEqual(data);
      else expect((await hipErrorOf(() => reading)).message).toBe('Cannot read "x.nii.gz": stop');
      return calls;
    };
    const large = [
      [544, { startOnly: true }],
      [1_200_352 + 65536, undefined],
    ];
    expect(await callsFor(300_000, true)).toEqual(large);
    expect(await callsFor(300_000, false)).toEqual(large);
    const slice = [2 ** 20, undefined];
    expect(await callsFor(100, false)).toEqual([slice]);
    // What is wrong with it is found out as in a large file.
    expect(await callsFor(100, true)).toEqual([slice, [544, { startOnly: true }], [752 + 65536, undefined]]);
  });
  test("looks no further than 64 KiB for a header that it rejects", async () => {
    const random = makeRandom(5, "noise");
    const noise = Uint8Array.from({ length: 300_000 }, () => random.integer(256));
    const bad = patched((view) => view.setInt16(40, 9, true));
    const packed = gzip(new Uint8Array(Buffer.concat([bad, noise])));
    expect(packed.length).toBeGreaterThan(2 ** 18);
    const whole = makeByteSource(packed);
    let end = 0;
    const source = {
      size: packed.length,
      read(offset: number, length: number) {
        end = Math.max(end, offset + length);
        return whole.read(offset, length);
      },
    };
    const error = await hipErrorOf(() => readNifti(source, { name: "x.nii.gz", inflate: inflateGzip }));
    expect(error.message).toMatch(/dim\[0\]/);
    expect(end).toBe(2 ** 16);
  });
  test("takes bytes after the voxels for padding, with a warning; far too many in gzip are an error", async () => {
    const longer = (n: number) => new Uint8Array(Buffer.concat([FILE, Buffer.alloc(n, 1)]));
    expect((await readBytes(longer(100_000))).header.warnings).toEqual([
      "100000 bytes after the voxels: not read",
    ]);
    expect((await readBytes(gzip(longer(1)))).header.warnings).toEqual(["1 byte after the voxels: not read"]);
    expect((await readBytes(gzip(longer(65536)))).values.length).toBe(12);
    expect(await hipErrorOf(() => readBytes(gzip(longer(65537)), "x.nii.gz"))).toEqual({
      code: "unreadable-image",
      message:
        'Cannot read "x.nii.gz": 3 x 2 x 2 voxels of float32 end at byte 400, found more than 65936 bytes',
      hint: "It may be two files in one, or its header may be wrong: inflate it first, if you trust it",
    });
  });
  test("reads gzip of several members, cut anywhere, and checks each one's checksum", async () => {
    for (const cut of [1, 100, 348, 360]) {
      const members = [gzip(FILE.subarray(0, cut)), gzip(new Uint8Array(0)), gzip(FILE.subarray(cut))];
      const bytes = new Uint8Array(Buffer.concat(members));
      expect([...(await readBytes(bytes)).values]).toEqual([...DATA]);
      bytes[members[0]!.length - 8]! ^= 1; // CRC of the first
      expect((await hipErrorOf(() => readBytes(bytes))).message).toMatch(/incorrect data check/);
    }
  });
  test("finds the header behind a long comment of gzip", async () => {
    const packed = gzip(FILE);
    const comment = Buffer.concat([
      packed.subarray(0, 10),
      Buffer.alloc(200_000, 65),
      Buffer.of(0),
      packed.subarray(10),
    ]);
    comment[3] = 16; // FCOMMENT
    expect([...(await readBytes(new Uint8Array(comment))).values]).toEqual([...DATA]);
  });
  test("reads no gigabytes of header extensions", async () => {
    const bytes = patched((view) => {
      view.setUint8(348, 1);
      view.setFloat32(108, 2 ** 31, true);
    });
    const read = (at: number, n: number) =>
      at === 0 ? Promise.resolve(bytes) : Promise.reject(new Error(`internal: ${n} bytes asked`));
    const source = { size: 2 ** 40, read };
    const work = () => readNiftiHeader(source, { name: "x.nii", inflate: inflateGzip });
    expect((await hipErrorOf(work)).message).toBe(
      'Cannot read "x.nii": header extensions have at most 67108864 bytes, got 2147483296',
    );
  });
  test("warns where the name says gzip and the file is not", async () => {
    expect((await readBytes(FILE, "x.nii.gz")).header.warnings).toEqual([
      'The name ends in ".gz", but the file is not compressed',
    ]);
  });
  test("says where memory ends", async () => {
    const content = makeByteSource(FILE);
    const source = {
      size: 2 ** 50,
      read: (at: number, n: number) =>
        n > 1e6 ? Promise.reject(new RangeError("Array buffer allocation failed")) : content.read(at, n),
    };
    const large = patched((view) => {
      view.setInt16(42, 32000, true);
      view.setInt16(44, 32000, true);
    });
    const patchedSource = {
      ...source,
      read: (at: number, n: number) => (at === 0 ? Promise.resolve(large) : source.read(at, n)),
    };
    expect(await hipErrorOf(() => readNifti(patchedSource, { name: "x.nii", inflate: inflateGzip }))).toEqual(
      {
        code: "unreadable-image",
        message: 'Cannot read "x.nii": there is no memory for its 8192000000 bytes of voxels as float32',
        hint: "Cut the image into parts, or use a machine with more memory",
      },
    );
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
    expect(await hipErrorOf(() => readBytes(new Uint8Array(0), "empty.nii.gz"))).toEqual({
      code: "unreadable-image",
      message: 'Cannot read "empty.nii.gz": the file is empty, probably cut off in download',
      hint: "Copy or download the file again",
    });
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
