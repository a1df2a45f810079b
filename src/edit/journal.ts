/** Edits as bytes that autosave appends one after another, and their replay on the mask that was saved before. */
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { HipError } from "../core/errors.ts";
import { frameRecord, readRecord } from "../core/tfrecord.ts";
import type { Edit, Runs } from "./edit.ts";
import { RunList } from "./run-list.ts";

/** What each payload begins with. */
const VERSION = 1;

/**
 * One record of a journal. Payload: version, revisions (two float64), then for each run how many voxels lie between it
 * and the last one, its length, its old and its new value, as varints: about 5 bytes.
 */
export function encodeEdit(
  edit: Pick<Edit, keyof Runs | "fromRevision" | "toRevision">,
): Uint8Array<ArrayBuffer> {
  const { starts, lengths, before, after } = edit;
  const writer = new BinaryWriter();
  writer.uint32(VERSION).double(edit.fromRevision).double(edit.toRevision);
  let end = 0;
  for (let run = 0; run < starts.length; run++) {
    writer.uint32(starts[run]! - end).uint32(lengths[run]!);
    writer.uint32(before[run]!).uint32(after[run]!);
    end = starts[run]! + lengths[run]!;
  }
  return frameRecord(writer.finish());
}

export interface ReplayOptions {
  /** The saved mask's: edits up to it are in the mask and are passed over. Default 0. */
  readonly revision?: number;
  /**
   * What to do where the journal is damaged, or an edit does not fit the mask: "throw" (default) leaves the mask as it
   * was, "stop" keeps the edits before.
   */
  readonly atDamage?: "throw" | "stop";
}

export interface Replay {
  /** The mask's, now. */
  readonly revision: number;
  readonly applied: number;
  /** Edits that were in the mask. */
  readonly skipped: number;
  /** The good part of the journal. What follows has to be cut off before anything is appended. */
  readonly usedBytes: number;
  /** What follows it: the last record, torn when its writer was killed, or more than that after damage. */
  readonly droppedBytes: number;
  /** Undefined where at most a torn last record was dropped. */
  readonly problem: string | undefined;
}

interface Entry extends Runs {
  readonly fromRevision: number;
  readonly toRevision: number;
}

/**
 * Brings a saved mask up to date with the journal of the edits since.
 * @param mask changed in place
 * @param bytes of encodeEdit(), one after another, the last perhaps torn
 * @throws HipError as `atDamage` says
 */
export function applyEdits(mask: Uint8Array, bytes: Uint8Array, options: ReplayOptions = {}): Replay {
  const { atDamage = "throw" } = options;
  // Nothing is half-loaded: the mask is written once all edits have been found to fit.
  const updated = mask.slice();
  let revision = options.revision ?? 0;
  let [applied, skipped, usedBytes] = [0, 0, 0];
  let problem: string | undefined;
  while (usedBytes < bytes.length) {
    const found = readRecord(bytes, usedBytes);
    if (found.kind === "torn") break;
    const entry = found.kind === "record" ? parseEntry(found.payload) : undefined;
    problem = entry === undefined ? "the record is damaged" : misfitOf(entry, updated, revision);
    if (problem !== undefined || entry === undefined || found.kind !== "record") break;
    if (entry.toRevision <= revision) skipped++;
    else {
      applied++;
      for (let run = 0; run < entry.starts.length; run++)
        updated.fill(entry.after[run]!, entry.starts[run]!, entry.starts[run]! + entry.lengths[run]!);
      revision = entry.toRevision;
    }
    usedBytes = found.end;
  }
  if (problem !== undefined && atDamage === "throw")
    throw new HipError(
      "bad-mask",
      `Cannot replay the edits: ${problem}, at byte ${usedBytes} of ${bytes.length}`,
      {
        hint: `Keep the ${applied + skipped} edits before it, or open the mask without its edits`,
      },
    );
  mask.set(updated);
  return { revision, applied, skipped, usedBytes, droppedBytes: bytes.length - usedBytes, problem };
}

/** Undefined where the payload is no edit. */
function parseEntry(payload: Uint8Array): Entry | undefined {
  try {
    const reader = new BinaryReader(payload);
    if (reader.uint32() !== VERSION) return undefined;
    const [fromRevision, toRevision] = [reader.double(), reader.double()];
    const runs = new RunList();
    let end = 0;
    while (reader.pos < reader.len) {
      const start = end + reader.uint32();
      const [length, before, after] = [reader.uint32(), reader.uint32(), reader.uint32()];
      end = start + length;
      if (length === 0 || before > 255 || after > 255 || end > 2 ** 31) return undefined;
      runs.push(start, length, { before, after });
    }
    return { fromRevision, toRevision, ...runs.joined() };
  } catch {
    return undefined; // the reader ran over the end
  }
}

/** Why an edit cannot be replayed; undefined where it can. */
function misfitOf(entry: Entry, mask: Uint8Array, revision: number): string | undefined {
  const { starts, lengths, before, after, fromRevision, toRevision } = entry;
  if (toRevision <= revision) return undefined;
  if (fromRevision > revision) return `edits are missing between revisions ${revision} and ${fromRevision}`;
  for (let run = 0; run < starts.length; run++) {
    const end = starts[run]! + lengths[run]!;
    if (end > mask.length) return `the edit goes to voxel ${end} of a mask of ${mask.length}`;
    // A mask that was saved within a stroke has a part of it already.
    for (let i = starts[run]!; i < end; i++)
      if (mask[i] !== before[run] && mask[i] !== after[run])
        return `the edit is of another mask: voxel ${i} must be ${before[run]}, got ${mask[i]}`;
  }
  return undefined;
}
