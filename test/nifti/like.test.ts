import { describe, expect, test } from "vitest";
import { makeAffine } from "../../src/nifti/affine.ts";
import { writeExtensions } from "../../src/nifti/extensions.ts";
import { parseNiftiHeader } from "../../src/nifti/read.ts";
import type { NiftiHeader } from "../../src/nifti/types.ts";
import { writeImageLike, writeMaskLike, writeNifti } from "../../src/nifti/write.ts";
import { readBytes } from "../support/nifti.ts";

const BYTES = writeNifti({
  shape: [3, 2, 2],
  dtype: "int16",
  data: new Int16Array(12),
  spacingMm: [1.5, 2, 3],
  affine: makeAffine([-1.5, 0, 0, 5], [0, -2, 0, 6], [0, 0, 3, 7]),
  description: "Jane Doe",
});
function patched(patch: (view: DataView) => void): Uint8Array {
  const bytes = BYTES.slice();
  patch(new DataView(bytes.buffer));
  return bytes;
}
const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** BYTES with two extensions before its voxels. */
function extended(): Uint8Array {
  const extensions = writeExtensions([
    { code: 6, bytes: new TextEncoder().encode("Jane Doe again") },
    { code: 2, bytes: Uint8Array.of(1, 2, 3) },
  ]);
  const head = patched((view) => view.setFloat32(108, 348 + extensions.length, true)).subarray(0, 348);
  return new Uint8Array(Buffer.concat([head, extensions, BYTES.subarray(352)]));
}

/** A NIfTI-2 header of one axis of 40000 voxels, with numbers that float32 does not hold. */
function nifti2(): NiftiHeader {
  const raw = new Uint8Array(540);
  const view = new DataView(raw.buffer);
  view.setInt32(0, 540, true);
  raw.set([0x6e, 0x2b, 0x32, 0, 13, 10, 26, 10], 4);
  view.setInt16(12, 2, true);
  view.setInt16(14, 8, true);
  view.setBigInt64(16, 1n, true);
  view.setBigInt64(24, 40000n, true);
  view.setBigInt64(168, 544n, true);
  view.setFloat64(112, 1.1, true);
  view.setInt32(348, 2, true);
  // slice_duration, toffset, slice_start, slice_end, then slice_code, xyzt_units and dim_info.
  view.setFloat64(208, 0.1, true);
  view.setFloat64(216, 0.7, true);
  view.setBigInt64(224, 3n, true);
  view.setBigInt64(232, 33n, true);
  view.setInt32(496, 4, true);
  view.setInt32(500, 2 | 16, true);
  view.setUint8(524, 0b011011);
  // The quaternion and its offset.
  for (let i = 0; i < 6; i++) view.setFloat64(352 + 8 * i, 0.1 * (i + 1), true);
  [0, 5, 10].forEach((at, i) => {
    view.setFloat64(400 + 8 * at, 1.1 + i / 7, true);
  });
  return parseNiftiHeader(raw, "x.nii");
}

describe("writeMaskLike()", () => {
  test("copies neither text nor scaling nor extensions of the reference", async () => {
    const bytes = extended();
    const view = new DataView(bytes.buffer);
    view.setFloat32(112, 2, true);
    view.setFloat32(124, 900, true); // cal_max
    const { header } = await readBytes(bytes);
    expect(header.extensions.length).toBe(2);
    const mask = writeMaskLike(header, new Uint8Array(12).fill(5));
    expect(text(mask)).not.toContain("Jane");
    expect(new DataView(mask.buffer).getFloat32(124, true)).toBe(0);
    const again = await readBytes(mask);
    expect(again.header.extensions).toEqual([]);
    expect([...again.values]).toEqual(Array.from({ length: 12 }, () => 5));
  });
  test("keeps text and extensions where that is asked for", async () => {
    const { header } = await readBytes(extended());
    const mask = writeMaskLike(header, new Uint8Array(12), { keepTexts: true });
    const again = await readBytes(mask);
    expect(text(mask.subarray(148, 156))).toBe("Jane Doe");
    expect(again.header.extensions).toEqual(header.extensions);
    expect(text(again.header.extensions[0]!.bytes)).toMatch(/^Jane Doe again\0*$/);
    expect(again.header.voxOffset).toBe(header.voxOffset);
  });
  test("keeps both forms, the units and the slice timing to the last bit", () => {
    const bytes = patched((view) => {
      view.setInt16(252, 2, true);
      view.setInt16(254, 4, true);
      view.setUint8(39, 0b111001); // dim_info
      view.setInt16(74, 1, true); // slice_start
      view.setInt16(120, 9, true); // slice_end
      view.setUint8(122, 3); // slice_code
      view.setUint8(123, 2 | 8); // xyzt_units
      view.setFloat32(132, 0.25, true); // slice_duration
      view.setFloat32(136, 1.75, true); // toffset
    });
    const mask = writeMaskLike(parseNiftiHeader(bytes, "x.nii"), new Uint8Array(12));
    for (const [start, end] of [
      [39, 56],
      [74, 108],
      [120, 124],
      [132, 140],
      [252, 328],
    ] as const) {
      expect(mask.subarray(start, end), `bytes ${start} to ${end}`).toEqual(bytes.subarray(start, end));
    }
  });
  test("writes NIfTI-2 on the grid of NIfTI-2, whatever its size and its digits", async () => {
    const header = nifti2();
    const bytes = writeMaskLike(header, new Uint8Array(40000).fill(1));
    for (const [start, end] of [
      [16, 80],
      [104, 168],
      [208, 240],
      [344, 504],
      [524, 525],
    ] as const) {
      expect(bytes.subarray(start, end), `bytes ${start} to ${end}`).toEqual(header.raw.subarray(start, end));
    }
    const mask = await readBytes(bytes);
    expect(mask.header).toMatchObject({ format: "NIfTI-2", shape: [40000], voxOffset: 544 });
    expect(mask.header.affine).toEqual(header.affine);
    expect(mask.header.affine[0][0]).toBe(1.1);
    expect(mask.header.raw.subarray(4, 12)).toEqual(header.raw.subarray(4, 12));
  });
  test("rejects another number of labels", () => {
    expect(() => writeMaskLike(parseNiftiHeader(BYTES, "x.nii"), new Uint8Array(11))).toThrow(
      new RangeError("Shape 3 x 2 x 2 has 12 voxels, got 11 values"),
    );
  });
});

describe("writeImageLike()", () => {
  test.each([
    ["uint8", Uint8Array.from({ length: 12 }, (_, i) => 20 * i)],
    ["int16", Int16Array.from({ length: 12 }, (_, i) => 5000 * (i - 6))],
    ["float32", Float32Array.from({ length: 12 }, (_, i) => i / 3)],
  ] as const)("writes %s", async (dtype, data) => {
    const reference = parseNiftiHeader(
      patched((view) => view.setFloat32(112, 7, true)),
      "x.nii",
    );
    const { header, values } = await readBytes(writeImageLike(reference, data, dtype));
    expect(header).toMatchObject({ dtype, affine: reference.affine, scale: { slope: 1, intercept: 0 } });
    expect(header.warnings).toEqual([]);
    expect([...values]).toEqual([...data]);
  });
  test("rejects an array of another type", () => {
    const reference = parseNiftiHeader(BYTES, "x.nii");
    expect(() => writeImageLike(reference, new Uint8Array(12), "int16")).toThrow(
      new RangeError("Data for int16 must be a Int16Array, got a Uint8Array"),
    );
  });
});
