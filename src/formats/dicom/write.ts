/** Writes DICOM files in explicit VR little endian (PS3.5 chapter 7, PS3.10 chapter 7). Equal input, equal bytes. */
import { type Keyword, LONG_VRS, tagOf, type Vr, vrOf } from "./dictionary.ts";
import { EXPLICIT_LITTLE } from "./transfer-syntax.ts";

/** Text or numbers of one value or several; bytes as they are; items of a sequence. None or "" is an empty element. */
export type AttributeValue =
  | string
  | number
  | readonly string[]
  | readonly number[]
  | Uint8Array
  | readonly Attributes[];

/** A dataset to be written, by keyword in any order; what is undefined is left out. */
export type Attributes = { readonly [K in Keyword]?: AttributeValue | undefined };

/** Identifies what wrote a file: a UUID of ours, and a name. */
const IMPLEMENTATION_UID = "2.25.136797738714085776212827133621760792153";
const IMPLEMENTATION_NAME = "HIPMRI-UNET";

const BYTES: Partial<Record<Vr, number>> = { US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8, AT: 4 };
const UTF8 = new TextEncoder();

/** Bytes that grow; lengths are filled in once what they measure is written. */
class ByteWriter {
  #bytes = new Uint8Array(2 ** 12);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Room for `count` bytes more; gives where they begin. */
  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  put(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  number(vr: Vr, value: number): void {
    const at = this.#grow(BYTES[vr]!);
    if (vr === "US") this.#view.setUint16(at, value, true);
    else if (vr === "SS") this.#view.setInt16(at, value, true);
    else if (vr === "UL") this.#view.setUint32(at, value, true);
    else if (vr === "SL") this.#view.setInt32(at, value, true);
    else if (vr === "FL") this.#view.setFloat32(at, value, true);
    else if (vr === "FD") this.#view.setFloat64(at, value, true);
    else this.tag(value, at);
  }

  /** Group, then element. */
  tag(tag: number, at = this.#grow(4)): void {
    this.#view.setUint16(at, tag >>> 16, true);
    this.#view.setUint16(at + 2, tag & 0xffff, true);
  }

  text(text: string): void {
    // Most of it is ASCII, and short.
    let ascii = true;
    for (let i = 0; i < text.length && ascii; i++) ascii = text.charCodeAt(i) < 0x80;
    if (!ascii) {
      this.put(UTF8.encode(text));
      return;
    }
    const at = this.#grow(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[at + i] = text.charCodeAt(i);
  }

  /** Fills in the 16-bit or 32-bit length of what follows it. */
  setLength(at: number, size: 2 | 4): void {
    const length = this.#length - at - size;
    if (size === 4) this.#view.setUint32(at, length, true);
    else if (length <= 0xffff) this.#view.setUint16(at, length, true);
    else throw new RangeError(`A short element is too long: ${length} bytes`);
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** A number as a DS: the most digits that fit in 16 characters. */
export function formatDecimal(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`A decimal string must be finite, got ${value}`);
  const plain = String(value);
  if (plain.length <= 16) return plain;
  for (let digits = 15; digits > 0; digits--) {
    const texts = [String(Number(value.toPrecision(digits))), value.toExponential(digits - 1)];
    const short = texts.find((text) => text.length <= 16);
    if (short !== undefined) return short;
  }
  throw new Error(`internal: ${value} has no decimal string`);
}

function isItems(value: AttributeValue): value is readonly Attributes[] {
  return Array.isArray(value) && typeof value[0] === "object";
}

function writeItems(writer: ByteWriter, items: readonly Attributes[]): void {
  for (const item of items) {
    writer.tag(0xfffe_e000);
    const lengthAt = writer.length;
    writer.number("UL", 0);
    writeDataset(writer, item);
    writer.setLength(lengthAt, 4);
  }
}

function writeValue(writer: ByteWriter, vr: Vr, value: AttributeValue): void {
  if (value instanceof Uint8Array) {
    writer.put(value);
  } else if (isItems(value)) {
    writeItems(writer, value);
  } else {
    const values: readonly (string | number)[] = typeof value === "object" ? value : [value];
    if (vr in BYTES) {
      for (const each of values) writer.number(vr, Number(each));
    } else {
      writer.text(values.map((each) => (typeof each === "string" ? each : formatDecimal(each))).join("\\"));
    }
  }
}

/** Values have even lengths: text is padded with a blank, all else with a zero. */
function paddingOf(vr: Vr): number {
  return vr === "UI" || vr.startsWith("O") || vr === "UN" ? 0 : 0x20;
}

function writeElement(writer: ByteWriter, keyword: Keyword, value: AttributeValue, vr: Vr): void {
  const size = LONG_VRS.has(vr) ? 4 : 2;
  writer.tag(tagOf(keyword));
  writer.text(vr);
  if (size === 4) writer.number("US", 0);
  const lengthAt = writer.length;
  writer.number(size === 4 ? "UL" : "US", 0);
  writeValue(writer, vr, value);
  if ((writer.length - lengthAt - size) % 2 === 1) writer.put(Uint8Array.of(paddingOf(vr)));
  writer.setLength(lengthAt, size);
}

function writeDataset(writer: ByteWriter, attributes: Attributes): void {
  const keywords = Object.keys(attributes) as Keyword[];
  for (const keyword of keywords.sort((a, b) => tagOf(a) - tagOf(b))) {
    const value = attributes[keyword];
    // Pixels of one bit are bytes.
    const vr = keyword === "PixelData" ? "OB" : vrOf(keyword);
    if (value !== undefined) writeElement(writer, keyword, value, vr);
  }
}

/** The elements in the order of their tags. */
export function encodeDataset(attributes: Attributes): Uint8Array {
  const writer = new ByteWriter();
  writeDataset(writer, attributes);
  return writer.bytes();
}

/** A whole file: preamble, meta information, dataset. */
export function encodeFile(attributes: Attributes, sopClassUid: string, sopInstanceUid: string): Uint8Array {
  const meta = encodeDataset({
    FileMetaInformationVersion: Uint8Array.of(0, 1),
    MediaStorageSOPClassUID: sopClassUid,
    MediaStorageSOPInstanceUID: sopInstanceUid,
    TransferSyntaxUID: EXPLICIT_LITTLE.uid,
    ImplementationClassUID: IMPLEMENTATION_UID,
    ImplementationVersionName: IMPLEMENTATION_NAME,
  });
  const writer = new ByteWriter();
  writer.put(new Uint8Array(128));
  writer.text("DICM");
  writeDataset(writer, { FileMetaInformationGroupLength: meta.length });
  writer.put(meta);
  writeDataset(writer, attributes);
  return writer.bytes();
}
