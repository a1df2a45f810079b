/**
 * Reads PNG slices: greyscale of 1 to 16 bits, and what is grey in other clothes. Nothing is scaled: the values are
 * the samples as they are stored, 0 to 2^depth - 1; of a palette image they are the indices, as PIL has them.
 *
 * The order is the file's: x runs to the right of the picture, y down, so that the first row is the top. The file
 * does not say where the patient's left is.
 */
import { decode } from "fast-png";
import type { Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { counted } from "../core/text.ts";
import { CUT_SHORT, EXPORT_AGAIN, failManyNumbers, failToRead } from "./errors.ts";
import type { ImageFile } from "./image-file.ts";
import { affineFrom, makeHeader, type OpenImage } from "./open-image.ts";
import { CHANNELS, PNG_SIGNATURE, type PngParts, pngParts } from "./png-chunks.ts";

const DEFLATE_RATIO = 1032;
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

/** Inflates the pixels once under a limit, with their checksum: fast-png does it again with neither. */
async function checkPixels(parts: PngParts, name: string, inflate: Inflate): Promise<void> {
  const needed = filteredBytes(parts);
  const what = `${parts.width} x ${parts.height} pixels need ${needed} bytes`;
  const { packed } = parts;
  if (needed > packed.length * DEFLATE_RATIO)
    failToRead(name, `${what}, found ${packed.length} compressed bytes, which cannot hold them`, CUT_SHORT);
  let found: number;
  try {
    found = (await inflate(packed, needed + SLACK_BYTES, { format: "zlib" })).length;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HipError("unreadable-image", `Cannot read "${name}": its pixels: ${reason}`, {
      hint: (cause instanceof HipError && cause.hint) || "Copy or download the file again",
      cause,
    });
  }
  if (found < needed) failToRead(name, `${what}, found ${found}`, CUT_SHORT);
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
    const { data } = decode(parts.bare, { checkCrc: true });
    if (parts.depth < 8) return unpack(data, parts);
    return data instanceof Uint16Array ? data : new Uint8Array(data);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = "Copy or download the file again";
    throw new HipError("unreadable-image", `Cannot read "${name}": the PNG is damaged (${reason})`, {
      hint,
      cause,
    });
  }
}

/** One number per pixel, or how many there are. */
type Grey = { readonly values: Float32Array } | { readonly channels: number; readonly kind: string };

/** The first channel, where all pixels are grey and none is transparent. */
function greyOf(samples: Uint8Array | Uint16Array, parts: PngParts, warnings: string[]): Grey {
  const { colour, depth, transparent } = parts;
  const channels = CHANNELS[colour];
  const colours = channels >= 3 ? 3 : 1;
  const hasAlpha = channels > colours;
  const opaque = 2 ** depth - 1;
  const values = new Float32Array(samples.length / channels);
  let coloured = false;
  let clear = 0;
  for (let i = 0, at = 0; i < values.length; i++, at += channels) {
    const value = samples[at]!;
    values[i] = value;
    if (colours === 3 && (samples[at + 1] !== value || samples[at + 2] !== value)) coloured = true;
    if (hasAlpha ? samples[at + colours] !== opaque : transparent?.every((one, c) => samples[at + c] === one))
      clear++;
  }
  if (coloured) return { channels, kind: "colours" };
  if (clear > 0) return { channels: colours + 1, kind: `${counted(clear, "pixel")} transparent` };
  if (colours === 3) warnings.push("Stored as RGB with equal red, green and blue: read as grey");
  if (hasAlpha) warnings.push("Stored with an alpha channel that is opaque everywhere: left out");
  return { values };
}

function warnOfPalette({ palette }: PngParts, values: Float32Array, warnings: string[]): void {
  const colours = palette.length / 3;
  let grey = true;
  let ramp = true;
  for (let i = 0; i < colours; i++) {
    const [r, g, b] = palette.subarray(3 * i, 3 * i + 3);
    if (r !== g || g !== b) grey = false;
    if (r !== i || g !== i || b !== i) ramp = false;
  }
  if (!ramp) {
    const doubt = grey ? "; all are grey, so if this is no mask, save it as greyscale" : "";
    warnings.push(
      `Stored with a palette of ${counted(colours, "colour")}: its indices are the values${doubt}`,
    );
  }
  let beyond = 0;
  for (const value of values) if (value >= colours) beyond++;
  if (beyond > 0) {
    const have = `${counted(beyond, "pixel")} ${beyond === 1 ? "has" : "have"}`;
    warnings.push(`${have} an index beyond the palette of ${counted(colours, "colour")}`);
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
    `Pixels of ${mm} mm by its pHYs, which may be a screen's resolution; the orientation is assumed to be LPS`,
  );
  return { affine, affineSource: "pixdim" } as const;
}

/**
 * Opens a PNG file.
 * @throws HipError "unreadable-image": damaged, cut short, interlaced with fewer than 8 bits
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
  await checkPixels(parts, name, inflate);
  const warnings: string[] = [];
  const place = placeOf(parts, warnings);
  const grey = greyOf(samplesOf(parts, name), parts, warnings);
  if ("values" in grey && parts.colour === "palette") warnOfPalette(parts, grey.values, warnings);
  if (parts.animated) warnings.push("An animated PNG: only its still picture is read");
  const stored = parts.depth === 16 ? "uint16" : "uint8";
  const header = makeHeader(name, {
    format: "PNG",
    shape: [parts.width, parts.height],
    ...place,
    dtype: "values" in grey ? stored : `${stored}[${grey.channels}]`,
    warnings,
  });
  const readValues = async (): Promise<Float32Array> =>
    "values" in grey ? grey.values : failManyNumbers(name, grey.channels, grey.kind);
  return { header, readValues };
}
