import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { makeRandom } from "../../src/core/random.ts";
import { frameRecord } from "../../src/core/tfrecord.ts";
import { decodeMask, encodeMask } from "../../src/edit/saved-mask.ts";

const shape = [5, 4, 3] as const;
const mask = Uint8Array.from({ length: 60 }, (_, i) => (i < 20 ? 0 : i < 50 ? 255 : i % 3));
const saved = { mask, shape, revision: 2 ** 40 + 1 };
const refusal = (why: string): HipError =>
  new HipError("bad-mask", `Cannot read the saved mask: ${why}`, {
    hint: "Open the mask's file again, or an earlier copy",
  });

describe("encodeMask() and decodeMask()", () => {
  test("give back the mask, its shape and its revision", () => {
    expect(decodeMask(encodeMask(saved))).toEqual(saved);
    const random = makeRandom(1, "saved");
    for (let round = 0; round < 50; round++) {
      const odd = [1 + random.integer(9), 1 + random.integer(9), 1 + random.integer(9)] as const;
      const values = Uint8Array.from({ length: odd[0] * odd[1] * odd[2] }, () => random.integer(3));
      const one = { mask: values, shape: odd, revision: round };
      expect(decodeMask(encodeMask(one))).toEqual(one);
    }
  });

  test("take few bytes for large regions", () => {
    const large = new Uint8Array(256 * 256 * 128).fill(1, 1000, 5_000_000);
    expect(encodeMask({ mask: large, shape: [256, 256, 128], revision: 0 }).length).toBeLessThan(70);
  });

  test("reject a mask that does not fill its shape", () => {
    expect(() => encodeMask({ ...saved, shape: [5, 4, 2] })).toThrow(
      new RangeError("A mask of shape 5x4x2 needs 40 voxels, got 60"),
    );
  });
});

describe("decodeMask()", () => {
  const bytes = encodeMask(saved);

  test("rejects bytes that are cut short anywhere", () => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeMask(bytes.subarray(0, length))).toThrow(refusal("it is cut short"));
  });

  test("rejects bytes of which any bit has changed", () => {
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3] = changed[bit >> 3]! ^ (1 << (bit & 7));
      expect(() => decodeMask(changed)).toThrow(HipError);
    }
  });

  test("rejects what is something else", () => {
    expect(() => decodeMask(new TextEncoder().encode("n+1 not a saved mask"))).toThrow(
      refusal("its checksum differs, so bytes have changed or it is none"),
    );
    expect(() => decodeMask(Uint8Array.of(...bytes, 1, 2))).toThrow(refusal("2 bytes follow its end"));
    const other = new BinaryWriter().string("hipmri-mask/2").double(0).finish();
    expect(() => decodeMask(frameRecord(other))).toThrow(
      refusal('it must be "hipmri-mask/1", got "hipmri-mask/2"'),
    );
  });

  test("asks for no memory that its runs do not fill", () => {
    const payload = (...numbers: readonly number[]): Uint8Array => {
      const writer = new BinaryWriter().string("hipmri-mask/1").double(0);
      for (const number of numbers) writer.uint32(number);
      return frameRecord(writer.finish());
    };
    expect(() => decodeMask(payload(60000, 60000, 60000, 1, 0))).toThrow(
      refusal("its shape is 60000x60000x60000, 216000000000000 voxels, and its runs hold 1"),
    );
    expect(() => decodeMask(payload(1, 1, 1, 1, 256))).toThrow(refusal("a label is above 255"));
    expect(() => decodeMask(payload(1, 1))).toThrow(HipError);
  });
});
