/**
 * The part of the case cache that lies on disk. A file's content is known by the SHA-256 of its raw bytes.
 *
 *     CACHE/cases/ab/abcd….case    one decoded case (dataset/cache.ts)
 *     CACHE/files.txt              which SHA-256 a file had, by device, inode, size, mtime and ctime in ns, so that
 *                                  23,000 files need not be read to find their cases; where any of these differs,
 *                                  or the file changed within the last 2 s, its bytes are hashed again
 *     CACHE/labels.txt             which labels a mask has, by its SHA-256
 *
 * Nothing is ever deleted: the folder may be removed at any time.
 */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { messageOf } from "../core/errors.ts";
import { readCase, writeCase } from "../dataset/cache.ts";
import { type Folder, readMarked } from "../dataset/folder.ts";
import type { CaseEntry, DecodedCase } from "../dataset/types.ts";
import { writeFileAtomic } from "./atomic.ts";
import { addLines, type Line, readLines } from "./checked-lines.ts";
import { sha256Of } from "./sha256.ts";

export interface HashedFile {
  readonly hash: string;
  readonly bytes: Uint8Array | undefined;
}

export interface CaseStore {
  /** Undefined where there is none or it is damaged. */
  readCase(key: string, entry: CaseEntry): Promise<DecodedCase | undefined>;
  writeCase(key: string, decoded: DecodedCase): Promise<void>;
  /** The SHA-256 of a file's raw bytes, in hexadecimal, and the bytes themselves where they had to be read. */
  hashFile(folder: Folder, path: string): Promise<HashedFile>;
  /** Remembers what hashFile() learnt. */
  keepHashes(): Promise<void>;
  readLabels(hash: string): Promise<readonly number[] | undefined>;
  writeLabels(found: ReadonlyMap<string, readonly number[]>): Promise<void>;
  /** At most one: that nothing more is written, and why. */
  readonly warnings: readonly string[];
}

/** @param root made on the first write; where that fails, what can be read is still used. */
export function openCaseStore(root: string): CaseStore {
  const warnings: string[] = [];
  const filesPath = join(root, "files.txt");
  const labelsPath = join(root, "labels.txt");
  const pathOf = (key: string): string => join(root, "cases", key.slice(0, 2), `${key}.case`);
  let files: Promise<Map<string, string>> | undefined;
  let labels: Promise<Map<string, string>> | undefined;
  const news: Line[] = [];

  async function write(path: string, work: () => Promise<void>): Promise<void> {
    if (warnings.length > 0) return;
    try {
      await mkdir(dirname(path), { recursive: true });
      await work();
    } catch (error) {
      // Again: others may have failed while this one waited.
      if (warnings.length === 0) {
        warnings.push(`Cannot write the cache in "${root}", going on without it: ${messageOf(error)}`);
      }
    }
  }

  return {
    warnings,
    async readCase(key, entry) {
      const bytes = await readFile(pathOf(key)).catch(() => undefined);
      return bytes === undefined ? undefined : readCase(bytes, entry, crc32);
    },
    writeCase: (key, decoded) =>
      // Its checksum tells a block that a crash of the machine has cut, and it can be made again: no need to wait for the disk.
      write(pathOf(key), () => writeFileAtomic(pathOf(key), writeCase(decoded, crc32), { isDurable: false })),
    async hashFile(folder, path) {
      files ??= readLines(filesPath);
      const known = await files;
      const { bytes, fingerprint } = await readMarked(folder, path, (each) => known.has(each));
      if (bytes === undefined) return { hash: known.get(fingerprint!)!, bytes };
      const hash = sha256Of(bytes);
      if (fingerprint !== undefined) {
        known.set(fingerprint, hash);
        news.push([fingerprint, hash]);
      }
      return { hash, bytes };
    },
    async keepHashes() {
      const lines = news.splice(0);
      if (lines.length > 0) await write(filesPath, () => addLines(filesPath, lines));
    },
    async readLabels(hash) {
      labels ??= readLines(labelsPath);
      return (await labels).get(hash)?.split(",").map(Number);
    },
    async writeLabels(found) {
      const lines = [...found].map(([hash, ids]): Line => [hash, ids.join(",")]);
      if (lines.length > 0) await write(labelsPath, () => addLines(labelsPath, lines));
    },
  };
}
