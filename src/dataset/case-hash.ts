/**
 * Images known by their content, so that a model can say which it learnt from without naming anybody: SHA-256 over kind,
 * shape, spacing and the little-endian numbers, as they are decoded.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { DecodedCase } from "./types.ts";

export type HashedContent = Pick<DecodedCase, "width" | "height" | "depth" | "spacingMm">;

/** Of the 64 digits of a sum: two of a million images share these by accident with a probability of 3e-8. */
const CASE_HASH_DIGITS = 16;

/** What stands before the numbers. */
export function hashHead(
  kind: "float32" | "uint8",
  { width, height, depth, spacingMm }: HashedContent,
): string {
  // Files of other formats state the same spacing with other rounding.
  const spacing = spacingMm.map((mm) => Number(mm.toPrecision(5)));
  return `${JSON.stringify([kind, [width, height, depth], spacing])}\n`;
}

/** What a card calls an image by. @param image its whole sum in hexadecimal */
export const shortHash = (image: string): string => image.slice(0, CASE_HASH_DIGITS);

/** Hexadecimal SHA-256 of a case's image. Typed arrays are little-endian on every supported machine. */
export function hashImage(content: HashedContent & Pick<DecodedCase, "image">): string {
  const { buffer, byteOffset, byteLength } = content.image;
  return hash("float32", content, new Uint8Array(buffer, byteOffset, byteLength));
}

/** Hexadecimal SHA-256 of a case's mask. */
export function hashMask(content: HashedContent & Pick<DecodedCase, "mask">): string {
  return hash("uint8", content, content.mask);
}

function hash(kind: "float32" | "uint8", content: HashedContent, bytes: Uint8Array): string {
  const head = new TextEncoder().encode(hashHead(kind, content));
  return bytesToHex(sha256.create().update(head).update(bytes).digest());
}
