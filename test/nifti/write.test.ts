import { describe, expect, test } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import { type Affine, makeAffine } from "../../src/nifti/affine.ts";
import { type WriteNiftiOptions, writeNifti } from "../../src/nifti/write.ts";
import { readBytes } from "../support/nifti.ts";

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
    // Not 0, but 0 as float32.
    [{ spacingMm: [1, 1e-50, 1] }, "Spacing must be > 0 mm along each axis, got 1, 1e-50, 1"],
    [
      { affine: makeAffine([Number.NaN, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]) },
      "An affine must hold finite numbers",
    ],
  ])("rejects %j", (change, message) => {
    expect(() => writeNifti({ ...OPTIONS, ...change })).toThrow(new RangeError(message));
  });
});
