/**
 * The safetensors file format (Hugging Face, https://github.com/huggingface/safetensors, "Format"):
 * u64 little-endian length of the header, a JSON header padded with spaces, then the data without holes.
 * All platforms that ONNX Runtime supports are little-endian, so numbers are copied as they lie in memory.
 */
import { HipError } from "../core/errors.ts";

export type SafetensorsData = Float32Array | BigInt64Array | Uint8Array;

export interface SafetensorsTensor {
  readonly shape: readonly number[];
  /** Row-major; as many elements as the shape says. */
  readonly data: SafetensorsData;
}

export interface SafetensorsFile {
  readonly tensors: Readonly<Record<string, SafetensorsTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

type Dtype = "F32" | "I64" | "U8";

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Bytes from the start of the data section. */
  readonly begin: number;
  readonly end: number;
}

/** The same limit as the reference implementation. */
const HEADER_LIMIT_BYTES = 100_000_000;
const LENGTH_BYTES = 8;
const METADATA = "__metadata__";
const ELEMENT_BYTES = { F32: 4, I64: 8, U8: 1 } as const;
const HINT = "The file is damaged or was cut short: use another copy of it";

function dtypeOf(data: SafetensorsData): Dtype {
  if (data instanceof Float32Array) return "F32";
  return data instanceof BigInt64Array ? "I64" : "U8";
}

const countOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Widest elements first, then by name: with an 8-byte aligned start every tensor is aligned. */
function layOut(tensors: Readonly<Record<string, SafetensorsTensor>>): readonly Entry[] {
  const entries = Object.entries(tensors).map(([name, { shape, data }]) => {
    if (name === METADATA) throw new RangeError(`A tensor cannot be named "${METADATA}"`);
    if (countOf(shape) !== data.length) {
      throw new RangeError(
        `Tensor "${name}" of shape [${shape.join(", ")}] needs ${countOf(shape)} elements, got ${data.length}`,
      );
    }
    return { name, dtype: dtypeOf(data), shape, bytes: data.byteLength };
  });
  entries.sort(
    (a, b) =>
      ELEMENT_BYTES[b.dtype] - ELEMENT_BYTES[a.dtype] || (a.name < b.name ? -1 : Number(a.name > b.name)),
  );
  let end = 0;
  return entries.map(({ name, dtype, shape, bytes }) => {
    const begin = end;
    end += bytes;
    return { name, dtype, shape, begin, end };
  });
}

function headerJson(entries: readonly Entry[], metadata: Readonly<Record<string, string>>): string {
  // Joined by hand: an object would move keys that look like integers to the front.
  const parts = [...entries]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(
      ({ name, dtype, shape, begin, end }) =>
        `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`,
    );
  const pairs = Object.keys(metadata)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
  if (pairs.length > 0) parts.unshift(`"${METADATA}":{${pairs.join(",")}}`);
  return `{${parts.join(",")}}`;
}

/**
 * The bytes of a safetensors file. Equal content gives equal bytes, whatever the order of the keys.
 * @throws RangeError where a shape and its data differ in size.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, SafetensorsTensor>>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const entries = layOut(tensors);
  const json = new TextEncoder().encode(headerJson(entries, metadata));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const dataAt = LENGTH_BYTES + headerBytes;
  const bytes = new Uint8Array(dataAt + (entries.at(-1)?.end ?? 0));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, LENGTH_BYTES);
  bytes.fill(0x20, LENGTH_BYTES + json.length, dataAt);
  for (const { name, begin } of entries) {
    const { data } = tensors[name]!;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), dataAt + begin);
  }
  return bytes;
}

function fail(name: string, reason: string): never {
  throw new HipError("bad-checkpoint", `Cannot read "${name}": ${reason}`, { hint: HINT });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isSizes = (value: unknown): value is readonly number[] => Array.isArray(value) && value.every(isSize);

/**
 * Where the data section starts, in bytes from the start of the file.
 * @throws HipError "bad-checkpoint" where the header is not all there.
 */
export function dataOffset(bytes: Uint8Array, name: string): number {
  if (bytes.byteLength < LENGTH_BYTES) {
    fail(name, `expected at least ${LENGTH_BYTES} bytes for the header's length, found ${bytes.byteLength}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getBigUint64(0, true);
  if (headerBytes > HEADER_LIMIT_BYTES) {
    fail(name, `expected a header of at most ${HEADER_LIMIT_BYTES} bytes, found a length of ${headerBytes}`);
  }
  const end = LENGTH_BYTES + Number(headerBytes);
  if (end > bytes.byteLength) {
    fail(name, `expected ${end} bytes for the header, found ${bytes.byteLength} bytes in all`);
  }
  return end;
}

function parseHeader(bytes: Uint8Array, name: string): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    fail(name, "expected a header of JSON in UTF-8, found something else");
  }
  if (!isObject(header)) fail(name, "expected the header to be a JSON object, found something else");
  return header;
}

function parseMetadata(value: unknown, name: string): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (!isObject(value)) fail(name, `expected "${METADATA}" to be an object, found something else`);
  return Object.fromEntries(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== "string")
        fail(name, `expected metadata "${key}" to be a string, found ${typeof text}`);
      return [key, text];
    }),
  );
}

function parseEntry(tensor: string, value: unknown, name: string): Entry {
  if (!isObject(value)) fail(name, `expected tensor "${tensor}" to be an object, found something else`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (dtype !== "F32" && dtype !== "I64" && dtype !== "U8") {
    fail(name, `expected tensor "${tensor}" to be F32, I64 or U8, found ${JSON.stringify(dtype)}`);
  }
  if (!isSizes(shape))
    fail(name, `expected tensor "${tensor}" to have a shape of integers >= 0, found others`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    fail(name, `expected tensor "${tensor}" to have two offsets >= 0, found others`);
  }
  const [begin, end] = [offsets[0]!, offsets[1]!];
  const expected = countOf(shape) * ELEMENT_BYTES[dtype];
  if (end - begin !== expected) {
    fail(name, `expected ${expected} bytes for tensor "${tensor}", found ${end - begin}`);
  }
  return { name: tensor, dtype, shape, begin, end };
}

/** A copy of one tensor's elements: the file's bytes may lie unaligned, and stay the caller's. */
function copyData(dtype: Dtype, bytes: Uint8Array): SafetensorsData {
  const copy = new Uint8Array(bytes);
  if (dtype === "U8") return copy;
  return dtype === "F32" ? new Float32Array(copy.buffer) : new BigInt64Array(copy.buffer);
}

/**
 * Reads a safetensors file of float32, int64 and uint8 tensors.
 * @param name how errors call the file.
 * @throws HipError "bad-checkpoint" where a size, an offset or the header is not as the format says.
 */
export function parseSafetensors(bytes: Uint8Array, name: string): SafetensorsFile {
  const dataAt = dataOffset(bytes, name);
  const { [METADATA]: metadata, ...tensors } = parseHeader(bytes.subarray(LENGTH_BYTES, dataAt), name);
  const entries = Object.entries(tensors).map(([tensor, value]) => parseEntry(tensor, value, name));
  let end = 0;
  for (const entry of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== end) {
      fail(name, `expected tensor "${entry.name}" to start at byte ${end} of the data, found ${entry.begin}`);
    }
    end = entry.end;
  }
  const found = bytes.byteLength - dataAt;
  if (end !== found) fail(name, `expected ${end} bytes of data after the header, found ${found}`);
  return {
    metadata: parseMetadata(metadata, name),
    tensors: Object.fromEntries(
      entries.map(({ name: key, dtype, shape, begin, end: stop }) => [
        key,
        { shape, data: copyData(dtype, bytes.subarray(dataAt + begin, dataAt + stop)) },
      ]),
    ),
  };
}
