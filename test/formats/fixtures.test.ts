/** Files that SimpleITK, pynrrd and Pillow read: the same values, place and type here. scripts/make_format_fixtures.py */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ImageHeader } from "../../src/volume/image.ts";
import { hipErrorOf } from "../support/nifti.ts";
import { affineError, type Files, read, readHeader } from "./support.ts";

interface Case {
  readonly files: Readonly<Record<string, string>>;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly affine: readonly (readonly number[])[];
  readonly affineSource?: ImageHeader["affineSource"];
  readonly orientation?: string;
  readonly values?: readonly number[];
  readonly refused?: string;
}

const path = new URL("fixtures/formats.json", import.meta.url);
const CASES: Readonly<Record<string, Case>> = JSON.parse(readFileSync(path, "utf8"));
const filesOf = (one: Case): Files =>
  Object.fromEntries(
    Object.entries(one.files).map(([name, content]) => [
      name,
      Uint8Array.from(Buffer.from(content, "base64")),
    ]),
  );
const readable = Object.entries(CASES).filter(([, one]) => one.values !== undefined);
const refused = Object.entries(CASES).filter(([, one]) => one.refused !== undefined);

test("there are files of each format", () => {
  const count = (start: RegExp) => readable.filter(([name]) => start.test(name)).length;
  expect([count(/^n(?:rrd|hdr)_/), count(/^m(?:eta|ha|hd)_/), count(/^png_/)]).toEqual([57, 39, 20]);
});

describe("reads what SimpleITK, pynrrd or Pillow read", () => {
  test.each(readable)("%s", async (_, one) => {
    const { header, values } = await read(filesOf(one));
    expect([...values]).toEqual(one.values?.map(Math.fround));
    expect(header.shape).toEqual(one.shape);
    expect(header.dtype).toBe(one.dtype);
    expect(header.affineSource).toBe(one.affineSource);
    expect(header.orientation).toBe(one.orientation);
    expect(affineError(header.affine, one.affine)).toBeLessThan(1e-12);
    expect(header.scale).toEqual({ slope: 1, intercept: 0 });
    const { dtype, warnings, ...described } = await readHeader(filesOf(one));
    expect({ ...header, ...described }).toEqual(header);
    // Whether three channels are grey, or an alpha channel opaque, only the pixels tell.
    if (header.format === "PNG" && dtype.endsWith("]"))
      expect(dtype.replace(/\[[234]\]$/, "")).toBe(one.dtype);
    else expect({ dtype, warnings }).toEqual({ dtype: header.dtype, warnings: header.warnings });
  });
});

describe("describes, and refuses by name, what has several numbers per voxel", () => {
  test.each(refused)("%s", async (_, one) => {
    const header = await readHeader(filesOf(one));
    expect(header.shape).toEqual(one.shape);
    expect(header.dtype).toBe(one.dtype);
    expect(affineError(header.affine, one.affine)).toBeLessThan(1e-12);
    const { code, message } = await hipErrorOf(() => read(filesOf(one)));
    expect(code).toBe("unreadable-image");
    expect(message).toContain(one.refused);
  });
});
