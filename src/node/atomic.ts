/** Writing files so that a reader, or a crash, never sees half of one. */
import { randomUUID } from "node:crypto";
import { constants, copyFile, link, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HipError, type HipErrorCode, messageOf } from "../core/errors.ts";

const RIGHTS = "Give yourself the right to write there (chmod, chown), or choose another folder with --out";
const PATH = "Check the path, or make the folder first";
const REASONS: Readonly<Record<string, readonly [code: HipErrorCode, reason: string, hint: string]>> = {
  ENOSPC: ["disk", "no space is left on the disk", "Free some space, or choose another disk with --out"],
  EDQUOT: ["disk", "your disk quota is used up", "Delete files of yours, or choose another disk with --out"],
  EFBIG: [
    "disk",
    "the file is larger than is allowed",
    "Raise the limit (ulimit -f), or choose another disk with --out",
  ],
  EACCES: ["disk", "permission denied", RIGHTS],
  EPERM: ["disk", "permission denied", RIGHTS],
  EROFS: ["disk", "the disk is read-only", "Choose another folder with --out"],
  ENOENT: ["not-found", "its folder does not exist", PATH],
  ENOTDIR: ["not-found", "a part of its path is a file, not a folder", PATH],
  EEXIST: ["disk", "a file of that name is in the way", "Move the file away, or choose another name"],
  EISDIR: ["disk", "a folder of that name is in the way", "Move the folder away, or choose another name"],
  ENOTEMPTY: ["disk", "a folder of that name is in the way", "Move the folder away, or choose another name"],
};

/**
 * What to tell the user about a failed write. Errors that no system call caused are given back as they are.
 * @param what e.g. `write "run/model.onnx" (1234 bytes)`
 */
export function writeError(what: string, cause: unknown): unknown {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "" || cause instanceof HipError) return cause;
  const known = REASONS[code];
  if (known !== undefined)
    return new HipError(known[0], `Cannot ${what}: ${known[1]}`, { hint: known[2], cause });
  const hint = "Check the disk, or choose another one with --out";
  return new HipError("disk", `Cannot ${what}: ${messageOf(cause)}`, { hint, cause });
}

/** Makes a rename durable. Windows cannot open a folder, and some network disks cannot sync one: there it is best effort. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP"].includes(code)) throw error;
  }
}

function piecesOf(content: Uint8Array | string | readonly Uint8Array[]): readonly Uint8Array[] {
  if (typeof content === "string") return [new TextEncoder().encode(content)];
  return content instanceof Uint8Array ? [content] : content;
}

/**
 * Writes a file whole or not at all: under a temporary name in the same folder, synced, then renamed over `path`.
 * @param content may be in pieces
 * @param options.isDurable default true; false leaves it to the system when the disk has it, so that only a crash of
 *   the machine, not of the program, can cut the file
 * @throws HipError "disk" (no space, no permission), "not-found" (no such folder); the temporary file is removed.
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | string | readonly Uint8Array[],
  { isDurable = true }: { readonly isDurable?: boolean } = {},
): Promise<void> {
  const pieces = piecesOf(content);
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path).slice(0, 100)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, "wx");
    try {
      await writeFile(handle, pieces);
      if (isDurable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    if (isDurable) await syncFolder(folder);
  } catch (cause) {
    // The first failure is the one to tell, even where cleaning up fails as well.
    await rm(temporary, { force: true }).catch(() => undefined);
    const size = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    throw writeError(`write "${path}" (${size} bytes)`, cause);
  }
}

/** Disks without hard links. */
const NO_LINKS: readonly unknown[] = ["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EMLINK"];

/**
 * Writes a file whole, unless one is there: of several processes that do so at once, on one machine or on a shared
 * disk, exactly one wins.
 * On disks without hard links readers may for a moment see the file cut short.
 * @returns whether this one did
 * @throws HipError "disk", "not-found"
 */
export async function writeFileOnce(path: string, content: string): Promise<boolean> {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}.tmp`);
  await writeFileAtomic(temporary, content);
  try {
    // A link is made whole or not at all, and never over another file.
    await link(temporary, path).catch(async (error: NodeJS.ErrnoException) => {
      if (!NO_LINKS.includes(error.code)) throw error;
      // Never over another file either, but others may see it half written: who reads it looks again.
      await copyFile(temporary, path, constants.COPYFILE_EXCL);
    });
    await syncFolder(dirname(path));
    return true;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return false;
    throw writeError(`write "${path}"`, cause);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Removes a file or a folder with all that is in it; nothing happens where there is none. @throws HipError "disk" */
export async function removePath(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
    throw writeError(`remove "${path}"`, error);
  });
}

/**
 * Makes a folder and those above it; one that is there already is fine.
 * @throws HipError "disk", "not-found"
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw writeError(`make the folder "${path}"`, cause);
  }
}
