/** The folder of results: whether it can be written, asked before long work, and how it is filled in the end. */
import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { HipError } from "../core/errors.ts";
import { makeFolder, writeFileAtomic } from "./atomic.ts";

/**
 * Checks that a folder is there or can be made; makes nothing.
 * @throws HipError "usage" where it, or a part of its path, is a file
 */
export async function checkOutFolder(path: string): Promise<void> {
  for (let at = resolve(path); ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found?.isDirectory() || dirname(at) === at) return;
    if (found === undefined) continue;
    throw new HipError("usage", `Cannot write to "${path}": "${at}" must be a folder, found a file`, {
      hint: "Give another folder with --out",
    });
  }
}

/** A file by its name in the folder. */
export interface ResultFile {
  readonly name: string;
  readonly content: Uint8Array | string;
}

/**
 * Writes OUT/figures, then OUT's own files in their order: where the last of them is, all else is there too.
 * @returns the paths of all
 * @throws HipError "disk"
 */
export async function writeResults(
  out: string,
  { figures, files }: { readonly figures: readonly ResultFile[]; readonly files: readonly ResultFile[] },
): Promise<readonly string[]> {
  const folder = join(out, "figures");
  await makeFolder(folder);
  const all = [
    ...figures.map(({ name, content }) => ({ path: join(folder, name), content })),
    ...files.map(({ name, content }) => ({ path: join(out, name), content })),
  ];
  for (const { path, content } of all) await writeFileAtomic(path, content);
  return all.map(({ path }) => path);
}
