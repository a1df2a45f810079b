/** A model as the user names it: a run folder or a model.onnx. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { HipError } from "../../core/errors.ts";
import { checkModel } from "../../predict/check-model.ts";
import { readWholeFile } from "../files.ts";
import { RUN_FILES } from "../run-folder.ts";

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}

/** What ONNX files can hold: an ensemble of large networks is larger than what a browser would take. */
const MOST_BYTES = 2 ** 31 - 1;

async function readChecked(path: string): Promise<{ readonly path: string; readonly bytes: Uint8Array }> {
  const bytes = await readWholeFile(path);
  checkModel(bytes, path, { mostBytes: MOST_BYTES });
  return { path, bytes };
}

/**
 * The bytes of a model, which is one of ours: files come from anywhere, and what is read here is run.
 * @param path a run folder (its model.onnx is read) or an .onnx file.
 * @throws HipError "not-found", "disk", "bad-model"
 */
export async function readModelFile(
  path: string,
): Promise<{ readonly path: string; readonly bytes: Uint8Array }> {
  if (!(await isFolder(path))) return readChecked(path);
  const inside = join(path, RUN_FILES.model);
  if ((await stat(inside).catch(() => undefined)) === undefined) {
    throw new HipError(
      "not-found",
      `Cannot find a model in folder "${path}": expected "${RUN_FILES.model}"`,
      {
        hint: "Give a run folder of hipmri train that has finished an epoch, or a model.onnx; hipmri check describes a data folder",
      },
    );
  }
  return readChecked(inside);
}
