/**
 * Damaged NRRD, MetaImage and PNG files: each is read, or refused with a HipError that names it; never a crash, a hang,
 * or memory for what the file merely claims. FUZZ_ROUNDS sets how many ways each file is damaged (default 12).
 */
import { readFileSync } from "node:fs";
import { deflateSync, inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Inflate } from "../../src/core/bytes.ts";
import { HipError } from "../../src/core/errors.ts";
import { makeRandom } from "../../src/core/random.ts";
import { type ImageFile, readImage, readImageHeader } from "../../src/formats/image-file.ts";
import { inflateGzip } from "../../src/node/inflate.ts";
import { chunksOf, pngOf } from "../formats/png-file.ts";
import { type Files, fileOf } from "../formats/support.ts";

const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 12);
const path = new URL("../formats/fixtures/formats.json", import.meta.url);
const CASES: Readonly<Record<string, { readonly files: Readonly<Record<string, string>> }>> = JSON.parse(
  readFileSync(path, "utf8"),
);

/** What a damaged header may say, in text. */
const TOKENS = [
  ...'0 -1 1e9 99999999999999999999 2147483648 4294967296 0.5 NaN inf -inf none (1,2) () " : := = % %d \\ / ../x'.split(
    " ",
  ),
  ..."LIST LOCAL raw gzip ascii hex bzip2 short double block true false ".split(" "),
  ...["\n", "\r\n", "\n\n", "\0", "\xff\xfe", " "],
];

type Random = ReturnType<typeof makeRandom>;

/** Replaces a word of the text by another token. */
function swapWord(bytes: Buffer, random: Random): Buffer {
  const text = bytes.toString("latin1");
  const words = [...text.slice(0, 1500).matchAll(/[^\s:=(),]+/g)];
  const word = words[random.integer(words.length || 1)];
  if (word === undefined) return bytes;
  const token = TOKENS[random.integer(TOKENS.length)]!;
  return Buffer.from(text.slice(0, word.index) + token + text.slice(word.index + word[0].length), "latin1");
}

/** Drops, doubles or moves a line. */
function swapLine(bytes: Buffer, random: Random): Buffer {
  const lines = bytes.toString("latin1").split("\n");
  const [line = ""] = lines.splice(random.integer(lines.length), 1);
  for (let i = random.integer(3); i > 0; i--) lines.splice(random.integer(lines.length + 1), 0, line);
  return Buffer.from(lines.join("\n"), "latin1");
}

function damage(bytes: Buffer, random: Random): Buffer {
  const at = random.integer(bytes.length + 1);
  const kind = random.integer(7);
  if (kind === 0) return bytes.subarray(0, at);
  if (kind === 1)
    return Buffer.concat([
      bytes.subarray(0, at),
      bytes.subarray(Math.min(at + 1 + random.integer(8), bytes.length)),
    ]);
  if (kind === 2)
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.alloc(1 + random.integer(9), random.integer(256)),
      bytes.subarray(at),
    ]);
  if (kind === 3 || kind === 4) return swapWord(bytes, random);
  if (kind === 5) return swapLine(bytes, random);
  const copy = Buffer.from(bytes);
  for (let i = 1 + random.integer(4); i > 0 && copy.length > 0; i--)
    copy[random.integer(copy.length)] = random.integer(256);
  return copy;
}

/** A PNG whose chunks are damaged under checksums that are right: those guard too well. */
function damageChunks(bytes: Buffer, random: Random): Buffer {
  const types = ["tRNS", "acTL", "pHYs", "IDAT", "PLTE", "QQQQ"];
  const chunks = chunksOf(bytes).flatMap(({ type, content }) => {
    const chance = random.uniform();
    if (chance < 0.3) return [{ type, content: damage(content, random) }];
    if (chance < 0.35) return [{ type: types[random.integer(types.length)]!, content }];
    return chance < 0.45 ? [] : [{ type, content }];
  });
  return Buffer.from(pngOf(chunks));
}

/** A PNG whose pixels are damaged, compressed again in one chunk. */
function damagePixels(bytes: Buffer, random: Random): Buffer {
  const chunks = chunksOf(bytes);
  const pixels = inflateSync(
    Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ content }) => content)),
  );
  const kept = chunks.filter(({ type }) => type !== "IDAT" && type !== "IEND");
  const idat = { type: "IDAT", content: deflateSync(damage(pixels, random)) };
  return Buffer.from(pngOf([...kept, idat, { type: "IEND", content: Buffer.alloc(0) }]));
}

/** Every part of a file is damaged at times, mostly the header. */
function damaged(files: Readonly<Record<string, string>>, random: Random): Files {
  const names = Object.keys(files);
  const chosen = names[random.uniform() < 0.75 ? 0 : random.integer(names.length)];
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => {
      let bytes: Buffer = Buffer.from(content, "base64");
      const way = name.endsWith(".png") ? random.integer(3) : 0;
      if (way === 1) bytes = damageChunks(bytes, random);
      else if (way === 2) bytes = damagePixels(bytes, random);
      else if (name === chosen) for (let i = random.integer(3); i >= 0; i--) bytes = damage(bytes, random);
      return [name, Uint8Array.from(bytes)];
    }),
  );
}

/** Whether it was read; anything but a HipError that names the file fails the test. */
async function survives(file: ImageFile, stored: number, inflate: Inflate): Promise<boolean> {
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HipError)) throw error;
      expect(error.message).toMatch(/^Cannot (?:read|use) "/);
      return undefined;
    }
  };
  const header = await attempt(() => readImageHeader(file, inflate));
  const image = await attempt(() => readImage(file, inflate));
  if (header === undefined) expect(image).toBeUndefined();
  if (image === undefined) return false;
  const voxels = image.header.shape.reduce((product, n) => product * n, 1);
  expect(image.values.length).toBe(voxels);
  expect(voxels).toBeLessThanOrEqual(1032 * 8 * stored);
  return true;
}

test(`${ROUNDS} damaged versions of every file`, { timeout: 20_000 + 4000 * ROUNDS }, async () => {
  let read = 0;
  let refused = 0;
  for (const [name, { files }] of Object.entries(CASES)) {
    for (let round = 0; round < ROUNDS; round++) {
      const random = makeRandom(round, `fuzz ${name}`);
      const bad = damaged(files, random);
      const stored = Object.values(bad).reduce((sum, content) => sum + content.length, 0);
      const inflate: Inflate = (compressed, maxBytes, options) => {
        // Nothing is inflated beyond what its compressed bytes can honestly hold.
        expect(maxBytes, `${name}, round ${round}`).toBeLessThanOrEqual(
          1032 * compressed.length + 2 ** 16 + 2 ** 16,
        );
        return inflateGzip(compressed, maxBytes, options);
      };
      try {
        if (await survives(fileOf(bad), stored, inflate)) read++;
        else refused++;
      } catch (cause) {
        throw new Error(`${name}, round ${round}: ${cause instanceof Error ? cause.message : cause}`, {
          cause,
        });
      }
    }
  }
  // Both must happen, or the damage is too mild or too wild to test anything.
  expect(read).toBeGreaterThan(Object.keys(CASES).length);
  expect(refused).toBeGreaterThan(2 * Object.keys(CASES).length);
});
