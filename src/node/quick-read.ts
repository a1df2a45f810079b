/**
 * Small files read in one opening and, while the disk answers at once, without the thread pool: of a slice of 40 kB
 * in the system's memory the pool's four trips there and back take three times as long as the reading.
 */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/** No slice is larger; of a volume perhaps the header is wanted only. */
const SMALL_BYTES = 2 ** 18;
/** A disk that takes longer with most files is waited for in the pool, for many files at a time. */
const SLOW_MS = 0.5;
/** So many files go through the pool before a slow disk is tried again. */
const SLOW_FILES = 256;
/** So often a file goes through the pool in any case, so that signals and timers get their turn. */
const TURN = 64;
// A pipe without a writer would otherwise never be opened.
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** A file as it was when it was opened, its bytes if it is small and wanted, and how it was after they were read. */
export interface QuickRead {
  readonly before: BigIntStats;
  readonly bytes: Uint8Array | undefined;
  readonly after: BigIntStats;
}

type Wants = (before: BigIntStats) => boolean;

const isSmall = (stats: BigIntStats): boolean => !stats.isDirectory() && stats.size <= SMALL_BYTES;

/** A file may have become shorter meanwhile: then these are the bytes that it still has. */
function readNow(path: string, wants: Wants): QuickRead {
  const file = openSync(path, FLAGS);
  try {
    const before = fstatSync(file, { bigint: true });
    if (!isSmall(before) || !wants(before)) return { before, bytes: undefined, after: before };
    const bytes = new Uint8Array(Number(before.size));
    let done = 0;
    while (done < bytes.length) {
      const count = readSync(file, bytes, done, bytes.length - done, done);
      if (count === 0) break;
      done += count;
    }
    return { before, bytes: bytes.subarray(0, done), after: fstatSync(file, { bigint: true }) };
  } finally {
    closeSync(file);
  }
}

async function readAll(file: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let done = 0;
  while (done < size) {
    const { bytesRead } = await file.read(bytes, done, size - done, done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

async function readInPool(path: string, wants: Wants): Promise<QuickRead> {
  const file = await open(path, FLAGS);
  try {
    const before = await file.stat({ bigint: true });
    if (!isSmall(before) || !wants(before)) return { before, bytes: undefined, after: before };
    const bytes = await readAll(file, Number(before.size));
    return { before, bytes, after: await file.stat({ bigint: true }) };
  } finally {
    await file.close();
  }
}

let files = 0;
/** Of late: 0 none, 1 all. */
let slowShare = 0;
let slowUntil = 0;

/**
 * @param wants whether the bytes of a file that stands so are asked for
 * @throws what node:fs throws
 */
export async function quickRead(path: string, wants: Wants = () => true): Promise<QuickRead> {
  files++;
  if (files < slowUntil || files % TURN === 0) return readInPool(path, wants);
  const started = performance.now();
  const read = readNow(path, wants);
  const isSlow = performance.now() - started > SLOW_MS;
  slowShare += ((isSlow ? 1 : 0) - slowShare) / 8;
  if (slowShare > 0.5) slowUntil = files + SLOW_FILES;
  return read;
}
