/**
 * Reads PNG slices: greyscale of 1 to 16 bits, and what is grey in other clothes. Nothing is scaled: the values are
 * the samples as they are stored, 0 to 2^depth - 1; of a palette image they are the indices, as PIL has them.
 *
 * The order is the file's: x runs to the right of the picture, y down, so that the first row is the top. The file
 * does not say where the patient's left is.
 */
import { decode } from "fast-png";
import type { Inflate } from "../core/bytes.ts";
import { HipError, messageOf } from "../core/errors.ts";
import type { ImageHeader } from "../volume/image.ts";
import { CUT_SHORT, EXPORT_AGAIN, failToRead } from "./errors.ts";
import type { ImageFile } from "./image-file.ts";
import { affineFrom, makeHeader, type OpenImage } from "./open-image.ts";
import { CHANNELS, PNG_SIGNATURE, type PngParts, pngParts } from "./png-chunks.ts";
import { greyOf, warnOfChannels, warnOfIndices, warnOfPalette } from "./png-grey.ts";

const DEFLATE_RATIO = 1032;
/** 16384 x 16384: beyond any slice, and as float32 a gigabyte. */
const MOST_PIXELS = 2 ** 28;
/** What may follow the pixels in the compressed stream. */
const SLACK_BYTES = 2 ** 16;
/** Adam7's seven passes: where they start and how far they step. */
const PASSES: readonly (readonly [x: number, y: number, stepX: number, stepY: number])[] = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** Bytes of the pixels before compression: every row starts with one that names its filter. */
function filteredBytes({ width, height, depth, colour, interlaced }: PngParts): number {
  const bits = depth * CHANNELS[colour];
  const bytes = (w: number, h: number): number => (w > 0 && h > 0 ? h * (1 + Math.ceil((w * bits) / 8)) : 0);
  if (!interlaced) return bytes(width, height);
  return PASSES.reduce(
    (sum, [x, y, stepX, stepY]) =>
      sum + bytes(Math.ceil((width - x) / stepX), Math.ceil((height - y) / stepY)),
    0,
  );
}

const needOf = (parts: PngParts): string =>
  `${parts.width} x ${parts.height} pixels need ${filteredBytes(parts)} bytes`;

/** What can be said of the number of pixels before they are inflated. */
function checkSize(parts: PngParts, name: string): void {
  const { width, height, packedBytes } = parts;
  if (filteredBytes(parts) > packedBytes * DEFLATE_RATIO) {
    const found = `found ${packedBytes} compressed bytes, which cannot hold them`;
    failToRead(name, `${needOf(parts)}, ${found}`, CUT_SHORT);
  }
  if (width * height > MOST_PIXELS) {
    const what = `it has ${width} x ${height} pixels, at most ${MOST_PIXELS} are read`;
    failToRead(name, what, "Cut the picture, or save it with fewer pixels");
  }
}

/** Inflates the pixels once under a limit, with their checksum: fast-png does it again with neither. */
async function checkPixels(parts: PngParts, name: string, inflate: Inflate): Promise<void> {
  const needed = filteredBytes(parts);
  let found: number;
  try {
    found = (await inflate(parts.packed(), needed + SLACK_BYTES, { format: "zlib" })).length;
  } catch (cause) {
    throw new HipError("unreadable-image", `Cannot read "${name}": its pixels: ${messageOf(cause)}`, {
      hint: (cause instanceof HipError && cause.hint) || "Copy or download the file again",
      cause,
    });
  }
  if (found < needed) failToRead(name, `${needOf(parts)}, found ${found}`, CUT_SHORT);
}

/** Samples of 1, 2 or 4 bits, the highest bits first; rows start at a byte. */
function unpack(packed: ArrayLike<number>, { width, height, depth }: PngParts): Uint8Array {
  const out = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  const mask = 2 ** depth - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      out[y * width + x] = (packed[y * rowBytes + (bit >> 3)]! >> (8 - depth - (bit & 7))) & mask;
    }
  }
  return out;
}

function samplesOf(parts: PngParts, name: string): Uint8Array | Uint16Array {
  try {
    const { data } = decode(parts.bare(), { checkCrc: true });
    if (parts.depth < 8) return unpack(data, parts);
    return data instanceof Uint16Array || data instanceof Uint8Array ? data : new Uint8Array(data);
  } catch (cause) {
    const hint = "Copy or download the file again";
    throw new HipError(
      "unreadable-image",
      `Cannot read "${name}": the PNG is damaged (${messageOf(cause)})`,
      {
        hint,
        cause,
      },
    );
  }
}

/** LPS, as ITK has it: in an axial slice the right of the picture is the patient's left, and down is the back. */
function placeOf({ pixelsPerMetre }: PngParts, warnings: string[]) {
  const [x, y] = pixelsPerMetre === undefined ? [1, 1] : [1000 / pixelsPerMetre[0], 1000 / pixelsPerMetre[1]];
  const affine = affineFrom(
    "LPS",
    [
      [x, 0, 0],
      [0, y, 0],
      [0, 0, 1],
    ],
    [0, 0, 0],
  );
  if (pixelsPerMetre === undefined) {
    warnings.push("PNG states neither voxel size nor orientation: 1 mm and LPS are assumed");
    return { affine, affineSource: "assumed" } as const;
  }
  const mm = [x, y].map((size) => Number(size.toPrecision(4))).join(" x ");
  warnings.push(
    `Pixels of ${mm} mm by its pHYs, which may be a screen's resolution`,
    "PNG states no orientation: assumed to be LPS",
  );
  return { affine, affineSource: "pixdim" } as const;
}

/**
 * Opens a PNG file. The header comes of its chunks alone: nothing is inflated until the values are read, so that
 * damaged pixels, colours and transparency are told only then.
 * @throws HipError "unreadable-image": damaged, cut short, interlaced with fewer than 8 bits, of more than 2^28 pixels
 */
export async function openPng(file: ImageFile, inflate: Inflate): Promise<OpenImage> {
  const { name, source } = file;
  const bytes = await source.read(0, source.size);
  if (PNG_SIGNATURE.some((byte, i) => bytes[i] !== byte))
    failToRead(name, "it does not start with PNG's signature", EXPORT_AGAIN);
  const parts = pngParts(bytes, name);
  // fast-png takes such rows for rows of bytes.
  if (parts.interlaced && parts.depth < 8) {
    const what = `it is interlaced with ${parts.depth} bits a sample, which is not read`;
    failToRead(name, what, "Save it without interlacing");
  }
  checkSize(parts, name);
  const warnings: string[] = [];
  const place = placeOf(parts, warnings);
  if (parts.animated) warnings.push("An animated PNG: only its still picture is read");
  const isPalette = parts.colour === "palette";
  if (isPalette) warnOfPalette(parts, warnings);
  const doubts: string[] = [];
  if (!isPalette) warnOfChannels(parts, doubts);
  const stored = parts.depth === 16 ? "uint16" : "uint8";
  const isKeyed = parts.colour === "grey" && parts.transparent !== undefined;
  const channels = isKeyed ? 2 : CHANNELS[parts.colour];
  const headerOf = (dtype: string, more: readonly string[]): ImageHeader =>
    makeHeader(name, {
      format: "PNG",
      shape: [parts.width, parts.height],
      ...place,
      dtype,
      warnings: [...warnings, ...more],
    });
  const found: string[] = [];
  return {
    header: headerOf(channels === 1 ? stored : `${stored}[${channels}]`, doubts),
    headerOnceRead: () => headerOf(stored, found),
    async readValues() {
      await checkPixels(parts, name, inflate);
      const values = greyOf(samplesOf(parts, name), parts, name, found);
      if (isPalette) warnOfIndices(parts, values, found);
      return values;
    },
  };
}
