/** The files of a conversion on disk. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ConvertedFile, MAPPING_FORMAT, MAPPING_JSON } from "../../dataset/convert-write.ts";
import { CSIRO_FOLDERS } from "../../dataset/csiro.ts";
import { DATASET_JSON } from "../../dataset/dataset-json.ts";
import { KERAS_SPLITS, kerasImageFolder, kerasMaskFolder } from "../../dataset/keras-slices.ts";
import { MSD_IMAGES, MSD_MASKS } from "../../dataset/msd.ts";
import { README } from "../../dataset/synthetic.ts";
import { gzipInPool } from "../gzip-pool.ts";

/** Everything that a conversion may have at its top. */
const OWN_NAMES = new Set([
  README,
  MAPPING_JSON,
  DATASET_JSON,
  MSD_IMAGES,
  MSD_MASKS,
  CSIRO_FOLDERS.csiro.images,
  CSIRO_FOLDERS.csiro.masks,
  ...KERAS_SPLITS.flatMap((split) => [kerasImageFolder(split), kerasMaskFolder(split)]),
]);
/** Files written at once. */
const FILES_AT_ONCE = 32;

/** Whether a folder holds an earlier conversion and nothing else. */
export async function isConversion(path: string, names: readonly string[]): Promise<boolean> {
  if (!names.every((name) => OWN_NAMES.has(name))) return false;
  const mapping = await readFile(join(path, MAPPING_JSON), "utf8").catch(() => "");
  return mapping.includes(`"format": "${MAPPING_FORMAT}"`);
}

/** Waits for all of them also when one fails, so that nothing is written any more when the folder is removed. */
async function writeBatch(folder: string, batch: readonly ConvertedFile[]): Promise<void> {
  const settled = await Promise.allSettled(
    batch.map(async ({ path, bytes, gzip: isPacked }) =>
      writeFile(join(folder, path), isPacked ? await gzipInPool(bytes) : bytes),
    ),
  );
  const failed = settled.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Writes files a few at a time. @returns how many */
export async function writeFiles(
  folder: string,
  files: Iterable<ConvertedFile>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let count = 0;
  let batch: ConvertedFile[] = [];
  for (const file of files) {
    count++;
    if (batch.push(file) < FILES_AT_ONCE) continue;
    await writeBatch(folder, batch);
    batch = [];
    signal?.throwIfAborted();
  }
  await writeBatch(folder, batch);
  return count;
}
