/** Whether a data folder's README.txt says that its images are synthetic: that must be said wherever they go. */
import { type Folder, joinPath } from "./folder.ts";
import type { DatasetIndex } from "./types.ts";

export const README = "README.txt";
const MOST_BYTES = 2 ** 16;

/**
 * The README.txt of synthetic data, its first 64 KiB.
 * @param places folders to look into: the data folder, and the one in it that holds the layout
 * @returns undefined where there is none, or where it does not speak of synthetic data
 */
export async function readSyntheticReadme(
  folder: Folder,
  places: readonly string[],
): Promise<string | undefined> {
  for (const at of new Set(places)) {
    const items = await folder.list(at);
    if (!items.some((item) => item.kind === "file" && item.name === README)) continue;
    const source = await folder.open(joinPath(at, README));
    const text = new TextDecoder().decode(await source.read(0, Math.min(source.size, MOST_BYTES)));
    if (/synthetic/i.test(text)) return text;
  }
  return undefined;
}

/** The folder of the first image's folder: where a layout may lie one level down. */
export function topOf({ cases }: DatasetIndex): string {
  return cases[0]?.files[0]?.image.split("/").slice(0, -2)[0] ?? "";
}
