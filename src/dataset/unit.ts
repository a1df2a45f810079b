/** What one image file of a data set is. */
import type { Inflate } from "../core/bytes.ts";
import { HipError } from "../core/errors.ts";
import { readImageHeader } from "../formats/image-file.ts";
import { type Folder, openInFolder } from "./folder.ts";
import { withoutTrailingOnes } from "./geometry.ts";
import type { CaseEntry, DatasetIndex } from "./types.ts";

/** "slice" where the first image, one in the middle and the last have two axes each: three headers stand for all. */
export async function unitOf(
  folder: Folder,
  cases: readonly CaseEntry[],
  inflate: Inflate,
): Promise<DatasetIndex["unit"]> {
  const paths = cases.flatMap((entry) => entry.files.map((file) => file.image));
  const sample = new Set([paths[0], paths[paths.length >> 1], paths.at(-1)]);
  for (const path of sample) {
    if (path === undefined || !(await isFlat(folder, path, inflate))) return "volume";
  }
  return "slice";
}

/** A file that cannot be read passes for a volume here: decoding tells of it, with every other bad file. */
async function isFlat(folder: Folder, path: string, inflate: Inflate): Promise<boolean> {
  try {
    const { shape } = await readImageHeader(await openInFolder(folder, path), inflate);
    return withoutTrailingOnes(shape).length < 3;
  } catch (error) {
    if (error instanceof HipError) return false;
    throw error;
  }
}
