/** Values in shard results as JSON text that gives them back as they were: also Infinity, NaN and pixels. */

import { deflateRawSync, inflateRawSync } from "node:zlib";

const MARK = "$value";
/** Numbers that JSON has no text for. */
const NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
  "-0": -0,
};
const ARRAYS = { Uint8Array, Uint32Array, Float32Array, Float64Array };
type ArrayName = keyof typeof ARRAYS;

const nameOf = (value: number): string => (Object.is(value, -0) ? "-0" : `${value}`);

function pack(value: unknown): unknown {
  if (typeof value === "number" && nameOf(value) in NUMBERS) return { [MARK]: nameOf(value) };
  for (const name of Object.keys(ARRAYS) as ArrayName[]) {
    if (!(value instanceof ARRAYS[name])) continue;
    const { buffer, byteOffset, byteLength } = value;
    // Masks are long runs: a fiftieth is left of them.
    const packed = deflateRawSync(Buffer.from(buffer, byteOffset, byteLength), { level: 1 });
    return { [MARK]: name, deflated: packed.toString("base64") };
  }
  return value;
}

function unpack(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !(MARK in value)) return value;
  const name = String(value[MARK]);
  if (name in NUMBERS) return NUMBERS[name];
  if (!(name in ARRAYS) || !("deflated" in value)) return value;
  const bytes = Uint8Array.from(inflateRawSync(Buffer.from(String(value.deflated), "base64")));
  return new ARRAYS[name as ArrayName](bytes.buffer);
}

/** As JSON.stringify(); what is undefined is left out of objects. */
export function packJson(value: unknown): string {
  // Buffers have a toJSON() of their own, which runs before a replacer: what the holder has is taken.
  return JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key: string) {
    return pack(this[key]);
  });
}

/** What packJson() wrote. @throws SyntaxError */
export const unpackJson = (text: string): unknown => JSON.parse(text, unpack);
