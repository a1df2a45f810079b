/** Reading files in Node. */
import type { BigIntStats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ByteSource, makeByteSource } from "../core/bytes.ts";
import { HipError, type HipErrorCode, messageOf } from "../core/errors.ts";
import type { ImageFile } from "../formats/image-file.ts";
import { type QuickRead, quickRead } from "./quick-read.ts";

/** Linux reads at most 2 GiB a call. */
const LARGEST_READ = 2 ** 30;

const REASONS: Readonly<Record<string, readonly [code: HipErrorCode, reason: string, hint: string]>> = {
  ENOENT: ["not-found", "there is no such file", "Check the path"],
  ENOTDIR: ["not-found", "a part of its path is a file, not a folder", "Check the path"],
  EISDIR: ["not-found", "it is a folder, not a file", "Name a file in it"],
  EACCES: ["disk", "permission denied", "Give yourself the right to read it (chmod, chown)"],
  EPERM: ["disk", "permission denied", "Give yourself the right to read it (chmod, chown)"],
};

function readError(path: string, cause: unknown): unknown {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const known = REASONS[code];
  if (known !== undefined) {
    return new HipError(known[0], `Cannot read "${path}": ${known[1]}`, { hint: known[2], cause });
  }
  if (code === "") return cause;
  const hint = "Check the disk, and copy the file to another one";
  return new HipError("disk", `Cannot read "${path}": ${messageOf(cause)}`, { hint, cause });
}

async function withReason<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw readError(path, cause);
  }
}

async function readExactly(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const step = Math.min(length - done, LARGEST_READ);
    const { bytesRead } = await handle.read(bytes, done, step, offset + done);
    if (bytesRead === 0) {
      throw new RangeError(
        `Cannot read bytes ${offset} to ${offset + length}: the file ends at ${offset + done}`,
      );
    }
    done += bytesRead;
  }
  return bytes;
}

const isFolder = (): Error => Object.assign(new Error("is a directory"), { code: "EISDIR" });

async function openHandle(path: string): Promise<{ handle: FileHandle; size: number; regular: boolean }> {
  const handle = await open(path, "r");
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw isFolder();
    return { handle, size: stats.size, regular: stats.isFile() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Opens a file for random access; close it when done.
 * @throws HipError "not-found", "disk"
 */
export async function openFile(path: string): Promise<ByteSource & { close(): Promise<void> }> {
  const { handle, size } = await withReason(path, () => openHandle(path));
  return {
    size,
    async read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > size) {
        throw new RangeError(`Cannot read bytes ${offset} to ${offset + length}: "${path}" has ${size}`);
      }
      return await withReason(path, () => readExactly(handle, offset, length));
    },
    close: () => handle.close(),
  };
}

/** A file that is open only while it is read, so that thousands of them need no more handles than are read at once. */
export function closedSource(path: string, size: number): ByteSource {
  return {
    size,
    async read(offset, length) {
      const file = await openFile(path);
      try {
        return await file.read(offset, length);
      } finally {
        await file.close();
      }
    },
  };
}

/**
 * A source of a file that is there, its bytes in memory if it is small, else closed while it is not read.
 * @throws HipError "not-found", "disk"
 */
export async function smallOrClosed(path: string): Promise<ByteSource> {
  const { before, bytes } = await withReason(path, () => quickRead(path));
  if (bytes !== undefined) return makeByteSource(bytes);
  if (before.isDirectory()) throw readError(path, isFolder());
  return closedSource(path, Number(before.size));
}

/**
 * All bytes of a file, and how it was before and after they were read.
 * @param wants whether the bytes of a file that stands so are asked for; else there are none
 * @throws HipError "not-found", "disk"
 */
export function readWatched(path: string, wants: (before: BigIntStats) => boolean): Promise<QuickRead> {
  return withReason(path, async () => {
    const quick = await quickRead(path, wants);
    if (quick.bytes !== undefined || !wants(quick.before)) return quick;
    const handle = await open(path, "r");
    try {
      const before = await handle.stat({ bigint: true });
      if (before.isDirectory()) throw isFolder();
      const bytes = await readExactly(handle, 0, Number(before.size));
      return { bytes, before, after: await handle.stat({ bigint: true }) };
    } finally {
      await handle.close();
    }
  });
}

/**
 * Lends `work` an image file with the way to the files beside it; all of them are closed afterwards.
 * @throws HipError "not-found", "disk" and what `work` throws
 */
export async function withImageFile<T>(path: string, work: (file: ImageFile) => Promise<T>): Promise<T> {
  const opened: { close(): Promise<void> }[] = [];
  const openKept = async (file: string): Promise<ByteSource> => {
    const source = await openFile(file);
    opened.push(source);
    return source;
  };
  try {
    const source = await openKept(path);
    return await work({ name: path, source, openBeside: (name) => openKept(join(dirname(path), name)) });
  } finally {
    for (const source of opened) await source.close();
  }
}

/**
 * All bytes of a file.
 * @throws HipError "not-found", "disk"
 */
export function readWholeFile(path: string): Promise<Uint8Array> {
  return withReason(path, async () => {
    const { handle, size, regular } = await openHandle(path);
    try {
      // A pipe, such as /dev/stdin, has no size.
      return regular ? await readExactly(handle, 0, size) : new Uint8Array(await handle.readFile());
    } finally {
      await handle.close();
    }
  });
}
