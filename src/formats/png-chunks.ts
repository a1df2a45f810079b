/** The parts of a PNG file: https://www.w3.org/TR/png-3/ */
import { concatenate } from "../core/bytes.ts";
import { CUT_SHORT, EXPORT_AGAIN, failToRead, quoted } from "./errors.ts";

export const PNG_SIGNATURE: readonly number[] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

export type PngColour = "grey" | "rgb" | "palette" | "greyAlpha" | "rgba";

export interface PngParts {
  readonly width: number;
  readonly height: number;
  readonly depth: 1 | 2 | 4 | 8 | 16;
  readonly colour: PngColour;
  readonly interlaced: boolean;
  /** Red, green, blue of each colour. */
  readonly palette: Uint8Array;
  /** tRNS of a grey or RGB image: the one sample, or triple, that is transparent. */
  readonly transparent: readonly number[] | undefined;
  /** pHYs: pixels per metre across and down, where the metre is its unit. */
  readonly pixelsPerMetre: readonly [number, number] | undefined;
  readonly animated: boolean;
  /** Bytes of packed(). */
  readonly packedBytes: number;
  /** The content of all IDAT chunks: one zlib stream. */
  readonly packed: () => Uint8Array;
  /** The file without what is not needed to decode it: no text, profile or transparency. */
  readonly bare: () => Uint8Array;
}

interface Chunk {
  readonly type: string;
  readonly content: Uint8Array;
  /** With length, type and checksum. */
  readonly whole: Uint8Array;
}

const COLOURS: Readonly<Record<number, readonly [PngColour, channels: number, depths: string]>> = {
  0: ["grey", 1, "1 2 4 8 16"],
  2: ["rgb", 3, "8 16"],
  3: ["palette", 1, "1 2 4 8"],
  4: ["greyAlpha", 2, "8 16"],
  6: ["rgba", 4, "8 16"],
};

export const CHANNELS: Readonly<Record<PngColour, number>> = {
  grey: 1,
  palette: 1,
  greyAlpha: 2,
  rgb: 3,
  rgba: 4,
};

function chunksOf(bytes: Uint8Array, name: string): readonly Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  let at = PNG_SIGNATURE.length;
  while (at + 12 <= bytes.length) {
    const end = at + 12 + view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!/^[A-Za-z]{4}$/.test(type))
      failToRead(name, `byte ${at} must start a chunk of PNG, got ${quoted(type)}`, EXPORT_AGAIN);
    if (end > bytes.length)
      failToRead(name, `its ${type} chunk ends at byte ${end}, found ${bytes.length} bytes`, CUT_SHORT);
    chunks.push({ type, content: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) });
    if (type === "IEND") return chunks;
    at = end;
  }
  return failToRead(name, "it ends before its IEND chunk", CUT_SHORT);
}

type Ihdr = Pick<PngParts, "width" | "height" | "depth" | "colour" | "interlaced">;

function ihdrOf(chunk: Chunk | undefined, name: string): Ihdr {
  if (chunk?.type !== "IHDR" || chunk.content.length !== 13)
    return failToRead(name, "its first chunk must be an IHDR of 13 bytes", EXPORT_AGAIN);
  const { content } = chunk;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth = 0, type = 0, compression = 0, filter = 0, interlace = 0] = content.subarray(8);
  const [colour, , depths = ""] = COLOURS[type] ?? [];
  const valid = compression === 0 && filter === 0 && interlace <= 1 && depths.split(" ").includes(`${depth}`);
  if (width < 1 || height < 1 || width > 2 ** 31 - 1 || height > 2 ** 31 - 1)
    failToRead(name, `its width and height must be 1 to 2147483647, got ${width} x ${height}`, EXPORT_AGAIN);
  if (colour === undefined || !valid) {
    const found = `depth ${depth}, colour type ${type}, methods ${compression}, ${filter}, ${interlace}`;
    return failToRead(name, `its IHDR is none of PNG's: ${found}`, EXPORT_AGAIN);
  }
  return { width, height, depth: depth as PngParts["depth"], colour, interlaced: interlace === 1 };
}

/** The sample that tRNS names; of a palette it is the colours' alpha, which does not touch the indices. */
function transparentOf(content: Uint8Array | undefined, colour: PngColour): PngParts["transparent"] {
  const samples = colour === "grey" ? 1 : colour === "rgb" ? 3 : 0;
  if (content === undefined || samples === 0 || content.length !== 2 * samples) return undefined;
  return Array.from({ length: samples }, (_, i) => (content[2 * i]! << 8) | content[2 * i + 1]!);
}

function resolutionOf(content: Uint8Array | undefined): PngParts["pixelsPerMetre"] {
  if (content?.length !== 9 || content[8] !== 1) return undefined;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [x, y] = [view.getUint32(0), view.getUint32(4)];
  return x > 0 && y > 0 ? [x, y] : undefined;
}

/**
 * Takes a file apart; nothing is decompressed.
 * @throws HipError "unreadable-image": damaged, cut short
 */
export function pngParts(bytes: Uint8Array, name: string): PngParts {
  const chunks = chunksOf(bytes, name);
  const ihdr = ihdrOf(chunks[0], name);
  const contentOf = (type: string): Uint8Array | undefined =>
    chunks.find((one) => one.type === type)?.content;
  const unknown = chunks.find(({ type }) => /^[A-Z]/.test(type) && !/^(?:IHDR|PLTE|IDAT|IEND)$/.test(type));
  if (unknown !== undefined)
    failToRead(name, `its ${unknown.type} chunk is needed to decode it, and is not known`, EXPORT_AGAIN);
  const palette = contentOf("PLTE") ?? new Uint8Array(0);
  if (ihdr.colour === "palette" && (palette.length === 0 || palette.length > 768 || palette.length % 3 !== 0))
    failToRead(name, `its palette must have 1 to 256 colours, got ${palette.length} bytes`, EXPORT_AGAIN);
  const wanted = ihdr.colour === "palette" ? ["IHDR", "PLTE", "IDAT", "IEND"] : ["IHDR", "IDAT", "IEND"];
  const idat = chunks.filter(({ type }) => type === "IDAT");
  if (idat.length === 0) failToRead(name, "it has no IDAT chunk, which holds the pixels", EXPORT_AGAIN);
  const needed = chunks.filter(({ type }) => wanted.includes(type)).map(({ whole }) => whole);
  return {
    ...ihdr,
    palette,
    transparent: transparentOf(contentOf("tRNS"), ihdr.colour),
    pixelsPerMetre: resolutionOf(contentOf("pHYs")),
    animated: contentOf("acTL") !== undefined,
    packedBytes: idat.reduce((sum, { content }) => sum + content.length, 0),
    packed: () => concatenate(idat.map(({ content }) => content)),
    bare: () => concatenate([Uint8Array.from(PNG_SIGNATURE), ...needed]),
  };
}
