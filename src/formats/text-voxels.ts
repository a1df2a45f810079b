/** Voxels written as text: decimal numbers between blanks, or two hexadecimal digits a byte. */
import type { NiftiDtype } from "../nifti/types.ts";
import { CUT_SHORT, EXPORT_AGAIN, failToRead, quoted } from "./errors.ts";

/** Smallest and largest whole number of a type; undefined of floats. Above 2^53 they are rounded. */
function rangeOf(dtype: NiftiDtype): readonly [number, number] | undefined {
  const [, unsigned, bits] = /^(u?)int(\d+)$/.exec(dtype) ?? [];
  if (bits === undefined) return undefined;
  return unsigned === "u"
    ? [0, 2 ** Number(bits) - 1]
    : [-(2 ** (Number(bits) - 1)), 2 ** (Number(bits) - 1) - 1];
}

/** Blanks and control characters, and the comma that some writers add. */
const isBlank = (byte: number): boolean => byte <= 0x20 || byte === 0x2c;

/** A number as C writes it, NaN and infinity included; undefined where the text is none. */
export function numberIn(text: string): number | undefined {
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  const [, sign] = /^([+-]?)inf(?:inity)?$/i.exec(text) ?? [];
  if (sign === undefined) return undefined;
  return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/**
 * `count` numbers of a type.
 * @throws HipError "unreadable-image": fewer numbers, something that is none, or outside the type's range
 */
export function parseNumbers(
  text: Uint8Array,
  { name, count, dtype }: { readonly name: string; readonly count: number; readonly dtype: NiftiDtype },
): Float32Array {
  // A number and a blank are two bytes, so that the array is never larger than twice the text.
  if (2 * count - 1 > text.length)
    failToRead(name, `${count} numbers cannot be written in ${text.length} bytes of text`, CUT_SHORT);
  const range = rangeOf(dtype);
  const out = new Float32Array(count);
  let n = 0;
  let at = 0;
  while (n < count) {
    while (at < text.length && isBlank(text[at]!)) at++;
    if (at >= text.length) failToRead(name, `expected ${count} numbers, found ${n}`, CUT_SHORT);
    const start = at;
    // No number is longer than this; without an end a file without blanks would be one huge token.
    while (at < text.length && at - start < 400 && !isBlank(text[at]!)) at++;
    const token = String.fromCharCode(...text.subarray(start, at));
    const value = numberIn(token);
    const fits = (x: number): boolean =>
      range === undefined || (x >= range[0] && x <= range[1] && Number.isInteger(x));
    if (value === undefined || !fits(value))
      return failToRead(name, `number ${n + 1} must be one of ${dtype}, got ${quoted(token)}`, EXPORT_AGAIN);
    out[n++] = value;
  }
  return out;
}

function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** @throws HipError "unreadable-image": fewer digits, or something that is none */
export function parseHex(
  text: Uint8Array,
  { name, bytes }: { readonly name: string; readonly bytes: number },
): Uint8Array {
  if (2 * bytes > text.length)
    failToRead(name, `${bytes} bytes need ${2 * bytes} hexadecimal digits, found ${text.length}`, CUT_SHORT);
  const out = new Uint8Array(bytes);
  let n = 0;
  for (let at = 0; at < text.length && n < 2 * bytes; at++) {
    if (isBlank(text[at]!)) continue;
    const digit = digitOf(text[at]!);
    if (digit < 0) {
      const found = quoted(String.fromCharCode(text[at]!));
      failToRead(name, `expected hexadecimal digits, got ${found} after ${n} of them`, EXPORT_AGAIN);
    }
    out[n >> 1] = (out[n >> 1]! << 4) | digit;
    n++;
  }
  if (n < 2 * bytes)
    failToRead(name, `${bytes} bytes need ${2 * bytes} hexadecimal digits, found ${n}`, CUT_SHORT);
  return out;
}
