/** A parsed dataset and how its values are read. */
import { decodeText } from "./charset.ts";
import { type Keyword, tagOf, type Vr } from "./dictionary.ts";

export interface Element {
  readonly vr: Vr;
  /** As in the file; of a sequence that is kept as items, empty. */
  readonly value: Uint8Array;
  readonly littleEndian: boolean;
  readonly items: readonly Dataset[];
}

/** Elements by tag. */
export type Dataset = ReadonlyMap<number, Element>;

export function elementOf(dataset: Dataset, keyword: Keyword): Element | undefined {
  return dataset.get(tagOf(keyword));
}

export function itemsOf(dataset: Dataset, keyword: Keyword): readonly Dataset[] {
  return elementOf(dataset, keyword)?.items ?? [];
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The texts of a CS, UI, DS, IS, DA, … element without padding; none where it is absent or empty. */
export function textsOf(dataset: Dataset, keyword: Keyword): readonly string[] {
  const element = elementOf(dataset, keyword);
  // 2^16 bytes are more than any of these can honestly hold.
  if (element === undefined || element.value.length === 0 || element.value.length > 2 ** 16) return [];
  const parts = latin1(element.value).split("\\");
  return parts.map((part) => part.replace(/[\0 ]+$/, "").replace(/^ +/, ""));
}

/** The first text of an element; undefined where it is absent or empty. */
export function textOf(dataset: Dataset, keyword: Keyword): string | undefined {
  return textsOf(dataset, keyword)[0] || undefined;
}

/** Free text (LO, SH, PN, …) in the dataset's character set, without control characters. */
export function freeTextOf(dataset: Dataset, keyword: Keyword): string | undefined {
  const element = elementOf(dataset, keyword);
  if (element === undefined || element.value.length > 2 ** 16) return undefined;
  const text = decodeText(element.value, textsOf(dataset, "SpecificCharacterSet"));
  // Control characters could steer a terminal.
  return text.replace(/\p{C}+/gu, " ").trim() || undefined;
}

type Binary = "US" | "SS" | "UL" | "SL" | "FL" | "FD";
const BINARY_BYTES: Readonly<Record<Binary, number>> = { US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8 };

function isBinary(vr: Vr): vr is Binary {
  return vr in BINARY_BYTES;
}

function binaryAt(view: DataView, vr: Binary, at: number, littleEndian: boolean): number {
  switch (vr) {
    case "US":
      return view.getUint16(at, littleEndian);
    case "SS":
      return view.getInt16(at, littleEndian);
    case "UL":
      return view.getUint32(at, littleEndian);
    case "SL":
      return view.getInt32(at, littleEndian);
    case "FL":
      return view.getFloat32(at, littleEndian);
    case "FD":
      return view.getFloat64(at, littleEndian);
  }
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The numbers of a DS, IS or binary element; NaN where a text is no number; none where it is absent or empty. */
export function numbersOf(dataset: Dataset, keyword: Keyword): readonly number[] {
  const element = elementOf(dataset, keyword);
  if (element === undefined) return [];
  const { vr, value, littleEndian } = element;
  if (!isBinary(vr)) {
    return textsOf(dataset, keyword).map((text) => (DECIMAL.test(text) ? Number(text) : Number.NaN));
  }
  const bytes = BINARY_BYTES[vr];
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const count = Math.min(Math.floor(value.length / bytes), 2 ** 16);
  return Array.from({ length: count }, (_, i) => binaryAt(view, vr, i * bytes, littleEndian));
}

/** The first number of an element; undefined where it is absent, empty or not finite. */
export function numberOf(dataset: Dataset, keyword: Keyword): number | undefined {
  const [first] = numbersOf(dataset, keyword);
  return first !== undefined && Number.isFinite(first) ? first : undefined;
}

/** Exactly `count` finite numbers, or undefined. */
export function finiteNumbersOf(
  dataset: Dataset,
  keyword: Keyword,
  count: number,
): readonly number[] | undefined {
  const numbers = numbersOf(dataset, keyword);
  return numbers.length === count && numbers.every(Number.isFinite) ? numbers : undefined;
}
