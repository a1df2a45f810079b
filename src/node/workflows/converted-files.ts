/** The files of a conversion on disk. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writtenFiles } from "../../dataset/convert-names.ts";
import type { ConvertedFile } from "../../dataset/convert-write.ts";
import { quoteSome, sortNaturally } from "../../dataset/listing.ts";
import { MAPPING_JSON, type Mapping, parseMapping } from "../../dataset/mapping-json.ts";
import { gzipInPool } from "../gzip-pool.ts";

/** Files written at once. */
const FILES_AT_ONCE = 32;

/**
 * Why a folder is no earlier conversion that may be replaced: it has no mapping.json of ours, or more files than that
 * says were written; undefined where it may be.
 */
export async function whyNotConversion(path: string, names: readonly string[]): Promise<string | undefined> {
  const text = await readFile(join(path, MAPPING_JSON), "utf8").catch(() => "");
  const mapping = parseMapping(text);
  const more = mapping === undefined ? names : await foreignIn(path, names, mapping);
  if (mapping !== undefined && more.length === 0) return undefined;
  return `it holds more than an earlier conversion: found ${quoteSome(sortNaturally(more))}`;
}

/** What lies in a conversion and was not written by it. */
async function foreignIn(path: string, names: readonly string[], mapping: Mapping): Promise<string[]> {
  const own = writtenFiles(mapping);
  const folders = new Set([...own].flatMap((file) => file.split("/").slice(0, -1)));
  const foreign: string[] = [];
  for (const name of names) {
    if (!folders.has(name)) {
      if (!own.has(name)) foreign.push(name);
      continue;
    }
    const inside = await readdir(join(path, name), { withFileTypes: true }).catch(() => undefined);
    if (inside === undefined) foreign.push(name);
    for (const item of inside ?? []) {
      const file = `${name}/${item.name}`;
      if (!item.isFile() || !own.has(file)) foreign.push(file);
    }
  }
  return foreign;
}

/** Waits for all of them also when one fails, so that nothing is written any more when the folder is removed. */
async function writeBatch(folder: string, batch: readonly ConvertedFile[]): Promise<void> {
  const settled = await Promise.allSettled(
    batch.map(async ({ path, bytes, gzip: isPacked }) =>
      writeFile(join(folder, path), isPacked ? await gzipInPool(bytes) : bytes),
    ),
  );
  const failed = settled.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Writes files a few at a time. @returns how many */
export async function writeFiles(
  folder: string,
  files: Iterable<ConvertedFile>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let count = 0;
  let batch: ConvertedFile[] = [];
  for (const file of files) {
    count++;
    if (batch.push(file) < FILES_AT_ONCE) continue;
    await writeBatch(folder, batch);
    batch = [];
    signal?.throwIfAborted();
  }
  await writeBatch(folder, batch);
  return count;
}
