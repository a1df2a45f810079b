import { describe, expect, test } from "vitest";
import { readExtensions, writeExtensions } from "../../src/nifti/extensions.ts";
import { hipErrorOf } from "../support/nifti.ts";

const EXPORT_AGAIN = "The header is damaged or from a faulty writer: export the image again";

/** The area of extensions with these sizes and codes, each filled with its code. */
function area(
  heads: readonly (readonly [size: number, code: number])[],
  length: number,
  little = true,
): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, code] of heads) {
    bytes.fill(code, at + 8, at + size);
    view.setInt32(at, size, little);
    view.setInt32(at + 4, code, little);
    at += size;
  }
  return bytes;
}
function read(
  bytes: Uint8Array,
  options: { little?: boolean; toTheEnd?: boolean; warnings?: string[] } = {},
) {
  const { little = true, toTheEnd = false, warnings = [] } = options;
  return readExtensions(bytes, { name: "x.nii", littleEndian: little, toTheEnd, warnings });
}

describe("readExtensions()", () => {
  test.each([true, false])("reads several, little-endian %j", (little) => {
    const found = read(
      area(
        [
          [32, 6],
          [16, 4],
        ],
        48,
        little,
      ),
      { little },
    );
    expect(found.map(({ code, bytes }) => [code, bytes.length])).toEqual([
      [6, 24],
      [4, 8],
    ]);
    expect([...found[1]!.bytes]).toEqual(Array.from({ length: 8 }, () => 4));
  });
  test("gives bytes of their own", () => {
    const bytes = area([[16, 6]], 16);
    read(bytes)[0]!.bytes.fill(9);
    expect(bytes[8]).toBe(6);
  });
  test("leaves up to 15 bytes before the voxels alone, as nibabel does", () => {
    expect(read(area([[16, 6]], 31)).length).toBe(1);
    expect(read(new Uint8Array(15))).toEqual([]);
    expect(read(new Uint8Array(0), { toTheEnd: true })).toEqual([]);
  });
  test("warns of a size that is no multiple of 16", () => {
    const warnings: string[] = [];
    expect(read(area([[20, 6]], 20), { warnings }).length).toBe(1);
    expect(warnings).toEqual(["Header extension 1 has 20 bytes, which is no multiple of 16"]);
  });
  test.each([
    [[[0, 6]], 32, "header extension 1 must have 8 to 32 bytes, got 0"],
    [[[-16, 6]], 32, "header extension 1 must have 8 to 32 bytes, got -16"],
    [
      [
        [16, 6],
        [33, 6],
      ],
      48,
      "header extension 2 must have 8 to 32 bytes, got 33",
    ],
    [[[2147483647, 6]], 16, "header extension 1 must have 8 to 16 bytes, got 2147483647"],
  ] as const)("rejects sizes %j in %i bytes", async (heads, length, what) => {
    expect(await hipErrorOf(() => read(area(heads, length)))).toEqual({
      code: "unreadable-image",
      message: `Cannot read "x.nii": ${what}`,
      hint: EXPORT_AGAIN,
    });
  });
  test("takes zeros after the last one for padding, with a warning", () => {
    const warnings: string[] = [];
    expect(read(area([[16, 6]], 48), { warnings }).length).toBe(1);
    expect(warnings).toEqual(["32 bytes of zeros after the last header extension: taken as padding"]);
  });
  test("rejects a piece of one at the end of an .hdr file", async () => {
    const bytes = area([[16, 6]], 20);
    bytes[16] = 4;
    expect((await hipErrorOf(() => read(bytes, { toTheEnd: true }))).message).toMatch(
      /header extension 2 must have 8 to 8 bytes, got 4/,
    );
  });
});

describe("writeExtensions()", () => {
  test("is undone by readExtensions(), but for the padding", () => {
    const extensions = [0, 1, 7, 8, 9, 100].map((n) => ({ code: n - 3, bytes: new Uint8Array(n).fill(n) }));
    const bytes = writeExtensions(extensions);
    expect([...bytes.subarray(0, 4)]).toEqual([1, 0, 0, 0]);
    expect(bytes.length % 16).toBe(4);
    const found = read(bytes.subarray(4), { toTheEnd: true });
    expect(found.map(({ code, bytes: content }) => ({ code, bytes: content.subarray(0, code + 3) }))).toEqual(
      extensions,
    );
  });
  test("of none is four zeros", () => {
    expect([...writeExtensions([])]).toEqual([0, 0, 0, 0]);
  });
});
