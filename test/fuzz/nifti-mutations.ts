/** Ways to spoil a file. Each is a function of a seeded generator, so that a case can be made again by its number. */
import { deflateSync } from "node:zlib";
import type { Random } from "../../src/core/random.ts";
import { gzip } from "../../src/node/inflate.ts";
import { type Given, SEEDS, SINGLES } from "./nifti-seeds.ts";

type Spoil = (bytes: Uint8Array, random: Random) => Uint8Array;

function pick<T>(items: readonly T[], random: Random): T {
  return items[random.integer(items.length)]!;
}
function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
function noise(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(256));
}
/** Where a file is cut: most often in its header. */
function cutOf(bytes: Uint8Array, random: Random): number {
  return random.integer((random.integer(2) === 0 ? Math.min(560, bytes.length) : bytes.length) + 1);
}

/** A number of the header; in NIfTI-1 and NIfTI-2 they lie elsewhere. */
type Place = readonly [offset: number, bytes: 2 | 4 | 8, real: boolean];
const run = (count: number, start: number, bytes: 2 | 4 | 8, real: boolean): readonly Place[] =>
  Array.from({ length: count }, (_, i) => [start + bytes * i, bytes, real] as const);
/** Those that sizes, places and types are made of. */
const NUMBERS1: readonly Place[] = [
  ...run(8, 40, 2, false), // dim
  ...run(3, 68, 2, false), // intent_code, datatype, bitpix
  ...run(4, 76, 4, true), // pixdim
  ...run(3, 108, 4, true), // vox_offset, scl_slope, scl_inter
  [144, 4, false], // glmin
  ...run(2, 252, 2, false), // qform_code, sform_code
  ...run(18, 256, 4, true),
];
const NUMBERS2: readonly Place[] = [
  ...run(2, 12, 2, false), // datatype, bitpix
  ...run(8, 16, 8, false), // dim
  ...run(4, 104, 8, true), // pixdim
  [168, 8, false], // vox_offset
  ...run(2, 176, 8, true), // scl_slope, scl_inter
  ...run(2, 344, 4, false), // qform_code, sform_code
  ...run(18, 352, 8, true),
  [504, 4, false], // intent_code
];
const REALS = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  -1,
  1e-45,
  3.4e38,
  -3.4e38,
  2 ** 53,
  1e300,
  352,
  351.9,
];
const INTEGERS = [0, 1, -1, 2, 7, 8, 127, 255, 256, 27307, 32767, -32768, 2 ** 31 - 1, -(2 ** 31)];
const LONG = [...INTEGERS, 2 ** 31, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER].map(BigInt);
const DATATYPES = [0, 1, 2, 4, 8, 16, 32, 64, 128, 255, 256, 512, 768, 1024, 1280, 1536, 1792, 2048, 2304];

function putNumber(bytes: Uint8Array, random: Random): void {
  const second = bytes[0] === 28 || bytes[3] === 28; // 540 in either byte order
  const [at, size, real] = pick(second ? NUMBERS2 : NUMBERS1, random);
  if (at + size > bytes.length) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Mostly the file's own byte order.
  const little = (bytes[3] === 0) !== (random.integer(8) === 0);
  if (at === (second ? 12 : 70)) view.setInt16(at, pick(DATATYPES, random), little);
  else if (size === 2) view.setInt16(at, pick(INTEGERS, random), little);
  else if (size === 4 && real) view.setFloat32(at, pick(REALS, random), little);
  else if (size === 4) view.setInt32(at, pick(INTEGERS, random), little);
  else if (real) view.setFloat64(at, pick(REALS, random), little);
  else view.setBigInt64(at, pick([...LONG, 2n ** 63n - 1n, -(2n ** 63n)], random), little);
}

const MAGIC = ["n+1\0", "ni1\0", "n+2\0", "ni2\0", "n+1\r", "\0\0\0\0", "NII1"];

/** Of uncompressed files and, as well, of gzip's own bytes. */
const SPOILS: readonly Spoil[] = [
  (bytes, random) => bytes.slice(0, cutOf(bytes, random)),
  (bytes, random) => {
    const out = bytes.slice();
    for (let n = 1 + random.integer(8); n > 0 && out.length > 0; n--) {
      out[random.integer(out.length)]! ^= 1 << random.integer(8);
    }
    return out;
  },
  (bytes, random) => {
    const out = bytes.slice();
    for (let n = 1 + random.integer(6); n > 0 && out.length > 0; n--) {
      out[random.integer(Math.min(out.length, 560))] = random.integer(256);
    }
    return out;
  },
  (bytes, random) => {
    const other = pick(SINGLES, random);
    const at = cutOf(bytes, random);
    return concat(bytes.subarray(0, at), other.subarray(random.integer(3) === 0 ? cutOf(other, random) : at));
  },
  (bytes, random) => {
    const out = bytes.slice();
    for (let n = 1 + random.integer(4); n > 0; n--) putNumber(out, random);
    return out;
  },
  (bytes, random) => {
    const out = bytes.slice();
    const magic = pick(MAGIC, random);
    const at = pick([344, 4], random);
    for (let i = 0; i < 4 && at + i < out.length; i++) out[at + i] = magic.charCodeAt(i);
    return out;
  },
  // Extensions of any size, and voxels far away.
  (bytes, random) => {
    const out = concat(bytes, noise(random.integer(200), random));
    const head = pick([348, 540], random);
    if (out.length < head + 12) return out;
    const view = new DataView(out.buffer);
    out[head] = 1;
    const little = random.integer(2) === 0;
    view.setInt32(head + 4, pick([...INTEGERS, 16, 24, 32, 48], random), little);
    if (head === 348) view.setFloat32(108, pick([...REALS, 368, 384, 400, 500], random), little);
    else view.setBigInt64(168, pick([...LONG, 560n, 576n, 700n], random), little);
    return out;
  },
  (bytes, random) => concat(bytes, noise(random.integer(100), random)),
  (bytes, random) => noise(random.integer(bytes.length + 1), random),
];

const ZEROS = [2 ** 16, 2 ** 20, 2 ** 24, 2 ** 26].map((bytes) => gzip(new Uint8Array(bytes)));
const ZLIB_BOMB = new Uint8Array(deflateSync(new Uint8Array(2 ** 24)));

/** Ways to pack that others do not expect. */
const PACKINGS: readonly Spoil[] = [
  (bytes) => gzip(bytes),
  (bytes, random) => {
    const at = random.integer(bytes.length + 1);
    const empty = random.integer(3) === 0 ? [gzip(new Uint8Array(0))] : [];
    return concat(...empty, gzip(bytes.subarray(0, at)), ...empty, gzip(bytes.subarray(at)));
  },
  (bytes, random) => concat(gzip(bytes), new Uint8Array(random.integer(50))),
  (bytes, random) => concat(gzip(bytes), noise(random.integer(50), random)),
  // Bombs: zeros behind the header, behind the voxels, as a member of its own, in other wrappings.
  (bytes, random) => concat(gzip(bytes), pick(ZEROS, random)),
  (bytes, random) => concat(gzip(bytes.subarray(0, cutOf(bytes, random))), pick(ZEROS, random)),
  (_, random) => pick(ZEROS, random),
  (_, random) => gzip(pick(ZEROS, random)),
  (bytes, random) =>
    pick([ZLIB_BOMB, concat(Uint8Array.of(0x1f, 0x8b), ZLIB_BOMB), gzip(gzip(bytes))], random),
  // Sizes that gzip states of itself, header flags, an untrue method.
  (bytes, random) => {
    const packed = gzip(bytes);
    const out = random.integer(2) === 0 ? packed : concat(packed, pick(ZEROS, random));
    const at = pick(
      [2, 3, 8, 9, 10, 11, out.length - 1, out.length - 4, out.length - 5, out.length - 8],
      random,
    );
    out[at] = random.integer(256);
    return out;
  },
];

function spoilFiles(given: Given, random: Random): Given {
  const files = Object.entries(given.files).map(([name, bytes]) => {
    const spoiled = random.integer(4) === 0 ? bytes : pick(SPOILS, random)(bytes, random);
    return [name, random.integer(8) === 0 ? pick(SPOILS, random)(spoiled, random) : spoiled] as const;
  });
  return { ...given, files: Object.fromEntries(files) };
}

const NAMES = [
  "x.nii",
  "x.nii.gz",
  "x.hdr",
  "x.hdr.gz",
  "x.img",
  "x.img.gz",
  "X.HDR",
  "X.IMG.GZ",
  "x",
  "x.txt",
  "",
];

/** Other names: voxels given as a header, a header that is alone, both halves the same. */
function rename(given: Given, random: Random): Given {
  const files = Object.fromEntries(
    Object.values(given.files).map((bytes) => [pick(NAMES, random), bytes] as const),
  );
  return { files, name: pick(Object.keys(files), random) };
}

/** The files of one case. */
export function makeCase(random: Random): Given {
  const kind = random.integer(10);
  if (kind < 5) return spoilFiles(pick(SEEDS, random), random);
  if (kind < 6) return rename(spoilFiles(pick(SEEDS, random), random), random);
  // gzip around a good or a spoiled file, itself spoiled or not.
  const single = pick(SINGLES, random);
  const content = random.integer(2) === 0 ? single : pick(SPOILS, random)(single, random);
  const packed = pick(PACKINGS, random)(content, random);
  const bytes = random.integer(3) === 0 ? pick(SPOILS.slice(0, 3), random)(packed, random) : packed;
  return { files: { "x.nii.gz": bytes }, name: "x.nii.gz" };
}
