/**
 * Decoded cases, kept in memory and on disk (case-store.ts). A case on disk is found by the content of its
 * files, so a changed file is a new case and never a stale one.
 */
import { homedir, totalmem } from "node:os";
import { join } from "node:path";
import { makeByteSource } from "../core/bytes.ts";
import { IGNORE_LABEL } from "../core/labels.ts";
import { mapParallel } from "../core/parallel.ts";
import { DECODER_VERSION } from "../dataset/cache.ts";
import { makeCaseMemory } from "../dataset/case-memory.ts";
import { type DecodeContext, decodeCase } from "../dataset/decode.ts";
import type { Folder } from "../dataset/folder.ts";
import { gatherLabels, type LabelScan, scanMask } from "../dataset/labels.ts";
import type { CaseEntry, DecodedCase } from "../dataset/types.ts";
import { type HashedFile, openCaseStore } from "./case-store.ts";
import { inflateGzip } from "./inflate.ts";
import { inflateTogether } from "./inflate-together.ts";
import { sha256Of } from "./sha256.ts";

const AT_ONCE = 16;

/** The voxels lie in another file, whose changes the hash of this one would not show: such cases are not kept on disk. */
const isOnlyHeader = (path: string): boolean => /\.(?:hdr|hdr\.gz|img|img\.gz|mhd|nhdr)$/i.test(path);

export interface CaseCacheStats {
  /** Cases that came from memory or disk. */
  readonly hits: number;
  /** Cases that had to be decoded. */
  readonly misses: number;
  /** Image and mask files decoded. */
  readonly inflated: number;
}

export interface CaseCache {
  /**
   * The decoded case. Its arrays are shared with later callers: do not write to them.
   * A case that this process holds in memory is not compared with its files again.
   * @throws HipError as decodeCase()
   */
  get(entry: CaseEntry, context: DecodeContext): Promise<DecodedCase>;
  /** As scanLabels(), remembering what each mask holds; for readDataset(). */
  readonly scanLabels: LabelScan;
  stats(): CaseCacheStats;
  /** What went wrong with the cache itself, which never stops the work. */
  warnings(): readonly string[];
}

/** HIPMRI_CACHE, else hipmri-unet in XDG_CACHE_HOME or ~/.cache. */
export function defaultCacheFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return env.HIPMRI_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "hipmri-unet");
}

/** The machine's memory in MiB, or the part of it that a container or job may use. */
function memoryLimitMb(): number {
  const limit = process.constrainedMemory();
  return (limit > 0 ? Math.min(limit, totalmem()) : totalmem()) / 2 ** 20;
}

/**
 * @param options.folder the cache's root; made on the first write
 * @param options.memoryMb decoded cases kept in memory, in MiB; default a quarter of the machine's memory.
 *   The least recently used leave first; 0 keeps none.
 */
export function makeCaseCache(
  options: { readonly folder?: string; readonly memoryMb?: number } = {},
): CaseCache {
  const store = openCaseStore(options.folder ?? defaultCacheFolder());
  const memory = makeCaseMemory((options.memoryMb ?? memoryLimitMb() / 4) * 2 ** 20);
  const pending = new Map<string, Promise<DecodedCase>>();
  const idOf = makeIdentities();
  let hits = 0;
  let misses = 0;
  let inflated = 0;

  async function load(entry: CaseEntry, context: DecodeContext): Promise<DecodedCase> {
    const paths = entry.files.flatMap((file) => [file.image, file.mask]);
    if (paths.some(isOnlyHeader)) {
      misses++;
      inflated += paths.length;
      return decodeCase(entry, context);
    }
    const files = await mapParallel(paths, AT_ONCE, (path) => store.hashFile(context.folder, path));
    await store.keepHashes();
    const hashes = files.map(({ hash }) => hash);
    const kept = await store.readCase(caseKey(paths, hashes, context), entry);
    if (kept !== undefined) {
      hits++;
      return kept;
    }
    misses++;
    inflated += paths.length;
    // Decoded from the very bytes that are hashed, so that a file changing meanwhile cannot spoil the cache.
    const bytes = await readRest(context.folder, paths, files);
    let isWhole = true;
    const folder = folderOf(bytes, (path) => {
      isWhole = false;
      return context.folder.open(path);
    });
    const inflate = context.inflate === inflateGzip ? inflateTogether(bytes.values()) : context.inflate;
    const decoded = await decodeCase(entry, { ...context, folder, inflate });
    // Voxels that came from another file are not in the key.
    if (!isWhole) return decoded;
    const decodedHashes = paths.map((path, i) => (files[i]!.bytes ? hashes[i]! : sha256Of(bytes.get(path)!)));
    await store.writeCase(caseKey(paths, decodedHashes, context), decoded);
    return decoded;
  }

  return {
    async get(entry, context) {
      const name = `${idOf(context.folder)} ${idOf(entry)} ${labelIds(context)} ${context.orientation}`;
      const held = memory.get(name);
      if (held !== undefined) {
        hits++;
        return held;
      }
      // No await between looking and setting, so that two callers cannot both start.
      const underway = pending.get(name);
      if (underway !== undefined) {
        const decoded = await underway;
        hits++;
        return decoded;
      }
      const loading = load(entry, context);
      pending.set(name, loading);
      try {
        const decoded = await loading;
        memory.set(name, decoded);
        return decoded;
      } finally {
        pending.delete(name);
      }
    },
    async scanLabels({ folder, inflate, masks, onBad }) {
      const news = new Map<string, readonly number[]>();
      try {
        const scan = async (path: string): Promise<readonly number[]> => {
          if (isOnlyHeader(path)) return scanMask(folder, path, inflate);
          const { hash, bytes } = await store.hashFile(folder, path);
          const known = await store.readLabels(hash);
          // Earlier versions remembered ids that are refused now: look again, so that it is told where.
          if (known !== undefined && !known.includes(IGNORE_LABEL)) return known;
          const read = bytes === undefined ? folder : folderOf(new Map([[path, bytes]]), folder.open);
          const found = await scanMask(read, path, inflate);
          news.set(hash, found);
          return found;
        };
        return await gatherLabels(masks, scan, onBad);
      } finally {
        await store.keepHashes();
        await store.writeLabels(news);
      }
    },
    stats: () => ({ hits, misses, inflated }),
    warnings: () => store.warnings,
  };
}

function labelIds(context: DecodeContext): string {
  return context.labels.map((label) => label.id).join(",");
}

function caseKey(paths: readonly string[], hashes: readonly string[], context: DecodeContext): string {
  const files = paths.map((path, i) => [path, hashes[i]]);
  return sha256Of(
    JSON.stringify({
      version: DECODER_VERSION,
      labels: labelIds(context),
      orientation: context.orientation,
      files,
    }),
  );
}

/** The bytes of all files: of those that were read, to be hashed, those. */
async function readRest(
  folder: Folder,
  paths: readonly string[],
  files: readonly HashedFile[],
): Promise<Map<string, Uint8Array>> {
  const all = await mapParallel(paths, AT_ONCE, async (path, i) => {
    const read = files[i]!.bytes;
    if (read !== undefined) return read;
    const source = await folder.open(path);
    return source.read(0, source.size);
  });
  return new Map(paths.map((path, i) => [path, all[i]!]));
}

/** A folder of files already read; what lies beside them is opened as before. */
function folderOf(files: ReadonlyMap<string, Uint8Array>, openOther: Folder["open"]): Folder {
  return {
    list: () => Promise.resolve([]),
    async open(path) {
      const bytes = files.get(path);
      return bytes === undefined ? openOther(path) : makeByteSource(bytes);
    },
  };
}

/** Numbers objects, so that they can be part of a text key without being kept alive. */
function makeIdentities(): (thing: object) => number {
  const ids = new WeakMap<object, number>();
  let next = 0;
  return (thing) => {
    const id = ids.get(thing) ?? next++;
    ids.set(thing, id);
    return id;
  };
}
