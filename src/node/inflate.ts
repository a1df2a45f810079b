/** gzip and zlib by node:zlib. */
import { constants as bufferConstants } from "node:buffer";
import {
  constants,
  createGunzip,
  createInflate,
  gunzip,
  gunzipSync,
  gzipSync,
  type InputType,
  inflate,
  inflateSync,
  type ZlibOptions,
} from "node:zlib";
import { type Inflate, InflateLimitError } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { lendHand } from "./lend-hand.ts";

type Format = "gzip" | "zlib";

/** More than this at once is put together from pieces. */
const LARGEST_CHUNK = 2 ** 30;
const SMALLEST_CHUNK = 2 ** 14;
/** Deflate makes one byte of at most 1032. */
const DEFLATE_RATIO = 1032;
const COPY_AGAIN = "Copy or download the file again";

/** The size that the last gzip member says it had, so that zlib can write most files into one buffer. */
export function statedSize(compressed: Uint8Array): number {
  if (compressed.length < 18) return 0;
  return new DataView(compressed.buffer, compressed.byteOffset).getUint32(compressed.length - 4, true);
}

/** A guess of the output that is no lie: neither more than is allowed nor more than deflate can make. */
function chunkSizeFor(compressed: Uint8Array, maxBytes: number, statedBytes: number): number {
  const most = Math.min(compressed.length * DEFLATE_RATIO, maxBytes, LARGEST_CHUNK);
  // One byte more, so that zlib sees the end without asking for a second buffer.
  return Math.max(Math.min(statedBytes, most) + 1, SMALLEST_CHUNK);
}

function inflateError(
  cause: NodeJS.ErrnoException,
  compressed: Uint8Array,
  maxBytes: number,
  format: Format,
): HipError {
  const found = `${compressed.length} compressed bytes`;
  if (cause.code === "ERR_BUFFER_TOO_LARGE") {
    return new InflateLimitError(`The ${format} data inflates to more than ${maxBytes} bytes`, { cause });
  }
  const what =
    cause.code === "Z_BUF_ERROR"
      ? `The ${format} data ends early, after ${found}`
      : `The ${format} data is damaged (${cause.message}) in ${found}`;
  return new HipError("unreadable-image", what, { hint: COPY_AGAIN, cause });
}

/** What node:zlib gives with `info`, which its types do not tell. */
interface Inflated {
  readonly buffer: Buffer;
  /** bytesWritten: compressed bytes that were used. */
  readonly engine: { readonly bytesWritten: number };
}
type OneShot = (
  compressed: InputType,
  options: ZlibOptions,
  done: (error: Error | null, result: unknown) => void,
) => void;
type OneShotSync = (compressed: InputType, options: ZlibOptions) => unknown;
const ONE_SHOT: Readonly<Record<Format, OneShot>> = { gzip: gunzip as OneShot, zlib: inflate as OneShot };
const ONE_SHOT_SYNC: Readonly<Record<Format, OneShotSync>> = { gzip: gunzipSync, zlib: inflateSync };

function viewOf(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

async function inflateAll(
  compressed: Uint8Array,
  maxBytes: number,
  format: Format,
  statedBytes: number,
): Promise<Uint8Array> {
  const chunkSize = chunkSizeFor(compressed, maxBytes, statedBytes);
  const maxOutputLength = Math.min(Math.max(maxBytes, 1), bufferConstants.MAX_LENGTH);
  const options = { maxOutputLength, chunkSize, info: true };
  try {
    const { buffer, engine } = (await inflateOnce(compressed, options, format)) as Inflated;
    // Zeros may pad a gzip file, as on tapes; zlib takes whatever follows them for padding too.
    if (format === "gzip" && compressed.subarray(engine.bytesWritten).some((byte) => byte !== 0)) {
      throw new Error("bytes that are no gzip follow its end");
    }
    if (buffer.length > maxBytes) {
      throw Object.assign(new Error("too large"), { code: "ERR_BUFFER_TOO_LARGE" });
    }
    return viewOf(buffer);
  } catch (error) {
    throw inflateError(error as NodeJS.ErrnoException, compressed, maxBytes, format);
  }
}

/** In the pool or here, wherever it is done sooner: the pool's way there and back costs as much as 30 kB. */
function inflateOnce(compressed: Uint8Array, options: ZlibOptions, format: Format): Promise<unknown> {
  const size = options.chunkSize!;
  const inPool = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      ONE_SHOT[format](compressed, options, (error, result) =>
        error === null ? resolve(result) : reject(error),
      );
    });
  return lendHand(size, inPool, () => ONE_SHOT_SYNC[format](compressed, options));
}

function inflateStart(compressed: Uint8Array, maxBytes: number, format: Format): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunkSize = Math.min(Math.max(maxBytes, constants.Z_MIN_CHUNK), LARGEST_CHUNK);
    // With this flush the end of the input need not be the end of the data.
    const options = { chunkSize, finishFlush: constants.Z_SYNC_FLUSH };
    const stream = format === "gzip" ? createGunzip(options) : createInflate(options);
    const parts: Uint8Array[] = [];
    let missing = maxBytes;
    const finish = (): void => {
      stream.destroy();
      resolve(new Uint8Array(Buffer.concat(parts)));
    };
    stream.on("error", (error) => reject(inflateError(error, compressed, maxBytes, format)));
    stream.on("end", finish);
    stream.on("data", (part: Buffer) => {
      parts.push(part.subarray(0, missing));
      missing -= Math.min(part.length, missing);
      if (missing === 0) finish();
    });
    stream.end(compressed);
  });
}

/**
 * Undoes gzip (all members, checksums verified) or zlib.
 * @throws HipError "unreadable-image": ends early, damaged, or more than `maxBytes` (an InflateLimitError).
 */
export const inflateGzip: Inflate = (compressed, maxBytes, { format = "gzip", startOnly = false } = {}) => {
  if (startOnly) return inflateStart(compressed, maxBytes, format);
  const statedBytes = format === "gzip" ? statedSize(compressed) : maxBytes;
  return inflateAll(compressed, maxBytes, format, statedBytes);
};

/** inflateGzip() of several members that are known to make so many bytes, or of what is to be refused. */
export const inflateMembers = (compressed: Uint8Array, bytes: number): Promise<Uint8Array> =>
  inflateAll(compressed, bytes, "gzip", bytes);

/** gzip at level 6, with neither time nor operating system in its header: equal input, equal bytes. */
export function gzip(bytes: Uint8Array): Uint8Array {
  const packed = gzipSync(bytes, { level: 6, strategy: constants.Z_DEFAULT_STRATEGY });
  packed.fill(0, 4, 8); // MTIME
  packed[9] = 255; // OS: unknown
  return viewOf(packed);
}
