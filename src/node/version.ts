/** The package's version, from its package.json. */
import { readFileSync } from "node:fs";

function readVersion(): string {
  // Two folders up from src/node and from dist/node alike.
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed === "object" && parsed !== null && "version" in parsed) return String(parsed.version);
  throw new Error("internal: package.json has no version");
}

export const VERSION = readVersion();
