/** gzip on Node's thread pool, for many files at a time. */
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";

const deflate = promisify<Uint8Array, object, Buffer>(gzip);

/** The very bytes of gzip() in inflate.ts, made beside the main thread. */
export async function gzipInPool(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = await deflate(bytes, { level: 6, strategy: constants.Z_DEFAULT_STRATEGY });
  packed.fill(0, 4, 8); // MTIME
  packed[9] = 255; // OS: unknown
  return new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
}
