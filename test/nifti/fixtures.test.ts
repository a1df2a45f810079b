/** Every image of test/fixtures/nifti reads as nibabel reads it; see scripts/make_nifti_fixtures.py. */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { makeByteSource } from "../../src/core/bytes.ts";
import { HipError } from "../../src/core/errors.ts";
import { readNifti } from "../../src/nifti/read.ts";
import type { NiftiImage } from "../../src/nifti/types.ts";
import { writeMaskLike } from "../../src/nifti/write.ts";
import { inflateGzip } from "../../src/node/inflate.ts";
import { readBytes } from "../support/nifti.ts";

const FOLDER = new URL("../fixtures/nifti/", import.meta.url);
const FILES = readdirSync(FOLDER);
const NAMES = FILES.filter((file) => file.endsWith(".nii.gz")).map((file) => file.replace(".nii.gz", ""));
const HALVES = FILES.filter((file) => /\.(?:hdr|img)(?:\.gz)?$/.test(file));

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

/** Reads a file of the folder, and what it asks for beside it. */
function readFixture(file: string): Promise<NiftiImage> {
  const open = (name: string) => {
    if (!FILES.includes(name)) throw new HipError("not-found", `No ${name}`);
    return makeByteSource(new Uint8Array(readFileSync(new URL(name, FOLDER))));
  };
  const openBeside = (name: string) => Promise.resolve().then(() => open(name));
  return readNifti(open(file), { name: `some/folder/${file}`, inflate: inflateGzip, openBeside });
}

function expectSame({ header, values }: NiftiImage, expected: Expected): void {
  const { affine, values: expectedValues, extensions, ...rest } = expected;
  expect(header).toMatchObject(rest);
  expectAffine(header.affine, affine);
  expect(header.extensions.map(({ code }) => code)).toEqual(extensions);
  expect([...values]).toEqual(expectedValues);
}

test("the folder holds the fixtures", () => {
  expect(NAMES.length).toBe(25);
  expect(HALVES.length).toBe(6);
});

test.each(HALVES)("readNifti() gives nibabel's header and values of the pair of %s", async (file) => {
  const json = new URL(file.replace(/\..*/, ".json"), FOLDER);
  expectSame(await readFixture(file), JSON.parse(readFileSync(json, "utf8")) as Expected);
});

describe.each(NAMES)("%s", (name) => {
  const bytes = new Uint8Array(readFileSync(new URL(`${name}.nii.gz`, FOLDER)));
  const expected = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")) as Expected;

  test("readNifti() gives nibabel's header and values", async () => {
    expectSame(await readBytes(bytes, `${name}.nii.gz`), expected);
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
      format: header.format,
      littleEndian: true,
      dtype: "uint8",
      shape: header.shape,
      spacingMm: header.spacingMm,
      units: header.units,
      affine: header.affine,
      affineSource: header.affineSource,
      orientation: header.orientation,
      scale: { slope: 1, intercept: 0 },
      extensions: [],
      // Of the grid, not of the reference's values.
      warnings: header.warnings.filter((text) => !/rounded/.test(text)),
    });
    expect([...mask.values]).toEqual([...labels]);
  });
});
