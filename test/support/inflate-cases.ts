/** What inflating must do on every platform: members, limits, damage. */
import { randomBytes } from "node:crypto";
import { deflateSync, gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Inflate, InflateLimitError } from "../../src/core/bytes.ts";
import { hipErrorOf, sameBytes } from "./nifti.ts";

const BYTES = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) >>> 7);
const COPY_AGAIN = "Copy or download the file again";

/** @param name of the platform's functions, for the report */
export function describeInflate(
  name: string,
  { inflate, gzip }: { readonly inflate: Inflate; readonly gzip: (bytes: Uint8Array) => Uint8Array },
): void {
  describe(name, () => {
    describe("gzip", () => {
      test("is undone, by us and by others", async () => {
        expect(sameBytes(await inflate(gzip(BYTES), 1e6), BYTES)).toBe(true);
        expect(sameBytes(gunzipSync(gzip(BYTES)), BYTES)).toBe(true);
        expect(await inflate(gzip(new Uint8Array(0)), 1e6)).toEqual(new Uint8Array(0));
      });
      test("has no time and no operating system in its header", () => {
        expect([...gzip(BYTES).subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
        expect(sameBytes(gzip(BYTES), gzip(BYTES))).toBe(true);
      });
    });

    describe("inflating", () => {
      test("reads all members, whatever the last one says of the size", async () => {
        const parts = [gzip(BYTES), gzip(BYTES.subarray(0, 10)), gzip(BYTES.subarray(5, 7))];
        const joined = new Uint8Array(Buffer.concat(parts));
        const expected = new Uint8Array(Buffer.concat([BYTES, BYTES.subarray(0, 10), BYTES.subarray(5, 7)]));
        expect(sameBytes(await inflate(joined, 1e6), expected)).toBe(true);
      });
      test("reads bytes that lie inside a larger array", async () => {
        const packed = gzip(BYTES);
        const larger = new Uint8Array(packed.length + 20).fill(7);
        larger.set(packed, 9);
        expect(sameBytes(await inflate(larger.subarray(9, 9 + packed.length), 1e6), BYTES)).toBe(true);
      });
      test.each([11, 17, 1000, -9, -1])("rejects data cut at %i", async (end) => {
        const short = gzip(BYTES).slice(0, end);
        expect(await hipErrorOf(() => inflate(short, 1e6))).toEqual({
          code: "unreadable-image",
          message: `The gzip data ends early, after ${short.length} compressed bytes`,
          hint: COPY_AGAIN,
        });
      });
      test("rejects data whose checksum differs", async () => {
        const packed = gzip(BYTES);
        packed[packed.length - 5]! ^= 1;
        expect(await hipErrorOf(() => inflate(packed, 1e6))).toEqual({
          code: "unreadable-image",
          message: `The gzip data is damaged (incorrect data check) in ${packed.length} compressed bytes`,
          hint: COPY_AGAIN,
        });
      });
      test("rejects what is no gzip", async () => {
        expect((await hipErrorOf(() => inflate(new Uint8Array(64), 1e6))).message).toBe(
          "The gzip data is damaged (incorrect header check) in 64 compressed bytes",
        );
      });
      test("rejects more output than is allowed, and allows exactly as much", async () => {
        const zeros = new Uint8Array(1_000_000);
        expect((await inflate(gzip(zeros), zeros.length)).length).toBe(zeros.length);
        expect(await hipErrorOf(() => inflate(gzip(zeros), zeros.length - 1))).toEqual({
          code: "unreadable-image",
          message: "The gzip data inflates to more than 999999 bytes",
          hint: "Inflate the file first, if you trust it",
        });
      });
      test("does not trust the size that a file states of itself", async () => {
        const noise = new Uint8Array(randomBytes(50_000));
        const packed = gzip(noise);
        packed.fill(255, packed.length - 4);
        expect((await hipErrorOf(() => inflate(packed, 1e6))).message).toBe(
          `The gzip data is damaged (incorrect length check) in ${packed.length} compressed bytes`,
        );
      });
      test("tells that limit from other failures", async () => {
        await expect(inflate(gzip(BYTES), 99_999)).rejects.toBeInstanceOf(InflateLimitError);
        await expect(inflate(gzip(BYTES), 0)).rejects.toBeInstanceOf(InflateLimitError);
        await expect(inflate(gzip(BYTES).slice(0, -1), 1e6)).rejects.not.toBeInstanceOf(InflateLimitError);
        expect(await inflate(gzip(new Uint8Array(0)), 0)).toEqual(new Uint8Array(0));
      });
      test("counts the bytes of all members together", async () => {
        const joined = new Uint8Array(Buffer.concat([gzip(BYTES), gzip(BYTES)]));
        expect((await inflate(joined, 200_000)).length).toBe(200_000);
        await expect(inflate(joined, 199_999)).rejects.toBeInstanceOf(InflateLimitError);
      });
      test("lets zeros follow, as on tapes, and nothing else", async () => {
        const followed = (...bytes: number[]) =>
          new Uint8Array(Buffer.concat([gzip(BYTES), Buffer.from(bytes)]));
        expect(sameBytes(await inflate(followed(0, 0, 0), 1e6), BYTES)).toBe(true);
        for (const garbage of [followed(7), followed(0, 7), followed(0x1f, 0x8b)]) {
          expect((await hipErrorOf(() => inflate(garbage, 1e6))).code).toBe("unreadable-image");
        }
        expect((await hipErrorOf(() => inflate(followed(0, 7), 1e6))).message).toMatch(
          /bytes that are no gzip follow its end/,
        );
      });
    });

    describe("inflating zlib", () => {
      const zlib = { format: "zlib" } as const;
      const packed = new Uint8Array(deflateSync(BYTES));
      test("undoes it and verifies its checksum", async () => {
        expect(sameBytes(await inflate(packed, 1e6, zlib), BYTES)).toBe(true);
        const damaged = packed.slice();
        damaged[damaged.length - 1]! ^= 1;
        expect((await hipErrorOf(() => inflate(damaged, 1e6, zlib))).message).toBe(
          `The zlib data is damaged (incorrect data check) in ${packed.length} compressed bytes`,
        );
      });
      test("is limited, and may not end early", async () => {
        expect((await inflate(packed, BYTES.length, zlib)).length).toBe(BYTES.length);
        await expect(inflate(packed, BYTES.length - 1, zlib)).rejects.toBeInstanceOf(InflateLimitError);
        expect((await hipErrorOf(() => inflate(packed.subarray(0, 99), 1e6, zlib))).message).toBe(
          "The zlib data ends early, after 99 compressed bytes",
        );
      });
      test("is not gzip", async () => {
        expect((await hipErrorOf(() => inflate(gzip(BYTES), 1e6, zlib))).code).toBe("unreadable-image");
        expect((await hipErrorOf(() => inflate(packed, 1e6))).code).toBe("unreadable-image");
      });
    });

    describe.each(["gzip", "zlib"] as const)("inflating the start of %s", (format) => {
      const pack = (bytes: Uint8Array) =>
        format === "gzip" ? gzip(bytes) : new Uint8Array(deflateSync(bytes));
      const start = (bytes: Uint8Array, most: number) => inflate(bytes, most, { format, startOnly: true });
      test.each([0, 1, 63, 544, 70_000, 99_999])("stops after %i bytes", async (most) => {
        expect(sameBytes(await start(pack(BYTES), most), BYTES.subarray(0, most))).toBe(true);
      });
      test("gives all where there is less, be it the file's end or that of its start", async () => {
        expect(sameBytes(await start(pack(BYTES), 1e6), BYTES)).toBe(true);
        const half = await start(pack(BYTES).subarray(0, 5000), 1e6);
        expect(half.length).toBeGreaterThan(100);
        expect(sameBytes(half, BYTES.subarray(0, half.length))).toBe(true);
        expect(await start(new Uint8Array(0), 10)).toEqual(new Uint8Array(0));
      });
      test("does not look at what comes later", async () => {
        const damaged = pack(BYTES);
        damaged.fill(0xff, damaged.length >> 1);
        expect(sameBytes(await start(damaged, 544), BYTES.subarray(0, 544))).toBe(true);
      });
      test("rejects what is damaged before", async () => {
        expect((await hipErrorOf(() => start(new Uint8Array(64).fill(9), 10))).code).toBe("unreadable-image");
      });
      test("takes little memory of a file that inflates to much", async () => {
        const bomb = pack(new Uint8Array(2 ** 26));
        const before = process.memoryUsage().arrayBuffers;
        expect((await start(bomb, 544)).length).toBe(544);
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
      });
    });
  });
}
