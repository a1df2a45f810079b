/** A file that may be gzipped, told by its first two bytes, and what may be asked of it before anything is allocated. */
import { type ByteSource, type Inflate, InflateLimitError } from "../core/bytes.ts";
import { HipError, messageOf } from "../core/errors.ts";
import { failToRead } from "./fields.ts";
import { endsInGz } from "./names.ts";

export const CUT_SHORT = "The file is cut short: copy or download it again";
/** Enough for a header of either version and the four bytes behind it. */
const FIRST_BYTES = 544;
/** Compressed bytes that are enough to see a header. */
const START_BYTES = 2 ** 16;
/** Deflate makes one byte of at most 1032, so a smaller file cannot hold what its header promises. */
const DEFLATE_RATIO = 1032;
/** What may follow the voxels in a gzip file; more is another file, or a trap. */
const SLACK_BYTES = 2 ** 16;
/** More than this is not inflated. */
const MOST_BYTES = 2 ** 32;
/** A slice's file has no more bytes and says that it inflates to no more: to look at its start first costs as much as all of it. */
const SMALL = { packed: 2 ** 18, inflated: 2 ** 20 };

/** More than this is no header with its extensions. */
export const MOST_HEADER_BYTES = 2 ** 26;

export interface Content {
  /** Bytes after inflation, those behind the voxels included. */
  readonly size: number;
  /** What read() gives belongs to the reader, who may change it. */
  readonly owned: boolean;
  read(offset: number, length: number): Promise<Uint8Array>;
}

export interface StoredFile {
  readonly name: string;
  readonly warnings: readonly string[];
  /** The first bytes of the content, fewer where it is shorter. */
  start(length: number): Promise<Uint8Array>;
  /**
   * The content, after checking that it has at least `needed` bytes. Of gzip all checksums are verified.
   * @param what says what needs them, e.g. "3 x 2 x 2 voxels of int16".
   * @throws HipError "unreadable-image" where it has fewer, or gzip far more.
   */
  content(needed: number, what: string): Promise<Content>;
  /** All of it; for the header of a pair, so at most MOST_HEADER_BYTES. */
  whole(): Promise<Uint8Array>;
}

/** Names the file in what the platform said about gzip. */
function inflateFailure(name: string, cause: unknown): HipError {
  const reason = messageOf(cause);
  const hint = (cause instanceof HipError && cause.hint) || "Copy or download the file again";
  const what = `${reason.charAt(0).toLowerCase()}${reason.slice(1)}`;
  return new HipError("unreadable-image", `Cannot read "${name}": ${what}`, { hint, cause });
}

function plainFile(source: ByteSource, name: string, first: Uint8Array): StoredFile {
  const content: Content = { size: source.size, owned: false, read: (at, n) => source.read(at, n) };
  return {
    name,
    warnings: endsInGz(name) ? ['The name ends in ".gz", but the file is not compressed'] : [],
    start(length) {
      const found = Math.min(length, source.size);
      return found <= first.length ? Promise.resolve(first.subarray(0, found)) : source.read(0, found);
    },
    content(needed, what) {
      if (source.size < needed)
        failToRead(name, `${what} need ${needed} bytes, found ${source.size}`, CUT_SHORT);
      return Promise.resolve(content);
    },
    whole() {
      if (source.size > MOST_HEADER_BYTES) failTooLongHeader(name);
      return source.read(0, source.size);
    },
  };
}

function failTooLongHeader(name: string): never {
  const what = `the header of a pair has at most ${MOST_HEADER_BYTES} bytes, found more`;
  failToRead(name, what, "Check that this is the right file: the voxels belong into the .img");
}

function checkPromise(source: ByteSource, name: string, needed: number, what: string): void {
  const most = source.size * DEFLATE_RATIO;
  if (needed > most) {
    const found = `found ${source.size} compressed bytes, which hold at most ${most}`;
    failToRead(name, `${what} need ${needed} bytes, ${found}`, CUT_SHORT);
  }
  if (needed + SLACK_BYTES > MOST_BYTES) {
    const hint = "Cut it into parts, or store it without compression";
    failToRead(name, `${what} need ${needed} bytes, and at most ${MOST_BYTES} are inflated`, hint);
  }
}

/** All of a file that is whole and small, by the size that its last four bytes state; of any other undefined. */
async function inflateSmall(source: ByteSource, inflate: Inflate): Promise<Uint8Array | undefined> {
  if (source.size < 4 || source.size > SMALL.packed) return undefined;
  const compressed = await source.read(0, source.size);
  const end = new DataView(compressed.buffer, compressed.byteOffset + compressed.byteLength - 4, 4);
  if (end.getUint32(0, true) > SMALL.inflated) return undefined;
  // What is wrong with it is told by the long way.
  return inflate(compressed, SMALL.inflated).catch(() => undefined);
}

function gzipFile(source: ByteSource, name: string, inflate: Inflate): StoredFile {
  let small: Promise<Uint8Array | undefined> | undefined;
  const whenSmall = (): Promise<Uint8Array | undefined> => {
    small ??= inflateSmall(source, inflate);
    return small;
  };
  const inflated = async (most: number, failMore: () => never): Promise<Uint8Array> => {
    try {
      return await inflate(await source.read(0, source.size), most);
    } catch (cause) {
      if (cause instanceof InflateLimitError) failMore();
      throw inflateFailure(name, cause);
    }
  };
  return {
    name,
    warnings: [],
    async start(length) {
      const all = await whenSmall();
      if (all !== undefined) return all.subarray(0, length);
      // A file may begin with a long comment, or with members that hold nothing: then all of it is asked.
      for (const bytes of new Set([Math.min(START_BYTES, source.size), source.size])) {
        const compressed = await source.read(0, bytes);
        const start = await inflate(compressed, length, { startOnly: true }).catch((cause: unknown) => {
          throw inflateFailure(name, cause);
        });
        if (start.length >= length) return start;
      }
      // It is as short as that, or cut short: here the difference is told.
      return inflated(length, () => failToRead(name, "the gzip data changed while it was read", CUT_SHORT));
    },
    async content(needed, what) {
      checkPromise(source, name, needed, what);
      const most = needed + SLACK_BYTES;
      const failMore = (): never => {
        const hint =
          "It may be two files in one, or its header may be wrong: inflate it first, if you trust it";
        return failToRead(name, `${what} end at byte ${needed}, found more than ${most} bytes`, hint);
      };
      const bytes = (await whenSmall()) ?? (await inflated(most, failMore));
      if (bytes.length > most) failMore();
      if (bytes.length < needed) {
        failToRead(name, `${what} need ${needed} bytes, found ${bytes.length}`, CUT_SHORT);
      }
      return {
        size: bytes.length,
        owned: true,
        read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
      };
    },
    whole: () => inflated(MOST_HEADER_BYTES, () => failTooLongHeader(name)),
  };
}

/** Opens a file; gzip is told by its first two bytes, whatever its name says. */
export async function openStored(source: ByteSource, name: string, inflate: Inflate): Promise<StoredFile> {
  const first = await source.read(0, Math.min(FIRST_BYTES, source.size));
  const gzipped = first[0] === 0x1f && first[1] === 0x8b;
  return gzipped ? gzipFile(source, name, inflate) : plainFile(source, name, first);
}
