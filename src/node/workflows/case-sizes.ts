/** How large cases are, by their headers alone: work is shared out by it. */
import { HipError } from "../../core/errors.ts";
import { mapParallel } from "../../core/parallel.ts";
import { type Folder, openInFolder } from "../../dataset/folder.ts";
import { readImageHeader } from "../../formats/image-file.ts";
import { inflateGzip } from "../inflate.ts";

/** Headers read at once. */
const AT_ONCE = 8;

/**
 * Voxels of each case: those of its first file, times its files. 0 where that cannot be read: reading the case tells why.
 * @param cases the image files of each, within `folder`
 */
export async function measureCases(
  folder: Folder,
  cases: readonly (readonly string[])[],
): Promise<readonly number[]> {
  return mapParallel(cases, AT_ONCE, async ([first, ...more]) => {
    if (first === undefined) return 0;
    try {
      const { shape } = await readImageHeader(await openInFolder(folder, first), inflateGzip);
      return shape.reduce((product, size) => product * size, 1) * (1 + more.length);
    } catch (error) {
      if (error instanceof HipError) return 0;
      throw error;
    }
  });
}
