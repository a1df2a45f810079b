/**
 * JPEG lossless (ITU-T T.81 annex H: Huffman, process 14), one component of 2 to 16 bits. Own code: the decoder on
 * npm takes data that are cut short for whole, and brings a build tool's binary along.
 */
import { failToReadDicom } from "./parse.ts";

export interface JpegSize {
  readonly rows: number;
  readonly columns: number;
  /** The file's, for messages. */
  readonly name: string;
}

interface Scan {
  readonly precision: number;
  readonly predictor: number;
  readonly pointTransform: number;
  /** In lines; 0: none. */
  readonly restartLines: number;
  readonly table: Uint16Array;
  /** Where the coded data begin. */
  readonly at: number;
}

const MARKER = { sof3: 0xc3, dht: 0xc4, soi: 0xd8, sos: 0xda, dri: 0xdd } as const;
const CANNOT = "its JPEG lossless data";

function fail(name: string, what: string): never {
  return failToReadDicom(name, `${CANNOT} ${what}`);
}

/** Code length * 256 + symbol for every possible 16 next bits; 0 where they begin no code (T.81 annex C). */
function lookupTable(segment: Uint8Array, at: number, name: string): { table: Uint16Array; end: number } {
  const table = new Uint16Array(2 ** 16);
  let code = 0;
  let symbol = at + 17;
  for (let length = 1; length <= 16; length++) {
    for (let i = segment[at + length] ?? 0; i > 0; i--) {
      const span = 2 ** (16 - length);
      const value = segment[symbol++];
      if (value === undefined || value > 16 || code + span > 2 ** 16)
        fail(name, "has a damaged Huffman table");
      table.fill(length * 256 + value, code, code + span);
      code += span;
    }
  }
  return { table, end: symbol };
}

function readScan(bytes: Uint8Array, { rows, columns, name }: JpegSize): Scan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables = new Map<number, Uint16Array>();
  let precision = 0;
  let restart = 0;
  if (bytes[0] !== 0xff || bytes[1] !== MARKER.soi) fail(name, "must begin with FFD8");
  for (let at = 2; at + 4 <= bytes.length; ) {
    const marker = bytes[at + 1]!;
    const end = at + 2 + view.getUint16(at + 2);
    if (bytes[at] !== 0xff || end > bytes.length || end < at + 4)
      fail(name, "are damaged before the first scan");
    const segment = bytes.subarray(at + 4, end);
    if (marker === MARKER.sof3 && segment.length >= 9) {
      const height = view.getUint16(at + 5);
      const width = view.getUint16(at + 7);
      const [components] = segment.subarray(5);
      if (height !== rows || width !== columns || components !== 1) {
        const found = `${width} x ${height} with ${components} components`;
        fail(name, `must be ${columns} x ${rows} with one component, found ${found}`);
      }
      precision = segment[0]!;
    } else if (marker >= 0xc0 && marker <= 0xcf && marker !== MARKER.dht) {
      fail(name, `are of another process (FF${marker.toString(16)})`);
    } else if (marker === MARKER.dht) {
      for (let next = 0; next < segment.length; ) {
        const id = segment[next]! & 15;
        const { table, end: tableEnd } = lookupTable(segment, next, name);
        tables.set(id, table);
        next = tableEnd;
      }
    } else if (marker === MARKER.dri) {
      restart = segment.length >= 2 ? view.getUint16(at + 4) : 0;
    } else if (marker === MARKER.sos) {
      const [components, , tableIds = 0, predictor = 0, , transform = 0] = segment;
      const table = tables.get(tableIds >> 4);
      const pointTransform = transform & 15;
      const known = precision >= 2 && precision <= 16 && predictor >= 1 && predictor <= 7;
      if (components !== 1 || table === undefined || !known || pointTransform >= precision) break;
      if (restart % columns !== 0) fail(name, "restart within a line");
      return { precision, predictor, pointTransform, restartLines: restart / columns, table, at: end };
    }
    at = end;
  }
  return fail(name, "have no scan that can be decoded");
}

/** Bits of the coded data, in which FF00 stands for FF and FFD0 to FFD7 are restarts. */
class BitReader {
  readonly #bytes: Uint8Array;
  readonly #name: string;
  #at: number;
  #bits = 0;
  #count = 0;
  /** Bits that were made up past the end. */
  #missing = 0;

  constructor(bytes: Uint8Array, at: number, name: string) {
    this.#bytes = bytes;
    this.#at = at;
    this.#name = name;
  }

  #fill(): void {
    while (this.#count <= 16) {
      const byte = this.#bytes[this.#at];
      const ended = byte === undefined || (byte === 0xff && this.#bytes[this.#at + 1] !== 0);
      if (ended) this.#missing += 8;
      else this.#at += byte === 0xff ? 2 : 1;
      this.#bits = ((this.#bits << 8) | (ended ? 0 : byte)) >>> 0;
      this.#count += 8;
    }
  }

  /** The difference that comes next (T.81 section H.1.2.2). */
  difference(table: Uint16Array): number {
    this.#fill();
    const entry = table[(this.#bits >>> (this.#count - 16)) & 0xffff]!;
    if (entry === 0) fail(this.#name, "hold a code that its table has not");
    this.#take(entry >> 8);
    const size = entry & 255;
    if (size === 0) return 0;
    if (size === 16) return 2 ** 15;
    this.#fill();
    const value = (this.#bits >>> (this.#count - size)) & (2 ** size - 1);
    this.#take(size);
    return value < 2 ** (size - 1) ? value - 2 ** size + 1 : value;
  }

  #take(count: number): void {
    this.#count -= count;
    if (this.#count < this.#missing) fail(this.#name, "are cut short");
  }

  restart(): void {
    this.#bits = 0;
    this.#count = 0;
    this.#missing = 0;
    const marker = this.#bytes[this.#at + 1] ?? 0;
    if (this.#bytes[this.#at] !== 0xff || marker < 0xd0 || marker > 0xd7) fail(this.#name, "lack a restart");
    this.#at += 2;
  }
}

/** T.81 table H.1: a is left, b above, c above left. */
function predict(predictor: number, a: number, b: number, c: number): number {
  switch (predictor) {
    case 1:
      return a;
    case 2:
      return b;
    case 3:
      return c;
    case 4:
      return a + b - c;
    case 5:
      return a + ((b - c) >> 1);
    case 6:
      return b + ((a - c) >> 1);
    default:
      return (a + b) >> 1;
  }
}

/**
 * Decodes one frame to unsigned values of up to 16 bits.
 * @throws HipError "unreadable-image": damaged, cut short, of another size or process
 */
export function decodeJpegLossless(bytes: Uint8Array, size: JpegSize): Uint16Array {
  const scan = readScan(bytes, size);
  const { rows, columns, name } = size;
  const { table, predictor, pointTransform, restartLines } = scan;
  const first = 2 ** (scan.precision - pointTransform - 1);
  const reader = new BitReader(bytes, scan.at, name);
  const out = new Uint16Array(rows * columns);
  for (let y = 0, at = 0; y < rows; y++) {
    const restarted = restartLines > 0 && y > 0 && y % restartLines === 0;
    if (restarted) reader.restart();
    const top = y === 0 || restarted;
    for (let x = 0; x < columns; x++, at++) {
      let expected: number;
      if (x === 0) expected = top ? first : out[at - columns]!;
      else if (top) expected = out[at - 1]!;
      else expected = predict(predictor, out[at - 1]!, out[at - columns]!, out[at - columns - 1]!);
      // The array keeps 16 bits: differences are modulo 2^16.
      out[at] = expected + reader.difference(table);
    }
  }
  if (pointTransform > 0) for (let i = 0; i < out.length; i++) out[i] = out[i]! << pointTransform;
  return out;
}
