/** OUT/shards/I-of-N.json: what a share of a job has made, written last of all, so that a share is done or not done. */
import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { HipError, messageOf } from "../core/errors.ts";
import { mapParallel } from "../core/parallel.ts";
import { formatShard, placesOf, type Shard } from "../core/shard.ts";
import { counted } from "../core/text.ts";
import { makeFolder, removePath, writeFileAtomic } from "./atomic.ts";
import { sha256Of } from "./sha256.ts";
import { packJson, unpackJson } from "./shard-values.ts";
import { VERSION } from "./version.ts";

export const SHARDS_FOLDER = "shards";

/** A share that is asked of a workflow. */
export interface ShardRequest extends Shard {
  /** Results of other jobs in OUT/shards are removed; else they are an error. */
  readonly overwrite?: boolean | undefined;
  /** The words after "hipmri" that do the whole job, without --shard: merge says how to redo a share. */
  readonly command?: readonly string[] | undefined;
}

/** What makes shards belong together. */
export interface ShardJob {
  /** The name under which merge knows what to do, e.g. "predict". */
  readonly verb: string;
  /** Options that bear on the result, by the words that users know them by; undefined ones are left out. */
  readonly options: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly modelSha256?: string | undefined;
  /** Of the items' files, as stampFiles(): results of files that were changed since are another job's. */
  readonly filesSha256?: string | undefined;
  /** The whole list, in order, of all shards together. */
  readonly items: readonly { readonly id: string; readonly size: number }[];
}

const headSchema = z.strictObject({
  format: z.literal(1),
  verb: z.string(),
  version: z.string(),
  /** Sha256 of `about`. */
  job: z.string().regex(/^[0-9a-f]{64}$/),
  /** What the job is, by the words that users know: for messages on what differs. */
  about: z.record(z.string(), z.string()),
  shard: z.strictObject({ index: z.int().min(1), count: z.int().min(1) }),
  command: z.array(z.string()).nullable(),
  /** Of the whole job. */
  total: z.int().min(0),
  items: z.array(z.string()),
  /** Where each of `items` stands in the whole list, from 0. */
  places: z.array(z.int().min(0)),
  /** False where items failed: the shard is done again when it is asked for. */
  complete: z.boolean(),
});
const fileSchema = headSchema.extend({ result: z.unknown() });

/** All but the result. */
export type ShardHead = z.infer<typeof headSchema>;
export interface ShardFile extends ShardHead {
  readonly path: string;
  readonly result: unknown;
}

/** What a share that is done says of itself. */
export interface ShardDone extends Shard {
  /** The result's file. */
  readonly path: string;
  /** Of the share. */
  readonly items: number;
  /** Of the whole job. */
  readonly total: number;
  /** Its result was there already. */
  readonly isDoneBefore: boolean;
}

/** All shards of one job, as merge lends them to what knows the verb. */
export interface ShardSet {
  readonly out: string;
  readonly verb: string;
  /** By index; their items are all of the job's, each once. */
  readonly files: readonly ShardFile[];
  readonly warn?: ((text: string) => void) | undefined;
}

/** In `about`: other files under the names of the items. */
const FILES = "files";

/** What the job is, in words, and its digest. */
export function describeJob({
  verb,
  options,
  modelSha256,
  filesSha256,
  items,
}: ShardJob): Pick<ShardHead, "job" | "about"> {
  const list = sha256Of(JSON.stringify(items.map(({ id, size }) => [id, size])));
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, `${value}`] as const],
  );
  const about = Object.fromEntries([
    ["verb", verb],
    ["version", VERSION],
    ...(modelSha256 === undefined ? [] : [["model", `sha256:${modelSha256}`] as const]),
    ["items", `${items.length} (sha256:${list.slice(0, 16)})`],
    ...(filesSha256 === undefined ? [] : [[FILES, `sha256:${filesSha256.slice(0, 16)}`] as const]),
    ...given.toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ]);
  return { job: sha256Of(JSON.stringify(about)), about };
}

/** "3-of-8.json". */
const shardFileName = ({ index, count }: Shard): string => `${index}-of-${count}.json`;
export const shardPath = (out: string, shard: Shard): string =>
  join(out, SHARDS_FOLDER, shardFileName(shard));

/** The shard that a file in OUT/shards is of; undefined of other names. */
function shardOfName(name: string): Shard | undefined {
  const [, index, count] = /^([1-9]\d{0,8})-of-([1-9]\d{0,8})\.json$/.exec(name) ?? [];
  return index === undefined ? undefined : { index: Number(index), count: Number(count) };
}

/** The shards that have a file in OUT/shards, by count and index; none where there is no such folder. */
export async function listShards(out: string): Promise<readonly Shard[]> {
  const names = await readdir(join(out, SHARDS_FOLDER)).catch((): string[] => []);
  return names
    .flatMap((name) => shardOfName(name) ?? [])
    .sort((a, b) => a.count - b.count || a.index - b.index);
}

/** Into how many shares the work in OUT was cut before; undefined where there is none, or a mixture. */
export async function countOfShares(out: string): Promise<number | undefined> {
  const counts = new Set((await listShards(out)).map(({ count }) => count));
  return counts.size === 1 ? [...counts][0] : undefined;
}

function damaged(path: string, why: string, cause?: unknown): HipError {
  return new HipError("bad-checkpoint", `Cannot read the shard's result "${path}": ${why}`, {
    hint: "Remove the file and do the shard again",
    ...(cause === undefined ? {} : { cause }),
  });
}

function parse<T>(schema: z.ZodType<T>, text: string, path: string): T {
  let value: unknown;
  try {
    value = unpackJson(text);
  } catch (cause) {
    throw damaged(path, "it is no JSON, or was cut short", cause);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw damaged(path, `${issue!.path.join(".") || "the whole"}: ${issue!.message}`);
}

/** @throws HipError "bad-checkpoint" where it is no shard's result or was cut short, "disk" */
export async function readShardFile(path: string): Promise<ShardFile> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw damaged(path, messageOf(cause), cause);
  });
  return { ...parse(fileSchema, text, path), path } as ShardFile;
}

const CHUNK = 2 ** 16;

/** All but the result, which may be many megabytes: the file's first line holds it. */
async function readShardHead(path: string): Promise<ShardHead> {
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw damaged(path, messageOf(cause), cause);
  });
  try {
    const chunks: Buffer[] = [];
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK), 0, CHUNK, null);
      const chunk = buffer.subarray(0, bytesRead);
      const end = chunk.indexOf("\n");
      chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
      if (end >= 0 || bytesRead === 0) break;
    }
    return parse(headSchema, Buffer.concat(chunks).toString("utf8").replace(/,$/, "}"), path);
  } finally {
    await handle.close();
  }
}

/** "OUT/shards/1-of-2.json" against what is asked: a line for each thing that differs; none where nothing does. */
export function differences(found: Pick<ShardHead, "about">, expected: Pick<ShardHead, "about">): string[] {
  const names = [...new Set([...Object.keys(expected.about), ...Object.keys(found.about)])];
  return names.flatMap((name) => {
    const [was, is] = [found.about[name] ?? "not given", expected.about[name] ?? "not given"];
    if (was === is) return [];
    if (name !== FILES) return [`${name}: expected ${is}, found ${was}`];
    // Of other items the files are others, too.
    return found.about.items === expected.about.items ? ["items: files were changed since"] : [];
  });
}

/** Heads that are read at once: the disk of a cluster takes its time for each. */
const HEADS_AT_ONCE = 16;

/** A file of another job in OUT/shards, with what differs. */
interface Alien {
  readonly path: string;
  readonly problems: readonly string[];
}

/**
 * What is there for a share: its own head, where it is of the job, and files of other jobs. Those that cannot be read
 * are nobody's: they are done again.
 */
async function lookAround(
  out: string,
  { index, count }: Shard,
  job: Pick<ShardHead, "job" | "about">,
): Promise<{ readonly own: ShardHead | undefined; readonly aliens: readonly Alien[] }> {
  const shards = await listShards(out);
  const heads = await mapParallel(shards, HEADS_AT_ONCE, (shard) =>
    readShardHead(shardPath(out, shard)).catch(() => undefined),
  );
  const aliens: Alien[] = [];
  let own: ShardHead | undefined;
  for (const [i, shard] of shards.entries()) {
    const head = heads[i];
    if (head === undefined) continue;
    const ofCount =
      shard.count === count ? [] : [`number of shards: expected ${count}, found ${shard.count}`];
    const problems = [...(head.job === job.job ? [] : differences(head, job)), ...ofCount];
    if (problems.length > 0) aliens.push({ path: shardPath(out, shard), problems });
    else if (shard.index === index) own = head;
  }
  return { own, aliens };
}

/** @throws HipError "usage" where the text would be longer than strings can be, 512 MiB */
function packResult(result: unknown, path: string): string {
  try {
    return packJson(result ?? null);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new HipError("usage", `The result of the shard is too large for one file: "${path}"`, {
      hint: "Share the work out among more tasks, e.g. --shard i/32",
      cause,
    });
  }
}

/** One share of a job under way. */
export interface ShardTask {
  readonly path: string;
  /** Of the whole list, in order. */
  readonly places: readonly number[];
  /** The share was done before: there is nothing to do. */
  readonly isDone: boolean;
  readonly done: ShardDone;
  /** Writes the result, last of all. @param complete false where items failed @throws HipError "disk" */
  write(result: unknown, complete?: boolean): Promise<void>;
}

/**
 * Begins a share of a job: looks at what is there, removes results of other jobs where that is asked.
 * @param places the share's items, of the whole list; by default as placesOf() shares them out by size
 * @throws HipError "usage" where OUT/shards holds results of another job, saying what differs; "disk"
 */
export async function openShard(
  out: string,
  request: ShardRequest,
  job: ShardJob,
  places: readonly number[] = placesOf(
    job.items.map(({ size }) => size),
    request,
  ),
): Promise<ShardTask> {
  const { index, count } = request;
  const description = describeJob(job);
  const { own, aliens } = await lookAround(out, request, description);
  const [alien] = aliens;
  if (alien !== undefined && !request.overwrite) {
    const more = aliens.length > 1 ? ` (and ${counted(aliens.length - 1, "file")} more)` : "";
    throw new HipError("usage", `Folder "${out}" holds the shards of another job: "${alien.path}"${more}`, {
      problems: alien.problems,
      hint: "Give another folder with --out, or remove them with --overwrite",
    });
  }
  for (const { path } of aliens) await removePath(path);
  const path = shardPath(out, { index, count });
  const isDone = own?.complete === true && own.job === description.job;
  return {
    path,
    places,
    isDone,
    done: { index, count, path, items: places.length, total: job.items.length, isDoneBefore: isDone },
    async write(result, complete = true) {
      const head: ShardHead = {
        format: 1,
        verb: job.verb,
        version: VERSION,
        ...description,
        shard: { index, count },
        command: request.command === undefined ? null : [...request.command],
        total: job.items.length,
        items: places.map((place) => job.items[place]!.id),
        places: [...places],
        complete,
      };
      await makeFolder(join(out, SHARDS_FOLDER));
      await writeFileAtomic(path, `${packJson(head).slice(0, -1)},\n"result":${packResult(result, path)}}\n`);
    },
  };
}

/** The words after "hipmri" that do the whole job, of whichever shard tells them. */
export const commandOf = (files: readonly ShardHead[]): readonly string[] | null =>
  files.find(({ command }) => command !== null)?.command ?? null;

/** "--shard 3/8" behind the words of the whole job; undefined where the shards do not tell them. */
export const redoCommand = (
  command: readonly string[] | null,
  shard: Shard,
): readonly string[] | undefined =>
  command === null ? undefined : ["hipmri", ...command, "--shard", formatShard(shard)];

/**
 * What shards have made of their items, in the order of the whole job.
 * @param values by shard, in the order of the shard's items
 * @throws HipError "bad-checkpoint" where a shard has not one for each of its items
 */
export function inItemOrder<T>(files: readonly ShardFile[], values: readonly (readonly T[])[]): readonly T[] {
  return files
    .flatMap(({ path, places }, shard) => {
      const own = values[shard]!;
      if (own.length !== places.length)
        throw damaged(path, `expected results of ${counted(places.length, "item")}, found ${own.length}`);
      return own.map((value, i) => ({ value, place: places[i]! }));
    })
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);
}
