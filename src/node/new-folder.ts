/** A folder that appears whole or not at all. */
import { randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, realpath, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { HipError } from "../core/errors.ts";
import { makeFolder, writeError } from "./atomic.ts";

export interface NewFolderOptions {
  readonly out: string;
  /** Replace a folder that is there already, if nothing in it is the user's. */
  readonly overwrite: boolean;
  /** What such a folder is, for messages: "conversion". */
  readonly what: string;
  /** What a folder holds beside what an earlier run wrote, "it holds more than …"; undefined where nothing. */
  whyNotOurs(path: string, names: readonly string[]): Promise<string | undefined>;
  /** Folders that are read from: none of them may be replaced, nor written into. */
  readonly sources: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** @returns the names in a folder; undefined where there is none. @throws HipError "usage" of a file */
async function namesIn(path: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return undefined;
    if (code === "ENOTDIR") {
      throw new HipError("usage", `Cannot write to "${path}": expected a folder, found a file`, {
        hint: "Give another folder",
      });
    }
    throw writeError(`open "${path}"`, error);
  }
}

/** The path without links, also of what is not there yet. */
async function realPathOf(path: string): Promise<string> {
  const full = resolve(path);
  const parent = dirname(full);
  try {
    return await realpath(full);
  } catch {
    return parent === full ? full : join(await realPathOf(parent), basename(full));
  }
}

/** Whether `inner` is `outer` or lies in it. */
async function isWithin(inner: string, outer: string): Promise<boolean> {
  const way = relative(await realPathOf(outer), await realPathOf(inner));
  return way !== ".." && !way.startsWith(`..${sep}`) && resolve(way) !== way;
}

const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );

/** @throws HipError "usage" where the folder must not be written */
export async function checkNewFolder(options: NewFolderOptions): Promise<void> {
  const { out, overwrite, what, sources } = options;
  const names = await namesIn(out);
  for (const source of sources) {
    const holds = names !== undefined && (await isWithin(source, out));
    if (!holds && !(await isWithin(out, source))) continue;
    const what = holds ? "it holds the data that is read" : "it lies in the data that is read";
    throw new HipError("usage", `Cannot write to "${out}": ${what}`, {
      hint: holds ? "Give the name of a new folder" : "Give a folder outside of the data",
    });
  }
  if (names === undefined) {
    if (!(await isLink(out))) return;
    throw new HipError("usage", `Cannot write to "${out}": it is a link to a folder that is not there`, {
      hint: "Make that folder, or give another one",
    });
  }
  if (names.length > 0 && !overwrite) {
    throw new HipError("usage", `Folder "${out}" is not empty: found "${[...names].sort()[0]}"`, {
      hint: `Give another folder, or replace an earlier ${what} with --overwrite`,
    });
  }
  const why = names.length > 0 ? await options.whyNotOurs(out, names) : undefined;
  if (why !== undefined) {
    throw new HipError("usage", `Cannot overwrite folder "${out}": ${why}`, {
      hint: "Give another folder, or empty this one yourself",
    });
  }
  if (await isWithin(process.cwd(), out)) {
    throw new HipError("usage", `Cannot replace folder "${out}": you are working inside it`, {
      hint: "Give the name of a new folder",
    });
  }
}

/** Puts a finished folder in place of `target`, which is missing, empty or an earlier one. */
async function install(finished: string, target: string): Promise<void> {
  const names = await namesIn(target);
  if (names === undefined) return rename(finished, target);
  if (names.length === 0) {
    await rmdir(target);
    return rename(finished, target);
  }
  const old = `${finished}.old`;
  await rename(target, old);
  await rename(finished, target);
  await rm(old, { recursive: true, force: true });
}

/**
 * Lends `work` a folder beside `out` that takes its name once the work is done; nothing is left of it where it fails.
 * @throws HipError "usage" as checkNewFolder(); "disk"; and what `work` throws
 */
export async function writeNewFolder<T>(
  options: NewFolderOptions,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await checkNewFolder(options);
  // Of a link to a folder that folder is replaced: a link is none, and stays.
  const out = await realPathOf(options.out);
  await makeFolder(dirname(out));
  const temporary = join(dirname(out), `.${basename(out)}.${randomUUID()}.tmp`);
  try {
    await mkdir(temporary);
    const result = await work(temporary);
    options.signal?.throwIfAborted();
    await install(temporary, out);
    return result;
  } catch (cause) {
    // The first failure is the one to tell, even where cleaning up fails as well.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    if (options.signal?.aborted) throw cause;
    throw writeError(`write the ${options.what} to "${options.out}"`, cause);
  }
}
