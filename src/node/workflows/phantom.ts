/** `hipmri phantom`: the synthetic data set as a folder, whole or not at all. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { HipError } from "../../core/errors.ts";
import { KERAS_SPLITS, kerasImageFolder, kerasMaskFolder } from "../../dataset/keras-slices.ts";
import { phantomFiles } from "../../dataset/phantom/files.ts";
import { type PhantomOptions, planPhantom } from "../../dataset/phantom/options.ts";
import { makeFolder, writeError } from "../atomic.ts";
import { gzip } from "../inflate.ts";

export interface WritePhantomOptions {
  readonly out: string;
  readonly phantom: PhantomOptions;
  /** Replace a phantom that is there already. */
  readonly overwrite?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
  /** Aborted: what was written is removed and the promise rejects. */
  readonly signal?: AbortSignal;
}

export interface WrittenPhantom {
  readonly path: string;
  readonly synthetic: true;
  readonly seed: number;
  readonly patients: PhantomOptions["patients"];
  readonly volumes: number;
  readonly slices: number;
  readonly files: number;
}

const README = "README.txt";
const README_START = "SYNTHETIC DATA";
const OWN_NAMES = new Set([
  README,
  ...KERAS_SPLITS.flatMap((split) => [kerasImageFolder(split), kerasMaskFolder(split)]),
]);
/** Files between two looks at the signal and the event loop. */
const FILES_AT_ONCE = 32;

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

/** Whether a folder holds a phantom and nothing else. */
async function isPhantom(path: string, names: readonly string[]): Promise<boolean> {
  if (!names.every((name) => OWN_NAMES.has(name))) return false;
  const readme = await readFile(join(path, README), "utf8").catch(() => "");
  return readme.startsWith(README_START);
}

async function checkTarget(path: string, overwrite: boolean): Promise<void> {
  const names = await namesIn(path);
  if (names === undefined) return;
  if (names.length > 0 && !overwrite) {
    throw new HipError("usage", `Folder "${path}" is not empty: found "${[...names].sort()[0]}"`, {
      hint: "Give another folder, or replace an earlier phantom with --overwrite",
    });
  }
  if (names.length > 0 && !(await isPhantom(path, names))) {
    throw new HipError("usage", `Cannot overwrite folder "${path}": it holds more than an earlier phantom`, {
      hint: "Give another folder, or empty this one yourself",
    });
  }
  if (!relative(resolve(path), process.cwd()).startsWith("..")) {
    throw new HipError("usage", `Cannot replace folder "${path}": you are working inside it`, {
      hint: "Give the name of a new folder",
    });
  }
}

interface Pending {
  readonly target: string;
  readonly bytes: Uint8Array;
}

/** Waits for all of them also when one fails, so that nothing is written any more when the folder is removed. */
async function writeBatch(batch: readonly Pending[]): Promise<void> {
  const settled = await Promise.allSettled(batch.map(({ target, bytes }) => writeFile(target, bytes)));
  const failed = settled.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function writeAll(folder: string, options: WritePhantomOptions, total: number): Promise<number> {
  let done = 0;
  let batch: Pending[] = [];
  for (const name of OWN_NAMES) if (name !== README) await mkdir(join(folder, name));
  for (const { path, bytes, gzip: isPacked } of phantomFiles(options.phantom)) {
    batch.push({ target: join(folder, path), bytes: isPacked ? gzip(bytes) : bytes });
    done++;
    if (batch.length < FILES_AT_ONCE && done < total) continue;
    await writeBatch(batch);
    batch = [];
    options.signal?.throwIfAborted();
    options.onProgress?.(done, total);
  }
  return done;
}

/** Puts a finished folder in place of `target`, which is missing, empty or an earlier phantom. */
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
 * Writes the phantom in the keras_slices layout: into a folder beside `out` that takes its name when it is complete.
 * @throws HipError "usage": bad options, or a folder that must not be replaced; "disk"
 */
export async function writePhantom(options: WritePhantomOptions): Promise<WrittenPhantom> {
  const { phantom } = options;
  const plan = planPhantom(phantom);
  const slices = plan.length * phantom.size.slices;
  await checkTarget(options.out, options.overwrite ?? false);
  const out = resolve(options.out);
  await makeFolder(dirname(out));
  const temporary = join(dirname(out), `.${basename(out)}.${randomUUID()}.tmp`);
  try {
    await mkdir(temporary);
    const files = await writeAll(temporary, options, 2 * slices + 1);
    await install(temporary, out);
    return {
      path: options.out,
      synthetic: true,
      seed: phantom.seed,
      patients: phantom.patients,
      volumes: plan.length,
      slices,
      files,
    };
  } catch (cause) {
    // The first failure is the one to tell, even where cleaning up fails as well.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    if (options.signal?.aborted) throw cause;
    throw writeError(`write the phantom to "${options.out}"`, cause);
  }
}
