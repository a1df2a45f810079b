/** Images known by their content, so that a model can say which it learnt from without naming anybody. */
import { createHash } from "node:crypto";
import { endianness } from "node:os";
import { type HashedContent, hashHead, shortHash } from "../../dataset/case-hash.ts";
import type { DecodedCase } from "../../dataset/types.ts";
import { sha256Of } from "../sha256.ts";

/** Hexadecimal SHA-256 sums. */
export interface CaseDigest {
  readonly image: string;
  readonly mask: string;
}

type Content = HashedContent & Pick<DecodedCase, "image">;

/** As hashImage() and hashMask(), several times as fast. */
const sum = (kind: "float32" | "uint8", content: HashedContent, bytes: Uint8Array): string =>
  createHash("sha256").update(hashHead(kind, content)).update(bytes).digest("hex");

function imageSum(decoded: Content): string {
  const { buffer, byteOffset, byteLength } = decoded.image;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return sum("float32", decoded, endianness() === "LE" ? bytes : Buffer.from(bytes).swap32());
}

/** What a card calls an image by: shape, spacing and little-endian float32 values, as they are decoded. */
export function caseHash(decoded: Content): string {
  return shortHash(imageSum(decoded));
}

/** Image and mask of a case, whatever their files are called and packed with. */
export function digestCase(decoded: DecodedCase): CaseDigest {
  return { image: imageSum(decoded), mask: sum("uint8", decoded, decoded.mask) };
}

/** Of images, sorted: their order says nothing of who is who. */
export function caseHashes(digests: readonly CaseDigest[]): readonly string[] {
  return digests.map(({ image }) => shortHash(image)).sort();
}

/** "sha256:…" over all cases, in whatever order they come. */
export function dataDigest(digests: readonly CaseDigest[]): string {
  const lines = digests.map(({ image, mask }) => `${image} ${mask}\n`).sort();
  return `sha256:${sha256Of(lines.join(""))}`;
}
