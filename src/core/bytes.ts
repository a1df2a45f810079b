/** What a platform lends the core: where bytes come from and how gzip is undone. */
import { HipError } from "./errors.ts";

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
  /**
   * Stops after `maxBytes` instead of failing where there is more: to look at a header. `compressed` may be the
   * file's start alone, and gives what it holds. No checksum is verified.
   */
  readonly startOnly?: boolean;
}

/**
 * Undoes gzip (all members, checksums verified) or zlib. The bytes it gives are the caller's own, to change.
 * @param maxBytes more output than this is an InflateLimitError, so that a small file cannot ask for gigabytes.
 */
export type Inflate = (
  compressed: Uint8Array,
  maxBytes: number,
  options?: InflateOptions,
) => Promise<Uint8Array>;

/** More output than the caller allowed. */
export class InflateLimitError extends HipError {
  constructor(what: string, options: { readonly cause?: unknown } = {}) {
    super("unreadable-image", what, { hint: "Inflate the file first, if you trust it", ...options });
  }
}

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

/** The bytes of all parts, one after another, in a new array. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
