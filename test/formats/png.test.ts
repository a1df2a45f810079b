/** What the fixtures do not show: warnings, damage and traps. */
import { deflateSync } from "node:zlib";
import { encode } from "fast-png";
import { describe, expect, test } from "vitest";
import { readImage, readImageHeader } from "../../src/formats/image-file.ts";
import { hipErrorOf } from "../support/nifti.ts";
import { type Chunk, chunksOf, pngOf } from "./png-file.ts";
import { fileOf, read, readHeader } from "./support.ts";

/** 3 x 2 pixels of grey. */
const GREY = encode({
  width: 3,
  height: 2,
  channels: 1,
  depth: 8,
  data: Uint8Array.of(0, 50, 100, 150, 200, 250),
});
const CHUNKS = chunksOf(GREY);
/** The image with one chunk's content changed, or dropped where it is undefined. */
const changed = (type: string, change: (content: Buffer) => Buffer | undefined): Uint8Array =>
  pngOf(
    CHUNKS.flatMap((chunk): Chunk[] => {
      if (chunk.type !== type) return [chunk];
      const content = change(Buffer.from(chunk.content));
      return content === undefined ? [] : [{ type, content }];
    }),
  );
const added = (type: string, content: Buffer): Uint8Array =>
  pngOf([CHUNKS[0]!, { type, content }, ...CHUNKS.slice(1)]);
const ihdr = (patch: (content: Buffer) => void) =>
  changed("IHDR", (content) => {
    patch(content);
    return content;
  });
const failure = async (bytes: Uint8Array) => {
  const { code, message } = await hipErrorOf(() => read({ "x.png": bytes }));
  expect(code).toBe("unreadable-image");
  return message.replace('Cannot read "x.png": ', "");
};
const warningsOf = async (bytes: Uint8Array) => (await read({ "x.png": bytes })).header.warnings;
const NO_PLACE = "PNG states neither voxel size nor orientation: 1 mm and LPS are assumed";

describe("order", () => {
  test("is the file's: x to the right, y down", async () => {
    const { header, values } = await read({ "x.png": GREY });
    expect(header.shape).toEqual([3, 2]);
    expect([...values]).toEqual([0, 50, 100, 150, 200, 250]);
    expect(header.warnings).toEqual([NO_PLACE]);
  });
});

describe("damage", () => {
  test.each([
    [
      "a wrong checksum",
      GREY.with(41, GREY[41]! ^ 1),
      /^its pixels: The zlib data|^the PNG is damaged \(CRC mismatch/,
    ],
    [
      "a wrong checksum of the header",
      GREY.with(30, GREY[30]! ^ 1),
      /^the PNG is damaged \(CRC mismatch for chunk IHDR/,
    ],
    [
      "a cut file",
      GREY.subarray(0, GREY.length - 13),
      /^it ends before its IEND chunk$|^its \w+ chunk ends at byte/,
    ],
    ["a cut chunk", GREY.subarray(0, 45), /^its IDAT chunk ends at byte \d+, found 45 bytes$/],
    ["no pixels", changed("IDAT", () => undefined), /^it has no IDAT chunk, which holds the pixels$/],
    ["no header", changed("IHDR", () => undefined), /^its first chunk must be an IHDR of 13 bytes$/],
    [
      "fewer pixels than promised",
      changed("IDAT", () => deflateSync(Buffer.alloc(7))),
      /^3 x 2 pixels need 8 bytes, found 7$/,
    ],
    [
      "a filter that is none of PNG's",
      changed("IDAT", () => deflateSync(Buffer.alloc(8, 9))),
      /^the PNG is damaged \(Unsupported filter: 9\)$/,
    ],
    [
      "a chunk that is not known and needed",
      added("QQQQ", Buffer.alloc(3)),
      /^its QQQQ chunk is needed to decode it, and is not known$/,
    ],
    ["what is no chunk", joinedAfterHeader(), /^byte 33 must start a chunk of PNG, got/],
    [
      "a depth that is none",
      ihdr((content) => content.writeUInt8(3, 8)),
      /^its IHDR is none of PNG's: depth 3, colour type 0, methods 0, 0, 0$/,
    ],
    [
      "a colour type that is none",
      ihdr((content) => content.writeUInt8(5, 9)),
      /^its IHDR is none of PNG's: depth 8, colour type 5/,
    ],
    [
      "a width of 0",
      ihdr((content) => content.writeUInt32BE(0, 0)),
      /^its width and height must be 1 to 2147483647, got 0 x 2$/,
    ],
    [
      "a palette image without one",
      ihdr((content) => content.writeUInt8(3, 9)),
      /^its palette must have 1 to 256 colours, got 0 bytes$/,
    ],
    [
      "interlaced with few bits",
      ihdr((content) => {
        content.writeUInt8(4, 8);
        content.writeUInt8(1, 12);
      }),
      /^it is interlaced with 4 bits a sample, which is not read$/,
    ],
  ])("%s", async (_, bytes, message) => {
    expect(await failure(bytes)).toMatch(message);
  });
});

function joinedAfterHeader(): Uint8Array {
  return Uint8Array.from(Buffer.concat([GREY.subarray(0, 33), Buffer.alloc(40)]));
}

describe("traps", () => {
  test("a tiny file of a huge picture is refused before it is inflated", async () => {
    const bytes = ihdr((content) => {
      content.writeUInt32BE(2 ** 31 - 1, 0);
      content.writeUInt32BE(2 ** 31 - 1, 4);
    });
    const untouched = () => Promise.reject(new Error("must not be inflated"));
    const { message } = await hipErrorOf(() => readImage(fileOf({ "x.png": bytes }), untouched));
    expect(message).toMatch(
      /2147483647 x 2147483647 pixels need 4611686\d+ bytes, found \d+ compressed bytes, which cannot hold them$/,
    );
  });
  test("pixels that inflate to far more than the picture are refused", async () => {
    const bytes = changed("IDAT", () => deflateSync(Buffer.alloc(2 ** 22)));
    expect(await failure(bytes)).toMatch(/^its pixels: The zlib data inflates to more than \d+ bytes$/);
  });
  test("what else the file has compressed is not inflated", async () => {
    const bomb = Buffer.concat([Buffer.from("name\0\0"), deflateSync(Buffer.alloc(2 ** 26))]);
    for (const type of ["iCCP", "zTXt"]) expect(await warningsOf(added(type, bomb))).toEqual([NO_PLACE]);
  });
});

describe("the header", () => {
  const untouched = () => Promise.reject(new Error("must not be inflated"));
  const describe_ = (bytes: Uint8Array) => readImageHeader(fileOf({ "x.png": bytes }), untouched);
  const picture = { width: 2, height: 1, depth: 8 } as const;

  test("comes without inflating a pixel, and says the same as reading does", async () => {
    const resolution = Buffer.alloc(9, 1);
    resolution.writeUInt32BE(2000, 0);
    resolution.writeUInt32BE(4000, 4);
    const bytes = added("pHYs", resolution);
    expect(await describe_(bytes)).toEqual((await read({ "x.png": bytes })).header);
  });

  test.each([
    { name: "colours", channels: 3, data: [1, 2, 3, 4, 5, 6], refused: /3 numbers per voxel \(colours\)/ },
    { name: "equal channels", channels: 3, data: [7, 7, 7, 4, 4, 4], values: [7, 4] },
    { name: "an opaque channel", channels: 2, data: [7, 255, 4, 255], values: [7, 4] },
    { name: "a clear pixel", channels: 2, data: [7, 255, 4, 0], refused: /\(1 pixel transparent\)/ },
  ] as const)("leaves $name to be decided by the pixels", async (one) => {
    const bytes = encode({ ...picture, channels: one.channels, data: Uint8Array.from(one.data) });
    const header = await describe_(bytes);
    expect(header.dtype).toBe(`uint8[${one.channels}]`);
    const doubt =
      one.channels === 3
        ? "Stored as RGB: can be read only if red, green and blue are equal in every pixel"
        : "Stored with an alpha channel: can be read only if it is opaque everywhere";
    expect(header.warnings).toEqual([NO_PLACE, doubt]);
    if ("refused" in one) return expect(await failure(bytes)).toMatch(one.refused);
    const read_ = await read({ "x.png": bytes });
    expect([...read_.values]).toEqual(one.values);
    expect(read_.header.dtype).toBe("uint8");
    expect(read_.header.warnings).not.toContain(doubt);
  });

  test("leaves a transparent value to be decided by the pixels", async () => {
    const key = (value: number) => added("tRNS", Buffer.of(0, value));
    expect((await describe_(key(50))).warnings[1]).toMatch(/^Stored with one value that is transparent/);
    expect(await failure(key(50))).toMatch(/\(1 pixel transparent\)/);
    expect(await warningsOf(key(51))).toEqual([NO_PLACE]);
  });

  test("does not tell of damaged pixels, reading does", async () => {
    const bytes = changed("IDAT", () => deflateSync(Buffer.alloc(8, 9)));
    expect((await readHeader({ "x.png": bytes })).shape).toEqual([3, 2]);
    expect(await failure(bytes)).toMatch(/Unsupported filter/);
  });

  test("refuses more pixels than can be held, by name", async () => {
    // One bit a pixel: the compressed bytes could hold them.
    const bytes = pngOf([
      {
        type: "IHDR",
        content: Buffer.concat([Buffer.of(0, 0, 128, 0, 0, 0, 128, 0), Buffer.of(1, 0, 0, 0, 0)]),
      },
      { type: "IDAT", content: Buffer.alloc(2 ** 18) },
      { type: "IEND", content: Buffer.alloc(0) },
    ]);
    const { code, message } = await hipErrorOf(() => describe_(bytes));
    expect(code).toBe("unreadable-image");
    expect(message).toBe('Cannot read "x.png": it has 32768 x 32768 pixels, at most 268435456 are read');
  });
});

describe("warns", () => {
  const palette = (colours: readonly number[], indices: readonly number[]) =>
    pngOf([
      { type: "IHDR", content: Buffer.concat([CHUNKS[0]!.content.subarray(0, 8), Buffer.of(8, 3, 0, 0, 0)]) },
      { type: "PLTE", content: Buffer.from(colours) },
      { type: "IDAT", content: deflateSync(Buffer.of(0, ...indices.slice(0, 3), 0, ...indices.slice(3))) },
      { type: "IEND", content: Buffer.alloc(0) },
    ]);
  test("of a palette, more so of a grey one, not of one that is the grey values", async () => {
    const indices = [0, 1, 1, 0, 1, 0];
    expect(await warningsOf(palette([0, 0, 0, 255, 0, 0], indices))).toEqual([
      NO_PLACE,
      "Stored with a palette of 2 colours: its indices are the values",
    ]);
    expect(await warningsOf(palette([9, 9, 9, 4, 4, 4], indices))).toEqual([
      NO_PLACE,
      "Stored with a palette of 2 colours: its indices are the values; all are grey, so if this is no mask, save it as greyscale",
    ]);
    expect(await warningsOf(palette([0, 0, 0, 1, 1, 1], indices))).toEqual([NO_PLACE]);
  });
  test("of indices beyond the palette", async () => {
    expect(await warningsOf(palette([0, 0, 0, 1, 1, 1], [0, 1, 2, 3, 1, 0]))).toEqual([
      NO_PLACE,
      "2 pixels have an index beyond the palette of 2 colours",
    ]);
  });
  test("of grey in RGB, of an alpha channel, of a screen's resolution, of animation", async () => {
    const picture = { width: 1, height: 1, depth: 8 } as const;
    expect(await warningsOf(encode({ ...picture, channels: 3, data: Uint8Array.of(7, 7, 7) }))).toEqual([
      NO_PLACE,
      "Stored as RGB with equal red, green and blue: read as grey",
    ]);
    expect(await warningsOf(encode({ ...picture, channels: 2, data: Uint8Array.of(7, 255) }))).toEqual([
      NO_PLACE,
      "Stored with an alpha channel that is opaque everywhere: left out",
    ]);
    const resolution = Buffer.alloc(9, 1);
    resolution.writeUInt32BE(2835, 0);
    resolution.writeUInt32BE(2000, 4);
    const { header } = await read({ "x.png": added("pHYs", resolution) });
    expect(header.warnings).toEqual([
      "Pixels of 0.3527 x 0.5 mm by its pHYs, which may be a screen's resolution",
      "PNG states no orientation: assumed to be LPS",
    ]);
    expect(header.affineSource).toBe("pixdim");
    expect(header.spacingMm).toEqual([1000 / 2835, 0.5, 1]);
    expect(await warningsOf(added("acTL", Buffer.alloc(8)))).toContain(
      "An animated PNG: only its still picture is read",
    );
  });
});
