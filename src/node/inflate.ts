/** gzip by node:zlib. */
import { constants, gunzip, gzipSync } from "node:zlib";
import type { Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";

const LARGEST_CHUNK = 2 ** 26;
const COPY_AGAIN = "Copy or download the file again";

/** The size that the last member says it had, so that zlib can write most files into one buffer. */
function statedSize(compressed: Uint8Array): number {
  if (compressed.length < 18) return 0;
  return new DataView(compressed.buffer, compressed.byteOffset).getUint32(compressed.length - 4, true);
}

function inflateError(cause: NodeJS.ErrnoException, compressed: Uint8Array, maxBytes: number): HipError {
  const found = `${compressed.length} compressed bytes`;
  const fail = (message: string, hint: string): HipError =>
    new HipError("unreadable-image", message, { hint, cause });
  if (cause.code === "Z_BUF_ERROR") return fail(`The gzip data ends early, after ${found}`, COPY_AGAIN);
  if (cause.code === "ERR_BUFFER_TOO_LARGE") {
    return fail(
      `The gzip data inflates to more than ${maxBytes} bytes`,
      "Inflate the file first, if you trust it",
    );
  }
  return fail(`The gzip data is damaged (${cause.message}) in ${found}`, COPY_AGAIN);
}

/**
 * Undoes gzip: all members, checksums verified.
 * @throws HipError "unreadable-image": ends early, damaged, or more than `maxBytes`.
 */
export const inflateGzip: Inflate = (compressed, maxBytes) =>
  new Promise((resolve, reject) => {
    // One byte more than stated, so that zlib sees the end without asking for a second buffer.
    const chunkSize = Math.min(Math.max(statedSize(compressed) + 1, 2 ** 14), LARGEST_CHUNK);
    gunzip(compressed, { maxOutputLength: maxBytes, chunkSize }, (error, bytes) => {
      if (error === null) resolve(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      else reject(inflateError(error, compressed, maxBytes));
    });
  });

/** gzip at level 6, with neither time nor operating system in its header: equal input, equal bytes. */
export function gzip(bytes: Uint8Array): Uint8Array {
  const packed = gzipSync(bytes, { level: 6, strategy: constants.Z_DEFAULT_STRATEGY });
  packed.fill(0, 4, 8); // MTIME
  packed[9] = 255; // OS: unknown
  return new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
}
