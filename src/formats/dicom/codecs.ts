/** Undoing the compression of one frame. */
import { HipError } from "../../core/errors.ts";
import { checkJpeg2000, checkJpegLs } from "./codestream.ts";
import type { PixelFormat } from "./instance.ts";
import { decodeJpegLossless } from "./jpeg-lossless.ts";
import { failToReadDicom } from "./parse.ts";
import { decodeRle } from "./rle.ts";
import type { TransferSyntax } from "./transfer-syntax.ts";
import { type StoredType, storedBytesOf } from "./values.ts";

export interface FrameRequest extends PixelFormat {
  readonly type: StoredType;
  /** The file's, for messages. */
  readonly name: string;
}

export type CodecKind = "jpeg-ls" | "jpeg-2000";

/** Cornerstone's codecs as they come: CharLS and OpenJPEG in WebAssembly. */
export interface CodecDecoder {
  /** Where the compressed bytes are to be written. */
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getFrameInfo(): { readonly width: number; readonly height: number; readonly componentCount: number };
  /** A view of the codec's memory: valid until the next call. */
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}

/**
 * Starts a codec; the platform knows where its WebAssembly lies.
 * @param print takes what the codec prints
 */
export type LoadCodec = (
  kind: CodecKind,
  print: (line: string) => void,
) => Promise<{ readonly makeDecoder: () => CodecDecoder }>;

interface Codec {
  readonly makeDecoder: () => CodecDecoder;
  /** What the codec printed: it tells of damage there, and goes on. */
  readonly lines: string[];
}

/** One of each kind, as starting one takes tens of milliseconds. */
const LOADED = new WeakMap<LoadCodec, Map<CodecKind, Promise<Codec>>>();

async function start(kind: CodecKind, load: LoadCodec): Promise<Codec> {
  const lines: string[] = [];
  const { makeDecoder } = await load(kind, (line) => {
    lines.push(line);
  });
  return { makeDecoder, lines };
}

function codecOf(kind: CodecKind, load: LoadCodec): Promise<Codec> {
  const kinds = LOADED.get(load) ?? new Map<CodecKind, Promise<Codec>>();
  LOADED.set(load, kinds);
  const codec = kinds.get(kind) ?? start(kind, load);
  kinds.set(kind, codec);
  return codec;
}

function runCodec({ makeDecoder, lines }: Codec, encoded: Uint8Array, request: FrameRequest): Uint8Array {
  lines.length = 0;
  const decoder = makeDecoder();
  try {
    decoder.getEncodedBuffer(encoded.length).set(encoded);
    decoder.decode();
    if (lines.some((line) => /\[(?:ERROR|WARNING)\]/.test(line))) throw new Error(lines.join(" "));
    const { width, height, componentCount } = decoder.getFrameInfo();
    if (width !== request.columns || height !== request.rows || componentCount !== 1) {
      throw new Error(`found ${width} x ${height} with ${componentCount} components`);
    }
    return decoder.getDecodedBuffer().slice();
  } finally {
    decoder.delete();
  }
}

async function decodeWith(
  kind: CodecKind,
  load: LoadCodec,
  encoded: Uint8Array,
  request: FrameRequest,
): Promise<Uint8Array> {
  const codec = await codecOf(kind, load);
  try {
    return runCodec(codec, encoded, request);
  } catch (cause) {
    // A trap spoils its memory: the next frame gets a new one. After a C++ exception, which is a number here, it goes on.
    if (cause instanceof WebAssembly.RuntimeError) LOADED.get(load)?.delete(kind);
    const what = kind === "jpeg-ls" ? "JPEG-LS" : "JPEG 2000";
    throw new HipError(
      "unreadable-image",
      `Cannot read "${request.name}": its ${what} data are damaged or cut short`,
      { hint: "Export or copy the file again", cause },
    );
  }
}

function bytesOf(values: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 2);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint16(2 * i, value, true);
  });
  return bytes;
}

/** The frame in the size that the dataset states: 8-bit data in 16 allocated bits decode to single bytes. */
function fitted(decoded: Uint8Array, request: FrameRequest): Uint8Array {
  const voxels = request.rows * request.columns;
  const wanted = voxels * storedBytesOf(request.type);
  if (decoded.length === wanted) return decoded;
  if (decoded.length === voxels && wanted === 2 * voxels) return bytesOf(Uint16Array.from(decoded));
  if (decoded.length === 2 * voxels && wanted === voxels) return decoded.filter((_, i) => i % 2 === 0);
  return failToReadDicom(
    request.name,
    `its compressed frames must have ${wanted} bytes, found ${decoded.length} after decompression`,
  );
}

function refuse(syntax: TransferSyntax, name: string): never {
  return failToReadDicom(
    name,
    `its pixels are compressed as ${syntax.name}, which cannot be undone here`,
    "Decompress the series first: gdcmconv --raw IN OUT, or dcmdjpeg IN OUT (dcmtk)",
  );
}

/**
 * The stored pixels of a compressed frame, little endian.
 * @param load without it JPEG-LS and JPEG 2000 are refused
 * @throws HipError "unreadable-image"
 */
export async function decodeCompressed(
  syntax: TransferSyntax,
  encoded: Uint8Array,
  request: FrameRequest,
  load: LoadCodec | undefined,
): Promise<Uint8Array> {
  const { rows, columns, type, name } = request;
  const { coding } = syntax;
  if (coding === "rle") return decodeRle(encoded, rows * columns, storedBytesOf(type), name);
  if (coding === "jpeg-lossless") return fitted(bytesOf(decodeJpegLossless(encoded, request)), request);
  if ((coding !== "jpeg-ls" && coding !== "jpeg-2000") || load === undefined) return refuse(syntax, name);
  if (coding === "jpeg-ls") checkJpegLs(encoded, request);
  else checkJpeg2000(encoded, request);
  return fitted(await decodeWith(coding, load, encoded, request), request);
}
