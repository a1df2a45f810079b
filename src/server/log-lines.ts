/** log.jsonl read from a place on: whole lines only, and told where the file has been replaced. */
import { type FileHandle, open } from "node:fs/promises";

/** Where the next line begins. */
export interface LogPlace {
  /** Which file: a resumed training replaces its log by one that is cut back. */
  readonly file: string;
  /** In bytes. */
  readonly offset: number;
}

export interface LogLine {
  readonly text: string;
  /** Just behind its newline. */
  readonly end: LogPlace;
}

export type LogChunk =
  /** There is no log. */
  | { readonly kind: "none" }
  /** Another file than that of the place, or a shorter one. */
  | { readonly kind: "replaced" }
  | {
      readonly kind: "lines";
      readonly lines: readonly LogLine[];
      readonly place: LogPlace;
      /** Bytes behind the place: of further lines, or of one that is being written. */
      readonly left: number;
    };

/** Read at once; no line is longer. */
const CHUNK_BYTES = 1 << 22;
const NEWLINE = 0x0a;

export const placeId = ({ file, offset }: LogPlace): string => `${offset}.${file}`;

/** @returns undefined where the text is no id of ours */
export function parsePlaceId(id: string | undefined): LogPlace | undefined {
  const [, offset, file] = /^(\d{1,15})\.([0-9a-z]{1,20})$/.exec(id ?? "") ?? [];
  return offset === undefined || file === undefined ? undefined : { file, offset: Number(offset) };
}

/**
 * Lines from a place on, at most some megabytes of them; a last line without newline is being written, and waits.
 * @param from undefined: from the start
 * @param options.isFromOutside the place was told by a client, and is held against the file
 */
export async function readLines(
  path: string,
  from: LogPlace | undefined,
  options: { readonly isFromOutside?: boolean } = {},
): Promise<LogChunk> {
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch {
    return { kind: "none" };
  }
  try {
    const { ino, size } = await handle.stat();
    const file = ino.toString(36);
    const offset = from?.offset ?? 0;
    if (from !== undefined && (from.file !== file || offset > size)) return { kind: "replaced" };
    if (options.isFromOutside && !(await isLineStart(handle, offset))) return { kind: "replaced" };
    const bytes = Buffer.alloc(Math.min(CHUNK_BYTES, size - offset));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
    const read = bytes.subarray(0, bytesRead);
    const lines: LogLine[] = [];
    let start = 0;
    for (let end = read.indexOf(NEWLINE); end >= 0; end = read.indexOf(NEWLINE, start)) {
      const text = read.toString("utf8", start, end);
      start = end + 1;
      lines.push({ text, end: { file, offset: offset + start } });
    }
    // What has no newline in all of a chunk is no line of a log.
    const done = start === 0 && bytesRead === CHUNK_BYTES ? bytesRead : start;
    return { kind: "lines", lines, place: { file, offset: offset + done }, left: size - offset - done };
  } finally {
    await handle.close();
  }
}

async function isLineStart(handle: FileHandle, offset: number): Promise<boolean> {
  if (offset === 0) return true;
  const before = Buffer.alloc(1);
  await handle.read(before, 0, 1, offset - 1);
  return before[0] === NEWLINE;
}
