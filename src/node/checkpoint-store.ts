/**
 * The checkpoints of a run, in RUN/checkpoint. A kill at any instant leaves a valid one:
 * a new `last` is written beside the old one and renamed over it, and only then does the old one, which a hard link
 * kept, become `last.previous`.
 */
import { link, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { HipError } from "../core/errors.ts";
import { decodeCheckpoint, encodeCheckpoint, type TrainingState } from "../train/checkpoint.ts";
import { makeFolder, writeError, writeFileAtomic } from "./atomic.ts";
import { readWholeFile } from "./files.ts";
import { leaveSavedMark } from "./saved-mark.ts";

export type CheckpointKind = "last" | "best";

export interface CheckpointStore {
  /** Returns once the checkpoint is safely on disk. @throws HipError "disk" */
  save(kind: CheckpointKind, state: TrainingState): Promise<void>;
  /**
   * The newest valid checkpoint of this kind; undefined where none was ever saved.
   * @throws HipError "bad-checkpoint" where there are some and all are damaged.
   */
  load(kind: CheckpointKind): Promise<TrainingState | undefined>;
}

/** Names within RUN/checkpoint. */
export const CHECKPOINT_FILES = {
  last: "last.safetensors",
  previous: "last.previous.safetensors",
  best: "best.safetensors",
} as const;
/** The old `last` while the new one is being written; named as what writeFileAtomic() leaves after a kill. */
const KEPT = `.${CHECKPOINT_FILES.last}.kept.tmp`;

/** The code of a system error, or of the one that a HipError was made of, such as "ENOENT". */
export function systemErrorCode(error: unknown): string | undefined {
  const cause: unknown = error instanceof HipError ? error.cause : error;
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}

/** Removes what a killed writeFileAtomic() of one of `names` left half-written in the folder. */
export async function removeLeftovers(folder: string, names: readonly string[]): Promise<void> {
  try {
    for (const name of await readdir(folder)) {
      const isOurs = name.endsWith(".tmp") && names.some((own) => name.startsWith(`.${own}.`));
      if (isOurs) await rm(join(folder, name), { force: true });
    }
  } catch (error) {
    throw writeError(`clear "${folder}" of temporary files`, error);
  }
}

type Loaded =
  | { readonly state: "valid"; readonly checkpoint: TrainingState }
  | { readonly state: "damaged"; readonly error: HipError }
  | { readonly state: "missing" };

async function tryLoad(path: string): Promise<Loaded> {
  try {
    return { state: "valid", checkpoint: await decodeCheckpoint(await readWholeFile(path), path) };
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return { state: "missing" };
    if (error instanceof HipError && error.code === "bad-checkpoint") return { state: "damaged", error };
    throw error;
  }
}

/** Sets the old `last` aside; false where the file system has no hard links or there is no `last`. */
async function keepLast(folder: string): Promise<boolean> {
  const last = join(folder, CHECKPOINT_FILES.last);
  const kept = join(folder, KEPT);
  await rm(kept, { force: true });
  try {
    await link(last, kept);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    // Without links the old one moves first: `last` is missing for a moment, `last.previous` is not.
    await rename(last, join(folder, CHECKPOINT_FILES.previous));
    return false;
  }
}

/**
 * Opens RUN/checkpoint, makes it where missing, and clears what a killed run left half-written.
 * @param options.warn told in one sentence when a damaged checkpoint was passed over; default: a line on stderr.
 */
export async function openCheckpointStore(
  runFolder: string,
  options: { readonly warn?: (message: string) => void } = {},
): Promise<CheckpointStore> {
  const warn = options.warn ?? ((message: string) => process.stderr.write(`hipmri: warning: ${message}\n`));
  const folder = join(runFolder, "checkpoint");
  const pathOf = (file: keyof typeof CHECKPOINT_FILES): string => join(folder, CHECKPOINT_FILES[file]);
  await makeFolder(folder);
  await removeLeftovers(folder, Object.values(CHECKPOINT_FILES));
  // A damaged or unread `last` must not push a valid `last.previous` out.
  let lastIsValid = false;
  // Where this process began: later steps are its own.
  let begunStep = 0;

  async function saveLast(bytes: Uint8Array): Promise<void> {
    try {
      const kept = lastIsValid && (await keepLast(folder));
      await writeFileAtomic(pathOf("last"), bytes);
      lastIsValid = true;
      if (kept) await rename(join(folder, KEPT), pathOf("previous"));
    } catch (error) {
      throw writeError(`write "${pathOf("last")}"`, error);
    } finally {
      // Still there after an error, or where it and `last.previous` already were one file: POSIX renames leave both.
      await rm(join(folder, KEPT), { force: true }).catch(() => undefined);
    }
  }

  async function loadLast(): Promise<TrainingState | undefined> {
    const last = await tryLoad(pathOf("last"));
    lastIsValid = last.state === "valid";
    if (last.state === "valid") {
      begunStep = last.checkpoint.step;
      return last.checkpoint;
    }
    const previous = await tryLoad(pathOf("previous"));
    if (previous.state === "valid") {
      const why = last.state === "missing" ? `"${pathOf("last")}" is missing` : last.error.message;
      warn(
        `${why}; going on from "${CHECKPOINT_FILES.previous}", the checkpoint before it, at step ${previous.checkpoint.step}`,
      );
      begunStep = previous.checkpoint.step;
      return previous.checkpoint;
    }
    const errors = [last, previous].flatMap((one) => (one.state === "damaged" ? [one.error] : []));
    if (errors.length === 0) return undefined;
    throw new HipError(
      "bad-checkpoint",
      `Cannot resume from "${folder}": no valid checkpoint among ${errors.length} found: ${errors.map(({ message }) => message).join("; ")}`,
      {
        hint: `Restore "${CHECKPOINT_FILES.last}" from a copy, or start anew with --overwrite`,
        problems: errors.map(({ message }) => message),
      },
    );
  }

  return {
    async save(kind, state) {
      const bytes = await encodeCheckpoint(state);
      if (kind === "last") {
        await saveLast(bytes);
        if (state.step > begunStep) await leaveSavedMark();
      } else await writeFileAtomic(pathOf("best"), bytes);
    },
    async load(kind) {
      if (kind === "last") return loadLast();
      const best = await tryLoad(pathOf("best"));
      if (best.state === "damaged") throw best.error;
      return best.state === "valid" ? best.checkpoint : undefined;
    },
  };
}
