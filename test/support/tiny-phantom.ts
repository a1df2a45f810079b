/** A phantom of a few small slices in a temporary folder, and a configuration that trains on it within seconds. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { phantomFiles } from "../../src/dataset/phantom/files.ts";
import { gzip } from "../../src/node/inflate.ts";
import type { TrainConfig } from "../../src/train/config.ts";
import { mergeConfig, resolveConfig } from "../../src/train/recipes.ts";

export interface TinyPhantom {
  /** A folder of its own; `data` lies in it, runs may be put beside it. */
  readonly folder: string;
  readonly data: string;
  remove(): Promise<void>;
}

export async function makeTinyPhantom(
  seed = 1,
  patients = { train: 2, validate: 1, test: 1 },
): Promise<TinyPhantom> {
  const folder = await mkdtemp(join(tmpdir(), "hipmri-tiny-"));
  const data = join(folder, "data");
  const size = { x: 32, y: 16, slices: 8 };
  for (const file of phantomFiles({ patients, weeksPerPatient: 1, size, seed })) {
    const path = join(data, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.gzip ? gzip(file.bytes) : file.bytes);
  }
  return { folder, data, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A network of some thousand parameters, one thread. */
export function tinyConfig(changes: Readonly<Record<string, unknown>> = {}): TrainConfig {
  const tiny = { unet: { levels: 2, baseWidth: 4 }, batchSize: 2, threads: 1, epochs: 2, stepsPerEpoch: 8 };
  return resolveConfig(mergeConfig(tiny, changes), "test");
}
