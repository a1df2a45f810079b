/** A folder that appears whole or not at all. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, realpath, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { HipError } from "../core/errors.ts";
import { makeFolder, writeError } from "./atomic.ts";

export interface NewFolderOptions {
  readonly out: string;
  /** Replace a folder that is there already, if `isOurs` says that it may be. */
  readonly overwrite: boolean;
  /** What such a folder is, for messages: "conversion". */
  readonly what: string;
  /** Whether a folder that is there holds nothing but what an earlier run wrote. */
  isOurs(path: string, names: readonly string[]): Promise<boolean>;
  /** Folders that are read from: none of them may be replaced. */
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

const realPathOf = (path: string): Promise<string> => realpath(path).catch(() => resolve(path));

/** Whether `inner` is `outer` or lies in it. */
async function isWithin(inner: string, outer: string): Promise<boolean> {
  const way = relative(await realPathOf(outer), await realPathOf(inner));
  return way !== ".." && !way.startsWith(`..${sep}`) && resolve(way) !== way;
}

/** @throws HipError "usage" where the folder must not be written */
export async function checkNewFolder(options: NewFolderOptions): Promise<void> {
  const { out, overwrite, what, sources } = options;
  const names = await namesIn(out);
  if (names === undefined) return;
  for (const source of sources) {
    if (!(await isWithin(source, out))) continue;
    throw new HipError("usage", `Cannot write to "${out}": it holds the data that is read`, {
      hint: "Give the name of a new folder",
    });
  }
  if (names.length > 0 && !overwrite) {
    throw new HipError("usage", `Folder "${out}" is not empty: found "${[...names].sort()[0]}"`, {
      hint: `Give another folder, or replace an earlier ${what} with --overwrite`,
    });
  }
  if (names.length > 0 && !(await options.isOurs(out, names))) {
    throw new HipError("usage", `Cannot overwrite folder "${out}": it holds more than an earlier ${what}`, {
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
  const out = resolve(options.out);
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
