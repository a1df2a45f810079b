/** The digest by which models, files and settings are called. */
import { createHash } from "node:crypto";

/** SHA-256 (FIPS 180-4) of bytes, or of a text in UTF-8: 64 hexadecimal digits. */
export const sha256Of = (content: Uint8Array | string): string =>
  createHash("sha256").update(content).digest("hex");
