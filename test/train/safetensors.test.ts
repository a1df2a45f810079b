import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { parseSafetensors, type SafetensorsTensor, writeSafetensors } from "../../src/train/safetensors.ts";

const small = {
  weight: { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, Number.NaN, Number.POSITIVE_INFINITY, -0) },
  count: { shape: [], data: BigInt64Array.of(-(2n ** 63n)) },
  mask: { shape: [3], data: Uint8Array.of(0, 128, 255) },
};

/** The same file with another header, its length written anew. */
function withHeader(json: string, data: Uint8Array = new Uint8Array()): Uint8Array {
  const header = new TextEncoder().encode(json);
  const bytes = new Uint8Array(8 + header.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  bytes.set(data, 8 + header.length);
  return bytes;
}

function errorOf(bytes: Uint8Array): HipError {
  try {
    parseSafetensors(bytes, "a.safetensors");
  } catch (error) {
    if (error instanceof HipError) return error;
    throw error;
  }
  throw new Error("Expected an error");
}

const tensor: fc.Arbitrary<SafetensorsTensor> = fc
  .array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 })
  .chain((shape) => {
    const n = shape.reduce((product, size) => product * size, 1);
    const size = { minLength: n, maxLength: n };
    return fc
      .oneof(fc.float32Array(size), fc.bigInt64Array(size), fc.uint8Array(size))
      .map((data): SafetensorsTensor => ({ shape, data }));
  });
// "__metadata__" is no tensor's name; other words with a meaning to JavaScript are.
const name = fc
  .oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "10", "9", 'é\n"'))
  .filter((text) => text !== "__metadata__");

describe("the bytes", () => {
  test("are as the format says: length, padded header with sorted keys, widest data first", () => {
    const bytes = writeSafetensors(small, { b: "2", a: "1" });
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes));
    expect(headerBytes % 8).toBe(0);
    expect(header.trimEnd()).toBe(
      '{"__metadata__":{"a":"1","b":"2"},' +
        '"count":{"dtype":"I64","shape":[],"data_offsets":[0,8]},' +
        '"mask":{"dtype":"U8","shape":[3],"data_offsets":[32,35]},' +
        '"weight":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]}}',
    );
    expect(bytes.length).toBe(8 + headerBytes + 35);
    expect([...bytes.subarray(8 + headerBytes, 16 + headerBytes)]).toEqual([0, 0, 0, 0, 0, 0, 0, 128]);
  });

  test("do not depend on the order of keys", () => {
    const { weight, count, mask } = small;
    expect(writeSafetensors({ mask, weight, count }, { a: "1", b: "2" })).toEqual(
      writeSafetensors(small, { b: "2", a: "1" }),
    );
  });

  test("hold views of larger buffers, and are read where they lie unaligned", () => {
    const data = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
    const written = writeSafetensors({ x: { shape: [2], data } }, {});
    const shifted = new Uint8Array(written.length + 3).subarray(3);
    shifted.set(written);
    expect(parseSafetensors(shifted, "x").tensors).toEqual({
      x: { shape: [2], data: Float32Array.of(1, 2) },
    });
  });

  test("refuse a shape that its data do not fill, and the metadata's name", () => {
    expect(() => writeSafetensors({ x: { shape: [2, 2], data: new Float32Array(3) } }, {})).toThrow(
      new RangeError('Tensor "x" of shape [2, 2] needs 4 elements, got 3'),
    );
    expect(() => writeSafetensors({ __metadata__: { shape: [0], data: new Uint8Array() } }, {})).toThrow(
      new RangeError('A tensor cannot be named "__metadata__"'),
    );
  });
});

describe("reading", () => {
  test("gives back what was written", async () => {
    await fc.assert(
      fc.property(
        fc.dictionary(name, tensor),
        fc.dictionary(fc.string(), fc.string()),
        (tensors, metadata) => {
          const back = parseSafetensors(writeSafetensors(tensors, metadata), "x");
          expect(Object.keys(back.tensors).sort()).toEqual(Object.keys(tensors).sort());
          for (const [key, value] of Object.entries(tensors)) expect(back.tensors[key]).toEqual(value);
          expect(Object.entries(back.metadata).sort()).toEqual(Object.entries(metadata).sort());
        },
      ),
      { numRuns: 200 },
    );
  });

  test("fails at every length but the whole", () => {
    const bytes = writeSafetensors(small, { a: "1" });
    for (let length = 0; length < bytes.length; length++) {
      expect(errorOf(bytes.subarray(0, length)).code).toBe("bad-checkpoint");
    }
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(errorOf(longer).message).toBe(
      'Cannot read "a.safetensors": expected 35 bytes of data after the header, found 36',
    );
    expect(errorOf(longer).hint).toBe("The file is damaged or was cut short: use another copy of it");
  });

  const entry = (dtype: string, shape: string, offsets: string): string =>
    `{"x":{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}}`;
  test.each([
    ["nothing", new Uint8Array(), "expected at least 8 bytes for the header's length, found 0"],
    [
      "a header not there",
      withHeader("{}").subarray(0, 9),
      "expected 10 bytes for the header, found 9 bytes in all",
    ],
    [
      "a huge header",
      new Uint8Array(8).fill(255),
      "expected a header of at most 100000000 bytes, found a length of 18446744073709551615",
    ],
    ["no JSON", withHeader("{]"), "expected a header of JSON in UTF-8, found something else"],
    ["a JSON list", withHeader("[]"), "expected the header to be a JSON object, found something else"],
    ["no entry", withHeader('{"x":1}'), 'expected tensor "x" to be an object, found something else'],
    [
      "metadata",
      withHeader('{"__metadata__":{"a":1}}'),
      'expected metadata "a" to be a string, found number',
    ],
    [
      "metadata list",
      withHeader('{"__metadata__":[]}'),
      'expected "__metadata__" to be an object, found something else',
    ],
    [
      "dtype",
      withHeader(entry('"F64"', "[]", "[0,8]")),
      'expected tensor "x" to be F32, I64 or U8, found "F64"',
    ],
    [
      "shape",
      withHeader(entry('"U8"', "[-1]", "[0,0]")),
      'expected tensor "x" to have a shape of integers >= 0, found others',
    ],
    [
      "offsets",
      withHeader(entry('"U8"', "[1]", "[0]")),
      'expected tensor "x" to have two offsets >= 0, found others',
    ],
    ["size", withHeader(entry('"F32"', "[2]", "[0,4]")), 'expected 8 bytes for tensor "x", found 4'],
    [
      "a hole",
      withHeader(entry('"U8"', "[1]", "[1,2]"), Uint8Array.of(1, 2)),
      'expected tensor "x" to start at byte 0 of the data, found 1',
    ],
    [
      "an overlap",
      withHeader(
        '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
        Uint8Array.of(1, 2),
      ),
      'expected tensor "b" to start at byte 2 of the data, found 1',
    ],
  ])("names what is wrong: %s", (_what, bytes, reason) => {
    const error = errorOf(bytes);
    expect(error.message).toBe(`Cannot read "a.safetensors": ${reason}`);
    expect(error.code).toBe("bad-checkpoint");
  });
});
