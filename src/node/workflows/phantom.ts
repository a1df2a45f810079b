/** `hipmri phantom`: the synthetic data set as a folder, whole or not at all. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KERAS_SPLITS, kerasImageFolder, kerasMaskFolder } from "../../dataset/keras-slices.ts";
import { phantomFiles } from "../../dataset/phantom/files.ts";
import { type PhantomOptions, planPhantom } from "../../dataset/phantom/options.ts";
import { gzip } from "../inflate.ts";
import { writeNewFolder } from "../new-folder.ts";

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

/** Whether a folder holds a phantom and nothing else. */
async function whyNotPhantom(path: string, names: readonly string[]): Promise<string | undefined> {
  const readme = await readFile(join(path, README), "utf8").catch(() => "");
  const isOurs = names.every((name) => OWN_NAMES.has(name)) && readme.startsWith(README_START);
  return isOurs ? undefined : "it holds more than an earlier phantom";
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

/**
 * Writes the phantom in the keras_slices layout: into a folder beside `out` that takes its name when it is complete.
 * @throws HipError "usage": bad options, or a folder that must not be replaced; "disk"
 */
export async function writePhantom(options: WritePhantomOptions): Promise<WrittenPhantom> {
  const { phantom } = options;
  const plan = planPhantom(phantom);
  const slices = plan.length * phantom.size.slices;
  const target = {
    out: options.out,
    overwrite: options.overwrite ?? false,
    what: "phantom",
    whyNotOurs: whyNotPhantom,
    sources: [],
    signal: options.signal,
  };
  const files = await writeNewFolder(target, (folder) => writeAll(folder, options, 2 * slices + 1));
  return {
    path: options.out,
    synthetic: true,
    seed: phantom.seed,
    patients: phantom.patients,
    volumes: plan.length,
    slices,
    files,
  };
}
