/** Whether files are still those that a result was made of: told by their sizes and times, without reading them. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { mapParallel } from "../../core/parallel.ts";
import { DATASET_JSON } from "../../dataset/dataset-json.ts";
import type { MaskRef } from "../../dataset/mask-pairs.ts";
import type { CaseEntry } from "../../dataset/types.ts";
import { sha256Of } from "../sha256.ts";

/** Files looked at at once. */
const AT_ONCE = 32;
/** Beside a header of one of these endings, under its own name, the file with its voxels. */
const HEADERS = /\.(hdr|nhdr|mhd)$/i;
const VOXELS = [".img", ".img.gz", ".raw", ".raw.gz", ".zraw"] as const;

const withVoxels = (path: string): readonly string[] =>
  HEADERS.test(path) ? [path, ...VOXELS.map((ending) => path.replace(HEADERS, ending))] : [path];

/**
 * Sha256 of the files' sizes in bytes and times of change in milliseconds, in the order of `paths`, which are no part of
 * it: tasks may see one disk under several names.
 */
export async function stampFiles(paths: readonly string[]): Promise<string> {
  const stamps = await mapParallel(paths.flatMap(withVoxels), AT_ONCE, async (path) => {
    const found = await stat(path).catch(() => undefined);
    return found === undefined ? null : [found.size, Math.floor(found.mtimeMs)];
  });
  return sha256Of(JSON.stringify(stamps));
}

/** As stampFiles(), of the images and masks of cases and the dataset.json that names their labels. @param root "" of paths that stand for themselves */
export const stampCases = (root: string, cases: readonly Pick<CaseEntry, "files">[]): Promise<string> =>
  stampFiles([
    ...(root === "" ? [] : [join(root, DATASET_JSON)]),
    ...cases.flatMap(({ files }) =>
      files.flatMap(({ image, mask }) => [join(root, image), join(root, mask)]),
    ),
  ]);

/** The files of a mask, in its folder. */
export const filesOfMask = (folder: string, ref: MaskRef | undefined): readonly string[] => {
  if (ref === undefined) return [];
  return (typeof ref === "string" ? [ref] : ref.organs.map(({ file }) => file)).map((file) =>
    join(folder, file),
  );
};
