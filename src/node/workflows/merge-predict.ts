/** The shards of `hipmri predict` made into one prediction. */
import { basename, join } from "node:path";
import { errorJson, type HipError } from "../../core/errors.ts";
import { imageStem } from "../../formats/image-file.ts";
import { writeFileAtomic } from "../atomic.ts";
import { inItemOrder, type ShardSet } from "../shard-store.ts";
import { failuresError, type PredictedMask, type Prediction, predictionJson } from "./predict.ts";
import { unpackPrediction } from "./predict-shard.ts";

/** RFC 4180; a cell that a spreadsheet would take for a formula is given as text. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A line for each label of each mask; a volume is empty where the image does not state the size of its voxels. */
function volumesCsv(outputs: readonly PredictedMask[]): string {
  const rows = outputs.flatMap(({ mask, labels }) => {
    const id = imageStem(basename(mask)) ?? basename(mask);
    return labels.map(({ name, ml }) =>
      [cell(id), cell(name), ml === null ? "" : `${Number(ml.toPrecision(6))}`].join(","),
    );
  });
  return `${["id,label,ml", ...rows].join("\r\n")}\r\n`;
}

export interface MergedPrediction extends Prediction {
  /** Of the failures; undefined where there are none. */
  readonly error: HipError | undefined;
  /** As `hipmri predict --json` prints it. */
  readonly json: ReturnType<typeof predictionJson>;
  /** Paths of what was written. */
  readonly files: readonly string[];
}

/**
 * Writes OUT/volumes.csv and OUT/predictions.json: what `hipmri predict --json` of all images prints.
 * @throws HipError "disk"
 */
export async function mergePredictions({ out, files }: ShardSet): Promise<MergedPrediction> {
  const shards = files.map(({ result }) => unpackPrediction(result));
  // An image has a mask or a failure.
  const inOrder = <T extends { readonly input: string }>(
    pick: (prediction: Prediction) => readonly T[],
  ): readonly T[] => {
    const byInput = new Map(shards.flatMap(pick).map((value) => [value.input, value]));
    const ofItems = files.map(({ items }) => items.map((input) => byInput.get(input)));
    return inItemOrder(files, ofItems).filter((value) => value !== undefined);
  };
  const prediction: Prediction = {
    outputs: inOrder(({ outputs }) => outputs),
    failures: inOrder(({ failures }) => failures),
    hasFingerprint: shards.every(({ hasFingerprint }) => hasFingerprint),
  };
  const { outputs, failures } = prediction;
  const error = failuresError(failures, outputs.length + failures.length);
  const json = predictionJson(prediction);
  const document = { ...json, ...(error === undefined ? {} : { error: errorJson(error) }) };
  const written: string[] = [];
  const write = async (name: string, content: string): Promise<void> => {
    await writeFileAtomic(join(out, name), content);
    written.push(join(out, name));
  };
  await write("volumes.csv", volumesCsv(outputs));
  await write("predictions.json", `${JSON.stringify(document, null, 2)}\n`);
  return { ...prediction, json, error, files: written };
}
