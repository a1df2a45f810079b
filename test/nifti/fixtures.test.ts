/** Every image of test/fixtures/nifti reads as nibabel reads it; see scripts/make_nifti_fixtures.py. */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { writeMaskLike } from "../../src/nifti/write.ts";
import { readBytes } from "../support/nifti.ts";

const FOLDER = new URL("../fixtures/nifti/", import.meta.url);
const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".nii.gz"))
  .map((file) => file.replace(".nii.gz", ""));

interface Expected {
  readonly affine: number[][];
  readonly values: number[];
  readonly [field: string]: unknown;
}

function expectAffine(found: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  expected.flat().forEach((value, i) => {
    expect(Math.abs(found.flat()[i]! - value), `entry ${i}`).toBeLessThan(1e-12);
  });
}

test("the folder holds the fixtures", () => {
  expect(NAMES.length).toBe(22);
});

describe.each(NAMES)("%s", (name) => {
  const bytes = new Uint8Array(readFileSync(new URL(`${name}.nii.gz`, FOLDER)));
  const expected = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")) as Expected;

  test("readNifti() gives nibabel's header and values", async () => {
    const { header, values } = await readBytes(bytes, `${name}.nii.gz`);
    const { affine, values: expectedValues, ...rest } = expected;
    expect(header).toMatchObject(rest);
    expectAffine(header.affine, affine);
    expect([...values]).toEqual(expectedValues);
  });

  test("readNifti() leaves a Buffer, not aligned in memory, as it was", async () => {
    const shifted = Buffer.concat([Buffer.alloc(1), gunzipSync(bytes)]).subarray(1);
    const before = Buffer.from(shifted);
    const { header, values } = await readBytes(shifted);
    expect([...values]).toEqual(expected.values);
    values.fill(0);
    header.raw.fill(0);
    expect(shifted.equals(before)).toBe(true);
  });

  test("writeMaskLike() gives a mask on the same grid", async () => {
    const { header, values } = await readBytes(bytes, `${name}.nii.gz`);
    const labels = Uint8Array.from(values, (_, i) => i % 6);
    const mask = await readBytes(writeMaskLike(header, labels));
    expect(mask.header).toMatchObject({
      format: "NIfTI-1",
      littleEndian: true,
      dtype: "uint8",
      shape: expected.shape,
      affineSource: expected.affineSource,
      orientation: expected.orientation,
      scale: { slope: 1, intercept: 0 },
      warnings: header.warnings,
    });
    expect(mask.header.spacingMm).toEqual(header.spacingMm.map(Math.fround));
    // NIfTI-2 keeps the affine in float64, the mask in float32.
    mask.header.affine.flat().forEach((value, i) => {
      expect(Math.abs(value - header.affine.flat()[i]!)).toBeLessThan(
        header.format === "NIfTI-1" ? 1e-12 : 1e-5,
      );
    });
    expect([...mask.values]).toEqual([...labels]);
  });
});
