/**
 * A file of `key value checksum` lines that several processes may add to. Lines that were torn by a crash or by
 * another writer fail their checksum and count as absent.
 */
import { appendFile, readFile, stat, writeFile } from "node:fs/promises";
import { sha256Of } from "./sha256.ts";

/** Beyond this size the file is not read and starts anew: stale lines are never taken out one by one. */
const MAX_BYTES = 64 * 2 ** 20;

/** Keys and values may not hold blanks or line ends. */
export type Line = readonly [key: string, value: string];

export async function readLines(path: string): Promise<Map<string, string>> {
  const lines = new Map<string, string>();
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes === undefined || bytes.length > MAX_BYTES) return lines;
  for (const line of bytes.toString("utf8").split("\n")) {
    const [key, value, sum] = line.split(" ");
    if (key !== undefined && value !== undefined && sum === checksumOf(key, value)) lines.set(key, value);
  }
  return lines;
}

export async function addLines(path: string, lines: readonly Line[]): Promise<void> {
  // Begins with a line end, so that a torn line before does not spoil the first of these.
  const text = lines.map(([key, value]) => `\n${key} ${value} ${checksumOf(key, value)}`).join("");
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  await (size > MAX_BYTES ? writeFile(path, `${text}\n`) : appendFile(path, `${text}\n`));
}

function checksumOf(key: string, value: string): string {
  return sha256Of(`${key} ${value}`).slice(0, 12);
}
