/** The licence of a data set, as its dataset.json states it. */
import { DATASET_JSON } from "../../dataset/dataset-json.ts";
import { joinPath } from "../../dataset/folder.ts";
import { topOf } from "../../dataset/synthetic.ts";
import type { DatasetIndex } from "../../dataset/types.ts";
import { openFolder } from "../folder.ts";

const LONGEST = 200;

/**
 * `licence` or `license` of the dataset.json in the data folder or in the layout's folder.
 * @returns null where there is none; what is wrong with the file, the layout's reader says
 */
export async function readLicence(index: DatasetIndex): Promise<string | null> {
  const folder = openFolder(index.root);
  for (const at of new Set(["", topOf(index)])) {
    try {
      const source = await folder.open(joinPath(at, DATASET_JSON));
      const text = new TextDecoder().decode(await source.read(0, source.size));
      const content: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
      const stated = licenceIn(content);
      if (stated !== undefined) return stated;
    } catch {
      // Most layouts have no such file.
    }
  }
  return null;
}

function licenceIn(content: unknown): string | undefined {
  if (typeof content !== "object" || content === null) return undefined;
  const { licence, license }: { licence?: unknown; license?: unknown } = content;
  const stated = [licence, license].find((each) => typeof each === "string" && each.trim() !== "");
  return typeof stated === "string" ? stated.trim().replace(/\s+/g, " ").slice(0, LONGEST) : undefined;
}
