/** Whether a run in a folder was trained too short to be judged by, as its own files tell. */
import { join } from "node:path";
import { readModelCard } from "../../predict/card.ts";
import { tooShort } from "../../train/too-short.ts";
import { readWholeFile } from "../files.ts";
import { RUN_FILES } from "../run-folder.ts";
import { storedConfig } from "./train.ts";

/** As tooShort(); undefined too of runs that do not tell. @throws HipError of a config or a model that cannot be read */
export async function tooShortRun(run: string): Promise<string | undefined> {
  const config = await storedConfig(run);
  // Most runs are not asked for by the minutes, or had enough of them: then the model is not read.
  if (config === undefined || config.minutes === null) return undefined;
  const { batchSize, oversample } = config;
  const path = join(run, RUN_FILES.model);
  const { data } = readModelCard(await readWholeFile(path), path);
  if (data === null || batchSize === null || oversample === null) return undefined;
  return tooShort({ ...config, batchSize, oversample }, data.trainingSlices);
}
