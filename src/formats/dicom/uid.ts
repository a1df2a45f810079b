/** UIDs made from a hash of what they stand for: equal input, equal UIDs, with neither clock nor chance. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

/** SHA-256 of the parts, keyed by `secret` where there is one. Lengths keep ["ab", "c"] and ["a", "bc"] apart. */
export function digest(parts: readonly (string | Uint8Array)[], secret?: string): Uint8Array {
  const encoder = new TextEncoder();
  const hash = secret === undefined ? sha256.create() : hmac.create(sha256, encoder.encode(secret));
  for (const part of parts) {
    const bytes = typeof part === "string" ? encoder.encode(part) : part;
    hash.update(encoder.encode(`${bytes.length}:`)).update(bytes);
  }
  return hash.digest();
}

/** "2.25." and a UUID of version 8 (RFC 9562) as one number (PS3.5 section B.2). */
export function uidFrom(parts: readonly (string | Uint8Array)[], secret?: string): string {
  const bytes = digest(parts, secret).slice(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  let value = 0n;
  for (const byte of bytes) value = value * 256n + BigInt(byte);
  return `2.25.${value}`;
}
