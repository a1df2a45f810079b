/** JSON that one of several processes writes, once (writeFileOnce), and all of them read. */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { HipError } from "../core/errors.ts";

/** On disks without hard links another task may be amid writing it; it is a few kilobytes. */
const LOOKS = 10;
const LOOK_EVERY_MS = 100;

/**
 * @returns whether the file is there, and what it holds: undefined where that is no JSON, and stays none
 * @throws HipError "disk" where it is there and cannot be read
 */
export async function readSharedJson(
  path: string,
): Promise<{ readonly isThere: boolean; readonly value: unknown }> {
  for (let look = 1; ; look++) {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw new HipError("disk", `Cannot read "${path}": ${error.message}`, { cause: error });
    });
    if (text === undefined) return { isThere: false, value: undefined };
    try {
      return { isThere: true, value: JSON.parse(text) };
    } catch {
      if (look === LOOKS) return { isThere: true, value: undefined };
    }
    await sleep(LOOK_EVERY_MS);
  }
}
