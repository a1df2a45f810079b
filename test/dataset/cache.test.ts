import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { readCase, writeCase } from "../../src/dataset/cache.ts";
import type { DecodedCase } from "../../src/dataset/types.ts";

const decoded: DecodedCase = {
  entry: { id: "c", patient: "c", split: "test", files: [] },
  width: 3,
  height: 1,
  depth: 2,
  spacingMm: [1, 1.6789, 2],
  image: Float32Array.of(0, -1.5, 3e38, 1e-40, 5, 6),
  mask: Uint8Array.of(0, 1, 2, 3, 4, 255),
  grid: {
    shape: [3, 1, 1],
    spacingMm: [1, 1.6789, 2],
    affine: [
      [1, 0, 0, 0.1],
      [0, 1.6789, 0, 0.2],
      [0, 0, 2, 0.3],
      [0, 0, 0, 1],
    ],
  },
  orientation: "LPS",
  hasSpacing: true,
  isReversed: false,
  warnings: ["“ö”"],
};

const block = (): Uint8Array => new Uint8Array(Buffer.concat(writeCase(decoded, crc32)));

test("what is written is read, from any place in memory", () => {
  const bytes = block();
  expect(readCase(bytes, decoded.entry, crc32)).toEqual(decoded);
  for (const shift of [1, 2, 4]) {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).subarray(shift);
    expect(readCase(shifted, decoded.entry, crc32)).toEqual(decoded);
  }
});

test("any damaged byte and any missing tail is noticed", () => {
  const bytes = block();
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at]! ^= 0x10;
    expect(readCase(damaged, decoded.entry, crc32)).toBeUndefined();
    expect(readCase(bytes.subarray(0, at), decoded.entry, crc32)).toBeUndefined();
  }
});
