/** A model as the user names it: a run folder or a model.onnx. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { HipError } from "../../core/errors.ts";
import { readWholeFile } from "../files.ts";
import { RUN_FILES } from "../run-folder.ts";

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}

/**
 * The bytes of a model.
 * @param path a run folder (its model.onnx is read) or an .onnx file.
 * @throws HipError "not-found", "disk"
 */
export async function readModelFile(
  path: string,
): Promise<{ readonly path: string; readonly bytes: Uint8Array }> {
  if (!(await isFolder(path))) return { path, bytes: await readWholeFile(path) };
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
  return { path: inside, bytes: await readWholeFile(inside) };
}
