/** One DICOM file: its preamble, its meta information and its header, read in pieces up to the pixels. */
import type { ByteSource, Inflate } from "../../core/bytes.ts";
import { HipError } from "../../core/errors.ts";
import { type Dataset, textOf } from "./dataset.ts";
import {
  type Encoding,
  failToReadDicom,
  MoreBytesNeeded,
  type ParsedDataset,
  type PixelElement,
  parseDataset,
  type Window,
} from "./parse.ts";
import {
  EXPLICIT_LITTLE,
  IMPLICIT_LITTLE,
  type TransferSyntax,
  transferSyntaxOf,
} from "./transfer-syntax.ts";

export interface DicomInput {
  /** The file's path, for messages. */
  readonly name: string;
  readonly source: ByteSource;
}

export interface DicomHeader {
  readonly syntax: TransferSyntax;
  readonly dataset: Dataset;
  /** Offsets are into the file, or into the inflated dataset of a deflated file. */
  readonly pixels: PixelElement | undefined;
  /** Bytes that `pixels` may point into. */
  readonly size: number;
}

export const PREAMBLE_BYTES = 132;
const FIRST_BYTES = 2 ** 16;
const MOST_HEADER_BYTES = 2 ** 27;
/** Deflate shrinks by 1032 at most. */
const DEFLATE_RATIO = 1100;
const GZIP_TRAILER_BYTES = 8;
const MOST_INFLATED_BYTES = 2 ** 32;

/** Whether a file begins as DICOM files do: its first 132 bytes or more are looked at. */
export function looksLikeDicom(start: Uint8Array): boolean {
  return hasPreamble(start) || encodingWithoutPreamble(start) !== undefined;
}

function hasPreamble(start: Uint8Array): boolean {
  return [0x44, 0x49, 0x43, 0x4d].every((letter, i) => start[128 + i] === letter);
}

/**
 * Old files lack preamble and meta information: they begin with an element of group 8, in practice a group length,
 * a character set, an image type or a class, of a small even length.
 */
function encodingWithoutPreamble(start: Uint8Array): TransferSyntax | undefined {
  if (start.length < PREAMBLE_BYTES) return undefined;
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (view.getUint16(0, true) !== 8) return undefined;
  const element = view.getUint16(2, true);
  if (![0x0000, 0x0001, 0x0005, 0x0008, 0x0012, 0x0016, 0x0018].includes(element)) return undefined;
  if (/^[A-Z]{2}$/.test(String.fromCharCode(view.getUint8(4), view.getUint8(5)))) return EXPLICIT_LITTLE;
  const length = view.getUint32(4, true);
  return length <= 256 && length % 2 === 0 ? IMPLICIT_LITTLE : undefined;
}

/** Calls `parse` with more and more of the first bytes until they are enough. */
async function parseInPieces<T>(input: DicomInput, parse: (window: Window) => T): Promise<T> {
  const { source, name } = input;
  let wanted = FIRST_BYTES;
  for (;;) {
    const bytes = await source.read(0, Math.min(wanted, source.size));
    try {
      return parse({ bytes, size: source.size, name });
    } catch (error) {
      if (!(error instanceof MoreBytesNeeded)) throw error;
      if (error.wanted > MOST_HEADER_BYTES) {
        failToReadDicom(name, `its header must be smaller than ${MOST_HEADER_BYTES} bytes`);
      }
      wanted = Math.max(4 * bytes.length, error.wanted + FIRST_BYTES);
    }
  }
}

/** Where the dataset begins and how it is written. */
interface Start {
  readonly at: number;
  readonly syntax: TransferSyntax;
}

function startOf(window: Window): Start {
  if (window.bytes.length < PREAMBLE_BYTES) {
    failToReadDicom(
      window.name,
      `a DICOM file has at least ${PREAMBLE_BYTES} bytes, found ${window.bytes.length}`,
    );
  }
  if (!hasPreamble(window.bytes)) {
    const syntax = encodingWithoutPreamble(window.bytes);
    if (syntax !== undefined) return { at: 0, syntax };
    failToReadDicom(window.name, `it must have "DICM" at byte 128`, "Is it a DICOM file?");
  }
  const meta = parseDataset(window, PREAMBLE_BYTES, EXPLICIT_LITTLE, (tag) => tag >>> 16 !== 2);
  const uid = textOf(meta.dataset, "TransferSyntaxUID");
  if (uid === undefined) failToReadDicom(window.name, "it names no transfer syntax (0002,0010)");
  return { at: meta.end, syntax: transferSyntaxOf(uid) };
}

/**
 * The inflated dataset of a deflated file. DICOM has deflate data alone: a zlib header (RFC 1950) is set before it,
 * and its checksum is not asked for.
 */
async function inflateDataset(input: DicomInput, at: number, inflate: Inflate): Promise<Uint8Array> {
  const { source, name } = input;
  const deflated = await source.read(at, source.size - at);
  const zlib = new Uint8Array(deflated.length + 2);
  zlib.set([0x78, 0x9c]);
  zlib.set(deflated, 2);
  const cap = Math.min(deflated.length * DEFLATE_RATIO + FIRST_BYTES, MOST_INFLATED_BYTES);
  const options = { format: "zlib", startOnly: true } as const;
  try {
    return await inflate(zlib, cap, options);
  } catch {
    // Some writers append gzip's trailer, which is no checksum that zlib knows.
    const shorter = zlib.subarray(0, Math.max(2, zlib.length - GZIP_TRAILER_BYTES));
    return await inflate(shorter, cap, options).catch((cause: unknown) => {
      throw new HipError("unreadable-image", `Cannot read "${name}": its deflated dataset is damaged`, {
        hint: "Export or copy the file again",
        cause,
      });
    });
  }
}

/** Cut-short files are told here, before anything relies on the pixels. */
function checkPixels(name: string, { pixels }: ParsedDataset, size: number): void {
  if (pixels?.length === undefined || pixels.offset + pixels.length <= size) return;
  const found = size - pixels.offset;
  failToReadDicom(
    name,
    `its pixel data must have ${pixels.length} bytes, found ${found}: the file is cut short`,
  );
}

/**
 * Reads a file's header up to its pixels.
 * @throws HipError "unreadable-image": not DICOM, damaged, cut short
 */
export async function readDicomHeader(input: DicomInput, inflate: Inflate): Promise<DicomHeader> {
  const { name, source } = input;
  const { start, parsed } = await parseInPieces(input, (window) => {
    const found = startOf(window);
    const plain = found.syntax.deflated ? undefined : parseDataset(window, found.at, found.syntax);
    return { start: found, parsed: plain };
  });
  const { syntax } = start;
  if (parsed !== undefined) {
    checkPixels(name, parsed, source.size);
    return { syntax, dataset: parsed.dataset, pixels: parsed.pixels, size: source.size };
  }
  const bytes = await inflateDataset(input, start.at, inflate);
  const encoding: Encoding = syntax;
  const inflated = parseDataset({ bytes, size: bytes.length, name }, 0, encoding);
  checkPixels(name, inflated, bytes.length);
  return { syntax, dataset: inflated.dataset, pixels: inflated.pixels, size: bytes.length };
}

/** What `header.pixels` points into: the file itself, or its inflated dataset. */
export async function openPixelBytes(
  input: DicomInput,
  syntax: TransferSyntax,
  inflate: Inflate,
): Promise<Pick<ByteSource, "read">> {
  if (!syntax.deflated) return input.source;
  const { start } = await parseInPieces(input, (window) => ({ start: startOf(window) }));
  const bytes = await inflateDataset(input, start.at, inflate);
  return { read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)) };
}
