import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { InflateLimitError } from "../../src/core/bytes.ts";
import { gzip, inflateGzip } from "../../src/node/inflate.ts";
import { inflateTogether } from "../../src/node/inflate-together.ts";
import { rejection } from "../support/data-folder.ts";

/** Of slices of unequal sizes, in more than one group. */
const contents = Array.from({ length: 40 }, (_, i) =>
  Uint8Array.from({ length: 50_000 + 1000 * i }, (_, at) => (at * (i + 1)) >> 5),
);
const packed = (): Uint8Array[] => contents.map((bytes) => new Uint8Array(gzip(bytes)));
const MOST = 2 ** 20;

test("inflateTogether() gives each file its own bytes, in whatever order they are asked for", async () => {
  const files = packed();
  const inflate = inflateTogether(files);
  for (const i of [39, 0, 7, 12, 13])
    expect(Buffer.compare(await inflate(files[i]!, MOST), contents[i]!)).toBe(0);
  // A second time as well, in memory of its own.
  const [first, second] = [await inflate(files[1]!, MOST), await inflate(files[1]!, MOST)];
  first.fill(0);
  expect(Buffer.compare(second, contents[1]!)).toBe(0);
});

test("inflateTogether() inflates what it was not begun with, and a part of a file, as inflateGzip() does", async () => {
  const files = packed();
  const inflate = inflateTogether(files.slice(0, 2));
  expect(Buffer.compare(await inflate(files[5]!, MOST), contents[5]!)).toBe(0);
  const start = await inflate(files[0]!, 100, { startOnly: true });
  expect(Buffer.compare(start, contents[0]!.subarray(0, 100))).toBe(0);
  expect(await rejection(inflate(files[0]!.subarray(0, 50), MOST))).toMatchObject({
    message: "The gzip data ends early, after 50 compressed bytes",
  });
});

test.each<readonly [string, (file: Uint8Array) => Uint8Array]>([
  ["a damaged checksum", (file) => file.map((byte, i) => (i === file.length - 6 ? byte ^ 1 : byte))],
  ["a wrong length", (file) => file.map((byte, i) => (i === file.length - 4 ? byte ^ 1 : byte))],
  ["a wrong byte", (file) => file.map((byte, i) => (i === file.length >> 1 ? byte ^ 1 : byte))],
  ["a cut file", (file) => file.slice(0, -20)],
  ["garbage behind it", (file) => new Uint8Array(Buffer.concat([file, Buffer.of(1, 2, 3, 4, 5)]))],
  ["no gzip", (file) => file.map((byte) => byte ^ 0xff)],
])("a file with %s has inflateGzip()'s error, and spoils none beside it", async (_, spoil) => {
  const files = packed();
  files[2] = spoil(files[2]!);
  const inflate = inflateTogether(files);
  const error = await rejection(inflate(files[2], MOST));
  expect(error).toEqual(await rejection(inflateGzip(files[2], MOST)));
  for (const i of [0, 1, 3, 4, 39]) {
    expect(Buffer.compare(await inflate(files[i]!, MOST), contents[i]!)).toBe(0);
  }
});

test.each<readonly [string, (file: Uint8Array) => Buffer]>([
  ["of two members", (file) => Buffer.concat([file, gzipSync("more")])],
  ["of two members that are split elsewhere", (file) => Buffer.concat([gzipSync("more"), file])],
  ["that zeros pad", (file) => Buffer.concat([file, Buffer.alloc(10)])],
])("a file %s is inflated as by itself, and spoils none beside it", async (_, change) => {
  const files = packed();
  files[2] = new Uint8Array(change(files[2]!));
  const inflate = inflateTogether(files);
  const [found, wanted] = [await inflate(files[2], MOST), await inflateGzip(files[2], MOST)];
  expect(Buffer.compare(found, wanted)).toBe(0);
  for (const i of [0, 1, 3, 4]) expect(Buffer.compare(await inflate(files[i]!, MOST), contents[i]!)).toBe(0);
});

test("inflateTogether() gives no more than is allowed", async () => {
  const files = packed();
  expect(await inflateTogether(files)(files[0]!, 50_000)).toHaveLength(50_000);
  await expect(inflateTogether(files)(files[0]!, 49_999)).rejects.toThrow(InflateLimitError);
});
