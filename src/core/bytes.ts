/** What a platform lends the core: where bytes come from and how gzip is undone. */

/** Random access to a file's bytes. Node and the browser each implement it. */
export interface ByteSource {
  /** Bytes in all. */
  readonly size: number;
  /** The bytes `[offset, offset + length)`; rejects when they are not all there. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export interface InflateOptions {
  /** Default "gzip". MetaImage and PNG use "zlib" (RFC 1950). */
  readonly format?: "gzip" | "zlib";
  /** Stops after `maxBytes` instead of failing where there is more: to look at a header. No checksum is verified. */
  readonly startOnly?: boolean;
}

/**
 * Undoes gzip (all members, checksums verified) or zlib.
 * @param maxBytes more output than this is an error, so that a small file cannot ask for gigabytes.
 */
export type Inflate = (
  compressed: Uint8Array,
  maxBytes: number,
  options?: InflateOptions,
) => Promise<Uint8Array>;

/** A ByteSource over bytes in memory. */
export function makeByteSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.byteLength,
    read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > bytes.byteLength) {
        return Promise.reject(
          new RangeError(
            `Cannot read bytes ${offset} to ${offset + length}: the source has ${bytes.byteLength}`,
          ),
        );
      }
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
  };
}
