/** A folder on disk as the data set code wants it. */
import type { BigIntStats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { HipError } from "../core/errors.ts";
import type { Folder, FolderItem } from "../dataset/folder.ts";
import { readWatched, smallOrClosed } from "./files.ts";

/**
 * A file changed so lately could change again within the clock's tick and keep its times, as Git's "racy" files:
 * it gets no fingerprint yet.
 */
const SETTLED_MS = 2_000;

/** A folder on disk. Links are followed; what is neither file nor folder is left out. */
export function openFolder(root: string): Folder {
  return {
    async list(path) {
      const folder = join(root, path);
      const items = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
        throw cannotList(folder, cause);
      });
      const kinds = await Promise.all(
        items.map((item): Promise<FolderItem["kind"] | undefined> | FolderItem["kind"] | undefined => {
          if (item.isFile()) return "file";
          if (item.isDirectory()) return "folder";
          return item.isSymbolicLink() ? kindOfTarget(join(folder, item.name)) : undefined;
        }),
      );
      return items.flatMap((item, i): FolderItem[] => {
        const kind = kinds[i];
        return kind === undefined ? [] : [{ name: item.name, kind }];
      });
    },
    // A slice is read at once; of a volume perhaps the header only.
    open: (path) => smallOrClosed(join(root, path)),
    async fingerprint(path) {
      return fingerprintOf(await stat(join(root, path), { bigint: true }));
    },
    async readMarked(path, isKnown) {
      const { bytes, before, after } = await readWatched(join(root, path), (stats) => {
        const fingerprint = fingerprintOf(stats);
        return fingerprint === undefined || !isKnown(fingerprint);
      });
      const fingerprint = fingerprintOf(after);
      // Only if the file is still the one that was looked at before its bytes were read.
      return { bytes, fingerprint: fingerprint === fingerprintOf(before) ? fingerprint : undefined };
    },
  };
}

function fingerprintOf(found: BigIntStats): string | undefined {
  // ctime cannot be set, so that a rewritten file with a restored mtime is noticed too.
  if (Date.now() - Number(found.ctimeMs) < SETTLED_MS) return undefined;
  return [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join("-");
}

async function kindOfTarget(path: string): Promise<FolderItem["kind"] | undefined> {
  try {
    const target = await stat(path);
    return target.isFile() ? "file" : target.isDirectory() ? "folder" : undefined;
  } catch {
    // A dangling link: its partner, if any, will be reported as lacking it.
    return undefined;
  }
}

function cannotList(folder: string, cause: unknown): HipError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT") {
    return new HipError("not-found", `Cannot find folder "${folder}"`, { hint: "Check the path", cause });
  }
  if (code === "ENOTDIR") {
    return new HipError("not-found", `Cannot list "${folder}": it must be a folder, got a file`, {
      hint: "Give the folder that holds the data; a single image is judged with --mask",
      cause,
    });
  }
  return new HipError("disk", `Cannot list folder "${folder}": ${String(code ?? cause)}`, {
    hint: "Check that you may read it",
    cause,
  });
}
