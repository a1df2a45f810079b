/** Images known by their content, so that a model can say which it learnt from without naming anybody. */
import { createHash } from "node:crypto";
import { endianness } from "node:os";
import type { DecodedCase } from "../../dataset/types.ts";

/** Hexadecimal SHA-256 sums. */
export interface CaseDigest {
  readonly image: string;
  readonly mask: string;
}

type Content = Pick<DecodedCase, "width" | "height" | "depth" | "spacingMm" | "image">;

/** Of the 64 digits of a sum: two of a million images share these by accident with a probability of 3e-8. */
const CASE_HASH_DIGITS = 16;

function sum(kind: string, { width, height, depth, spacingMm }: Content, bytes: Uint8Array): string {
  // Files of other formats state the same spacing with other rounding.
  const spacing = spacingMm.map((mm) => Number(mm.toPrecision(5)));
  const head = JSON.stringify([kind, [width, height, depth], spacing]);
  return createHash("sha256").update(`${head}\n`).update(bytes).digest("hex");
}

function imageSum(decoded: Content): string {
  const { buffer, byteOffset, byteLength } = decoded.image;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return sum("float32", decoded, endianness() === "LE" ? bytes : Buffer.from(bytes).swap32());
}

/** What a card calls an image by: shape, spacing and little-endian float32 values, as they are decoded. */
export function caseHash(decoded: Content): string {
  return shortHash(imageSum(decoded));
}

function shortHash(image: string): string {
  return image.slice(0, CASE_HASH_DIGITS);
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
  return `sha256:${createHash("sha256").update(lines.join("")).digest("hex")}`;
}
