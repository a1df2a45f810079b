/**
 * The small gzip files of a case inflated several at a time, as the members of one file: what zlib does in 100
 * microseconds takes Node half as long again to ask for.
 */
import type { Inflate } from "../core/bytes.ts";
import { inflateGzip, inflateMembers, statedSize } from "./inflate.ts";

/** Compressed bytes of a file that is no slice's. */
const LARGEST_FILE = 2 ** 18;
/** Of all files of a group, inflated: some milliseconds' work, in memory that a processor has at hand. */
const GROUP_BYTES = 2 ** 20;

interface Group {
  readonly files: Uint8Array[];
  /** Inflated, by what the files say. */
  bytes: number;
}

const isGzip = (file: Uint8Array): boolean => file[0] === 0x1f && file[1] === 0x8b;

function groupsOf(files: Iterable<Uint8Array>): readonly Group[] {
  const groups: Group[] = [];
  for (const file of files) {
    const size = statedSize(file);
    if (!isGzip(file) || file.length > LARGEST_FILE || size === 0 || size > GROUP_BYTES) continue;
    const last = groups.at(-1);
    if (last !== undefined && last.bytes + size <= GROUP_BYTES) {
      last.files.push(file);
      last.bytes += size;
    } else groups.push({ files: [file], bytes: size });
  }
  return groups;
}

/**
 * The files of a group, each inflated. zlib verifies length and checksum of each member, so that files of one member
 * each, and of as many bytes together as they say, have been cut where they end.
 * @returns undefined where anything is not as it should be
 */
async function inflateGroup({ files, bytes }: Group): Promise<readonly Uint8Array[] | undefined> {
  try {
    const all = await inflateMembers(Buffer.concat(files), bytes);
    if (all.length !== bytes) return undefined;
    let at = 0;
    return files.map((file) => {
      const start = at;
      at += statedSize(file);
      return all.subarray(start, at);
    });
  } catch {
    return undefined;
  }
}

/** inflateGzip() that has begun with these files already; what is wrong with one of them is told when it is asked for. */
export function inflateTogether(files: Iterable<Uint8Array>): Inflate {
  const begun = new Map<ArrayBufferLike, Promise<Uint8Array | undefined>>();
  for (const group of groupsOf(files)) {
    const inflated = inflateGroup(group);
    for (const [i, { buffer }] of group.files.entries())
      begun.set(
        buffer,
        inflated.then((all) => all?.[i]),
      );
  }
  return async (compressed, maxBytes, options) => {
    const ready = options?.startOnly ? undefined : begun.get(compressed.buffer);
    // What it gives is the caller's own: it is given once.
    if (ready !== undefined) begun.delete(compressed.buffer);
    const isWhole = compressed.byteLength === compressed.buffer.byteLength;
    const bytes = isWhole ? await ready : undefined;
    return bytes !== undefined && bytes.length <= maxBytes
      ? bytes
      : inflateGzip(compressed, maxBytes, options);
  };
}
