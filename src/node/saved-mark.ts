/**
 * The mark by which a batch script knows that its own training got on: a file that the script names in a variable and that
 * appears once a step which this process took is safely on disk. Checkpoints themselves do not tell: tasks of an array write theirs
 * into the same folder.
 */
import { writeFile } from "node:fs/promises";
import { messageOf } from "../core/errors.ts";

export const SAVED_MARK_VARIABLE = "HIPMRI_SAVED_MARK";

/** Leaves the mark, where one is asked for. Never stops the training, which needs no mark itself. */
export async function leaveSavedMark(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<void> {
  const path = env[SAVED_MARK_VARIABLE];
  if (path === undefined || path === "") return;
  await writeFile(path, "").catch((error: unknown) => {
    process.stderr.write(`hipmri: warning: Cannot leave the mark of a saved step: ${messageOf(error)}\n`);
  });
}
