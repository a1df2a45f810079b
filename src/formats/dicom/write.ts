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

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
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

function binary(vr: Vr, values: readonly number[]): Uint8Array {
  const size = BYTES[vr]!;
  const out = new Uint8Array(values.length * size);
  const view = new DataView(out.buffer);
  values.forEach((value, i) => {
    const at = i * size;
    if (vr === "US") view.setUint16(at, value, true);
    else if (vr === "SS") view.setInt16(at, value, true);
    else if (vr === "UL") view.setUint32(at, value, true);
    else if (vr === "SL") view.setInt32(at, value, true);
    else if (vr === "FL") view.setFloat32(at, value, true);
    else if (vr === "FD") view.setFloat64(at, value, true);
    else {
      // AT: group, then element.
      view.setUint16(at, value >>> 16, true);
      view.setUint16(at + 2, value & 0xffff, true);
    }
  });
  return out;
}

function isItems(value: AttributeValue): value is readonly Attributes[] {
  return Array.isArray(value) && typeof value[0] === "object";
}

function valueBytes(vr: Vr, value: AttributeValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (isItems(value)) {
    return concat(
      value.flatMap((item) => {
        const bytes = encodeDataset(item);
        const head = new Uint8Array(8);
        const view = new DataView(head.buffer);
        view.setUint16(0, 0xfffe, true);
        view.setUint16(2, 0xe000, true);
        view.setUint32(4, bytes.length, true);
        return [head, bytes];
      }),
    );
  }
  const values: readonly (string | number)[] = typeof value === "object" ? value : [value];
  if (vr in BYTES) return binary(vr, values.map(Number));
  const texts = values.map((each) => (typeof each === "string" ? each : formatDecimal(each)));
  return new TextEncoder().encode(texts.join("\\"));
}

/** Values have even lengths: text is padded with a blank, all else with a zero. */
function padded(vr: Vr, bytes: Uint8Array): Uint8Array {
  if (bytes.length % 2 === 0) return bytes;
  const zero = vr === "UI" || vr.startsWith("O") || vr === "UN";
  return concat([bytes, Uint8Array.of(zero ? 0 : 0x20)]);
}

function encodeElement(keyword: Keyword, value: AttributeValue, vr: Vr): Uint8Array {
  const bytes = padded(vr, valueBytes(vr, value));
  const long = LONG_VRS.has(vr);
  const head = new Uint8Array(long ? 12 : 8);
  const view = new DataView(head.buffer);
  const tag = tagOf(keyword);
  view.setUint16(0, tag >>> 16, true);
  view.setUint16(2, tag & 0xffff, true);
  head[4] = vr.charCodeAt(0);
  head[5] = vr.charCodeAt(1);
  if (!long && bytes.length > 0xffff) throw new RangeError(`${keyword} is too long: ${bytes.length} bytes`);
  if (long) view.setUint32(8, bytes.length, true);
  else view.setUint16(6, bytes.length, true);
  return concat([head, bytes]);
}

/** The elements in the order of their tags. */
export function encodeDataset(attributes: Attributes): Uint8Array {
  const entries = Object.entries(attributes) as [Keyword, AttributeValue | undefined][];
  const parts = entries
    .filter((entry): entry is [Keyword, AttributeValue] => entry[1] !== undefined)
    .sort(([a], [b]) => tagOf(a) - tagOf(b))
    // Pixels of one bit are bytes.
    .map(([keyword, value]) => encodeElement(keyword, value, keyword === "PixelData" ? "OB" : vrOf(keyword)));
  return concat(parts);
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
  const start = new Uint8Array(132);
  start.set([0x44, 0x49, 0x43, 0x4d], 128);
  const length = encodeDataset({ FileMetaInformationGroupLength: meta.length });
  return concat([start, length, meta, encodeDataset(attributes)]);
}
