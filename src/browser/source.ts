/** A ByteSource over a File or Blob: nothing is read before it is asked for. */
import type { ByteSource } from "../core/bytes.ts";

export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    async read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > blob.size) {
        throw new RangeError(
          `Cannot read bytes ${offset} to ${offset + length}: the file has ${blob.size} bytes`,
        );
      }
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
  };
}
