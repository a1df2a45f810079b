import { randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { gzip, inflateGzip } from "../../src/node/inflate.ts";
import { hipErrorOf, sameBytes } from "../support/nifti.ts";

const BYTES = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) >>> 7);
const COPY_AGAIN = "Copy or download the file again";

describe("gzip()", () => {
  test("is undone by inflateGzip() and by others", async () => {
    expect(sameBytes(await inflateGzip(gzip(BYTES), 1e6), BYTES)).toBe(true);
    expect(sameBytes(gunzipSync(gzip(BYTES)), BYTES)).toBe(true);
    expect(await inflateGzip(gzip(new Uint8Array(0)), 1e6)).toEqual(new Uint8Array(0));
  });
  test("has no time and no operating system in its header", () => {
    expect([...gzip(BYTES).subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    expect(sameBytes(gzip(BYTES), gzip(BYTES))).toBe(true);
  });
});

describe("inflateGzip()", () => {
  test("reads all members, whatever the last one says of the size", async () => {
    const parts = [gzip(BYTES), gzip(BYTES.subarray(0, 10)), gzip(BYTES.subarray(5, 7))];
    const joined = new Uint8Array(Buffer.concat(parts));
    const expected = new Uint8Array(Buffer.concat([BYTES, BYTES.subarray(0, 10), BYTES.subarray(5, 7)]));
    expect(sameBytes(await inflateGzip(joined, 1e6), expected)).toBe(true);
  });
  test("reads bytes that lie inside a larger array", async () => {
    const packed = gzip(BYTES);
    const larger = new Uint8Array(packed.length + 20).fill(7);
    larger.set(packed, 9);
    expect(sameBytes(await inflateGzip(larger.subarray(9, 9 + packed.length), 1e6), BYTES)).toBe(true);
  });
  test.each([11, 17, 1000, -9, -1])("rejects data cut at %i", async (end) => {
    const short = gzip(BYTES).slice(0, end);
    expect(await hipErrorOf(() => inflateGzip(short, 1e6))).toEqual({
      code: "unreadable-image",
      message: `The gzip data ends early, after ${short.length} compressed bytes`,
      hint: COPY_AGAIN,
    });
  });
  test("rejects data whose checksum differs", async () => {
    const packed = gzip(BYTES);
    packed[packed.length - 5]! ^= 1;
    expect(await hipErrorOf(() => inflateGzip(packed, 1e6))).toEqual({
      code: "unreadable-image",
      message: `The gzip data is damaged (incorrect data check) in ${packed.length} compressed bytes`,
      hint: COPY_AGAIN,
    });
  });
  test("rejects what is no gzip", async () => {
    expect((await hipErrorOf(() => inflateGzip(new Uint8Array(64), 1e6))).message).toBe(
      "The gzip data is damaged (incorrect header check) in 64 compressed bytes",
    );
  });
  test("rejects more output than is allowed, and allows exactly as much", async () => {
    const zeros = new Uint8Array(1_000_000);
    expect((await inflateGzip(gzip(zeros), zeros.length)).length).toBe(zeros.length);
    expect(await hipErrorOf(() => inflateGzip(gzip(zeros), zeros.length - 1))).toEqual({
      code: "unreadable-image",
      message: "The gzip data inflates to more than 999999 bytes",
      hint: "Inflate the file first, if you trust it",
    });
  });
  test("does not trust the size that a file states of itself", async () => {
    const noise = new Uint8Array(randomBytes(50_000));
    const packed = gzip(noise);
    packed.fill(255, packed.length - 4);
    expect((await hipErrorOf(() => inflateGzip(packed, 1e6))).message).toBe(
      `The gzip data is damaged (incorrect length check) in ${packed.length} compressed bytes`,
    );
  });
});
