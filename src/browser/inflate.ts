/** gzip and zlib by pako. It verifies checksums and tells what follows a member, which DecompressionStream does not. */
import { Inflate as Inflater, gzip as pakoGzip } from "pako";
import { concatenate, type Inflate, InflateLimitError } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";

const CHUNK_BYTES = 2 ** 18;
const COPY_AGAIN = "Copy or download the file again";
/** zlib: the input has not ended, or no progress is possible. */
const Z_BUF_ERROR = -5;
const WINDOW = { gzip: 15 + 16, zlib: 15 } as const;

/** Thrown out of the inflater's callback, to stop it. */
const ENOUGH = Symbol("enough");

type Format = keyof typeof WINDOW;

interface Member {
  readonly chunks: readonly Uint8Array[];
  /** Compressed bytes that it took. */
  readonly used: number;
}

function damaged(format: Format, what: string, bytes: number): HipError {
  const message =
    what === "early"
      ? `The ${format} data ends early, after ${bytes} compressed bytes`
      : `The ${format} data is damaged (${what}) in ${bytes} compressed bytes`;
  return new HipError("unreadable-image", message, { hint: COPY_AGAIN });
}

function inflateMember(
  compressed: Uint8Array,
  allowed: number,
  { format, startOnly }: { readonly format: Format; readonly startOnly: boolean },
): Member {
  const inflater = new Inflater({ windowBits: WINDOW[format], chunkSize: CHUNK_BYTES });
  const chunks: Uint8Array[] = [];
  let size = 0;
  inflater.onData = (chunk) => {
    const left = allowed - size;
    if (chunk.length > left && !startOnly) {
      throw new InflateLimitError(`The ${format} data inflates to more than ${allowed} bytes`);
    }
    chunks.push(chunk.subarray(0, left));
    size += Math.min(chunk.length, left);
    if (startOnly && size >= allowed) throw ENOUGH;
  };
  // pako would join the chunks of its own list; ours are joined once, at the end of all members.
  inflater.onEnd = (status) => {
    inflater.err = status;
  };
  try {
    inflater.push(compressed, true);
  } catch (error) {
    if (error === ENOUGH) return { chunks, used: compressed.length };
    throw error;
  }
  // Its types hide what is left of the input, which is where the next member begins.
  // biome-ignore lint/complexity/useLiteralKeys: a private member can only be read so
  const strm = inflater["strm"];
  const isShort = inflater.err === Z_BUF_ERROR || (inflater.err === 0 && !inflater.ended);
  // A start may end anywhere, but what is damaged there must not pass for an empty one.
  if ((isShort && !startOnly) || (inflater.err !== 0 && !isShort)) {
    throw damaged(format, isShort ? "early" : strm.msg || inflater.msg || "unknown", compressed.length);
  }
  return { chunks, used: compressed.length - strm.avail_in };
}

/** As node/inflate.ts: all members of gzip, checksums verified, zeros after them taken for padding. */
export const inflateInBrowser: Inflate = async (
  compressed,
  maxBytes,
  { format = "gzip", startOnly = false } = {},
) => {
  const chunks: Uint8Array[] = [];
  let at = 0;
  let allowed = maxBytes;
  do {
    const member = inflateMember(compressed.subarray(at), allowed, { format, startOnly });
    chunks.push(...member.chunks);
    allowed -= member.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    at += member.used;
    const isPadding = compressed.subarray(at).every((byte) => byte === 0);
    if (format === "zlib" || startOnly || isPadding) break;
    if (compressed[at] !== 0x1f || compressed[at + 1] !== 0x8b) {
      throw damaged(format, "bytes that are no gzip follow its end", compressed.length);
    }
  } while (at < compressed.length);
  return concatenate(chunks);
};

/** gzip, with neither time nor operating system in its header: equal input, equal bytes. */
export function gzipInBrowser(bytes: Uint8Array): Uint8Array {
  const packed = pakoGzip(bytes, { level: 6 });
  packed.fill(0, 4, 8);
  packed[9] = 255;
  return packed;
}
