import { describe, expect, test } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import { type Affine, makeAffine } from "../../src/nifti/affine.ts";
import { parseNiftiHeader } from "../../src/nifti/read.ts";
import { type WriteNiftiOptions, writeMaskLike, writeNifti } from "../../src/nifti/write.ts";
import { hipErrorOf, readBytes } from "../support/nifti.ts";

const AFFINE = makeAffine([-1.5, 0, 0, 5], [0, -2, 0, 6], [0, 0, 3, 7]);
const OPTIONS: WriteNiftiOptions = {
  shape: [3, 2, 2],
  dtype: "uint8",
  data: Uint8Array.from({ length: 12 }, (_, i) => 20 * i),
  spacingMm: [1.5, 2, 3],
  affine: AFFINE,
};
const codes = (bytes: Uint8Array): { qform: number; sform: number } => {
  const view = new DataView(bytes.buffer);
  return { qform: view.getInt16(252, true), sform: view.getInt16(254, true) };
};

describe("writeNifti()", () => {
  test("is undone by readNifti(), for every dtype and number of axes", async () => {
    const random = makeRandom(3, "write");
    const arrays = {
      uint8: (n: number) => Uint8Array.from({ length: n }, () => random.integer(256)),
      int16: (n: number) => Int16Array.from({ length: n }, () => random.integer(65536) - 32768),
      float32: (n: number) => Float32Array.from({ length: n }, () => random.normal() * 1e3),
    };
    for (const dtype of ["uint8", "int16", "float32"] as const) {
      for (const shape of [[5], [5, 4], [5, 4, 1], [5, 4, 3], [2, 3, 2, 2], [1, 2, 1, 2, 1, 2, 1]]) {
        const data = arrays[dtype](shape.reduce((product, n) => product * n, 1));
        const { header, values } = await readBytes(writeNifti({ ...OPTIONS, shape, dtype, data }));
        expect(header).toMatchObject({
          format: "NIfTI-1",
          shape,
          dtype,
          spacingMm: [1.5, 2, 3],
          affine: AFFINE,
        });
        expect(header).toMatchObject({
          affineSource: "sform",
          scale: { slope: 1, intercept: 0 },
          warnings: [],
        });
        expect([...values]).toEqual([...data]);
      }
    }
  });
  test("states the affine twice where a qform can say it, mirrored or not", async () => {
    for (const z of [3, -3]) {
      const affine = makeAffine(AFFINE[0], AFFINE[1], [0, 0, z, 7]);
      const bytes = writeNifti({ ...OPTIONS, affine });
      expect(codes(bytes)).toEqual({ qform: 1, sform: 1 });
      new DataView(bytes.buffer).setInt16(254, 0, true);
      expect((await readBytes(bytes)).header).toMatchObject({ affineSource: "qform", affine });
    }
  });
  test("sets no qform for a sheared affine", () => {
    const affine: Affine = makeAffine([-1.5, 0.3, 0, 5], AFFINE[1], AFFINE[2]);
    expect(codes(writeNifti({ ...OPTIONS, affine }))).toEqual({ qform: 0, sform: 1 });
  });
  test("gives equal bytes for equal input, and says what it was asked to say", () => {
    expect(writeNifti(OPTIONS)).toEqual(writeNifti(OPTIONS));
    const text = (bytes: Uint8Array): string =>
      new TextDecoder().decode(bytes.subarray(148, 228)).replace(/\0+$/, "");
    expect(text(writeNifti(OPTIONS))).toBe("hipmri-unet");
    expect(text(writeNifti({ ...OPTIONS, description: "x".repeat(99) }))).toBe("x".repeat(79));
  });
  test.each<[Partial<WriteNiftiOptions>, string]>([
    [{ shape: [3, 2] }, "Shape 3 x 2 has 6 voxels, got 12 values"],
    [{ shape: [] }, "A NIfTI image has 1 to 7 axes, got 0"],
    [{ shape: [12, 0] }, "A NIfTI-1 axis has 1 to 32767 voxels, got shape 12 x 0"],
    [{ shape: [32768] }, "A NIfTI-1 axis has 1 to 32767 voxels, got shape 32768"],
    [{ dtype: "int16" }, "Data for int16 must be a Int16Array, got a Uint8Array"],
    [{ spacingMm: [1, 0, 1] }, "Spacing must be > 0 mm along each axis, got 1, 0, 1"],
    [
      { affine: makeAffine([Number.NaN, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]) },
      "An affine must hold finite numbers",
    ],
  ])("rejects %j", (change, message) => {
    expect(() => writeNifti({ ...OPTIONS, ...change })).toThrow(new RangeError(message));
  });
});

describe("writeMaskLike()", () => {
  test("copies no text and no scaling of the reference", async () => {
    const bytes = writeNifti({ ...OPTIONS, description: "Jane Doe" });
    const view = new DataView(bytes.buffer);
    view.setFloat32(112, 2, true);
    view.setFloat32(124, 900, true); // cal_max
    const mask = writeMaskLike(parseNiftiHeader(bytes, "x.nii"), new Uint8Array(12).fill(5));
    expect(new TextDecoder().decode(mask)).not.toContain("Jane");
    expect(new DataView(mask.buffer).getFloat32(124, true)).toBe(0);
    expect([...(await readBytes(mask)).values]).toEqual(Array.from({ length: 12 }, () => 5));
  });
  test("keeps the codes of both forms", () => {
    const bytes = writeNifti(OPTIONS);
    const view = new DataView(bytes.buffer);
    view.setInt16(252, 2, true);
    view.setInt16(254, 4, true);
    const mask = writeMaskLike(parseNiftiHeader(bytes, "x.nii"), new Uint8Array(12));
    expect(codes(mask)).toEqual({ qform: 2, sform: 4 });
    // Both forms, from the codes to the last row.
    expect(mask.subarray(252, 328)).toEqual(bytes.subarray(252, 328));
  });
  test("rejects another number of labels", () => {
    const header = parseNiftiHeader(writeNifti(OPTIONS), "x.nii");
    expect(() => writeMaskLike(header, new Uint8Array(11))).toThrow(
      new RangeError("Shape 3 x 2 x 2 has 12 voxels, got 11 values"),
    );
  });
  test("rejects a NIfTI-2 shape that NIfTI-1 cannot hold", async () => {
    const raw = new Uint8Array(540);
    const view = new DataView(raw.buffer);
    view.setInt32(0, 540, true);
    raw.set([0x6e, 0x2b, 0x32, 0], 4);
    view.setInt16(12, 2, true);
    view.setInt16(14, 8, true);
    view.setBigInt64(16, 1n, true);
    view.setBigInt64(24, 40000n, true);
    view.setBigInt64(168, 544n, true);
    view.setFloat64(112, 1, true);
    const header = parseNiftiHeader(raw, "x.nii");
    expect(await hipErrorOf(() => writeMaskLike(header, new Uint8Array(40000)))).toEqual({
      code: "bad-image",
      message: "Cannot write a NIfTI-1 mask: an axis has at most 32767 voxels, got 40000",
      hint: "Cut the NIfTI-2 image into parts before it is segmented",
    });
  });
});
