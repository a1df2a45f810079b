/** Whether results can be written where the user wants them, asked before long work. */
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { HipError } from "../core/errors.ts";

/**
 * Checks that a folder is there or can be made; makes nothing.
 * @throws HipError "usage" where it, or a part of its path, is a file
 */
export async function checkOutFolder(path: string): Promise<void> {
  for (let at = resolve(path); ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found?.isDirectory() || dirname(at) === at) return;
    if (found === undefined) continue;
    throw new HipError("usage", `Cannot write to "${path}": "${at}" must be a folder, found a file`, {
      hint: "Give another folder with --out",
    });
  }
}
