import { describe, expect, test } from "vitest";
import { gridOf } from "../../src/apply/image-facts.ts";
import { readMaskOn } from "../../src/apply/read-mask.ts";
import { makeByteSource } from "../../src/core/bytes.ts";
import { readImageHeader } from "../../src/formats/image-file.ts";
import { type NiftiOptions, niftiBytes } from "../support/data-folder.ts";
import { hipErrorOf } from "../support/nifti.ts";
import { PLATFORM } from "./support.ts";

const IMAGE: NiftiOptions = { shape: [4, 3, 2], spacingMm: [1, 2, 3], originMm: [5, 6, 7] };

async function read(mask: NiftiOptions): Promise<Uint8Array> {
  const source = makeByteSource(niftiBytes(IMAGE));
  const header = await readImageHeader({ name: "scan.nii", source }, PLATFORM.inflate);
  const scan = { name: "scan", grid: gridOf(header, "scan") };
  return readMaskOn(scan, { name: "mask.nii", source: makeByteSource(niftiBytes(mask)) }, PLATFORM);
}

describe("readMaskOn()", () => {
  test("gives labels of a mask on the scan's grid", async () => {
    const mask = await read({ ...IMAGE, dtype: "uint8", value: (i) => i % 3 });
    expect([...mask]).toEqual(Array.from({ length: 24 }, (_, i) => i % 3));
  });
  test("refuses another shape", async () => {
    expect((await hipErrorOf(() => read({ ...IMAGE, shape: [4, 3, 3] }))).message).toBe(
      'Cannot use mask "mask.nii": it must have the shape 4 x 3 x 2 of "scan", got 4 x 3 x 3',
    );
  });
  test("refuses another place", async () => {
    expect((await hipErrorOf(() => read({ ...IMAGE, originMm: [5, 6, 8] }))).message).toBe(
      'Cannot use mask "mask.nii": its affine must be that of "scan", an entry differs by 1',
    );
  });
  test("refuses values that are no labels", async () => {
    expect((await hipErrorOf(() => read({ ...IMAGE, value: (i) => i + 0.5 }))).code).toBe("bad-mask");
  });
});
