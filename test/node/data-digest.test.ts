import { describe, expect, test } from "vitest";
import type { DecodedCase } from "../../src/dataset/types.ts";
import { caseHash, caseHashes, dataDigest, digestCase } from "../../src/node/workflows/data-digest.ts";

function decoded(changes: Partial<DecodedCase> = {}): DecodedCase {
  return {
    entry: { id: "a", patient: "a", split: undefined, files: [] },
    width: 1,
    height: 2,
    depth: 1,
    spacingMm: [1.5, 1.25, 3],
    hasSpacing: true,
    image: Float32Array.of(1, -2.5),
    mask: Uint8Array.of(0, 5),
    isReversed: false,
    grid: { shape: [1, 2, 1], spacingMm: [1.5, 1.25, 3], affine: [] as never },
    orientation: undefined,
    warnings: [],
    ...changes,
  };
}

// Python: h = b'["float32",[1,2,1],[1.5,1.25,3]]\n'; hashlib.sha256(h + struct.pack("<2f", 1, -2.5)).hexdigest(),
// the same with "uint8" and bytes([0, 5]), then sha256(f"{image} {mask}\n").
const IMAGE = "15218a093e2b04b69e0ffd8d52336ac5f55f606c5e9532481df55837daf9d44c";
const MASK = "c38fcafac1b216188018e0f9093e47fda0e74adbf71688023074f8a56733469c";
const DATA = "56d7f2478b36f7e56a75289afd21ac8b73b0c5135f8fdf4db126662ec98431a6";

describe("a case's digest", () => {
  test("is the SHA-256 of what Python packs", () => {
    expect(digestCase(decoded())).toEqual({ image: IMAGE, mask: MASK });
    expect(caseHash(decoded())).toBe(IMAGE.slice(0, 16));
    expect(dataDigest([digestCase(decoded())])).toBe(`sha256:${DATA}`);
  });

  test("does not know names, and takes a part of a buffer for what it is", () => {
    const image = Float32Array.of(9, 1, -2.5, 9).subarray(1, 3);
    const entry = { id: "b", patient: "mr smith", split: undefined, files: [] };
    expect(digestCase(decoded({ image, entry }))).toEqual({ image: IMAGE, mask: MASK });
  });

  test("takes spacings that differ by a format's rounding for one", () => {
    expect(caseHash(decoded({ spacingMm: [1.4999999, 1.25, 3.0000001] }))).toBe(IMAGE.slice(0, 16));
  });

  test.each([
    ["a voxel", { image: Float32Array.of(1, -2.5000002) }],
    ["the shape", { width: 2, height: 1 }],
    ["the spacing", { spacingMm: [1.5, 1.25, 3.001] }],
  ] satisfies [string, Partial<DecodedCase>][])("changes with %s", (_, changes) => {
    expect(caseHash(decoded(changes))).not.toBe(IMAGE.slice(0, 16));
  });

  test("of another mask is another, though the image is known again", () => {
    const other = digestCase(decoded({ mask: Uint8Array.of(0, 4) }));
    expect(other.image).toBe(IMAGE);
    expect(other.mask).not.toBe(MASK);
  });
});

test("the order of the cases is nowhere to be seen", () => {
  const a = digestCase(decoded());
  const b = digestCase(decoded({ image: Float32Array.of(0, 0) }));
  expect(caseHashes([a, b])).toEqual(caseHashes([b, a]));
  expect(dataDigest([a, b])).toBe(dataDigest([b, a]));
  expect(dataDigest([a, b])).not.toBe(dataDigest([a]));
});
