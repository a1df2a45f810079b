/** The shards in a folder, held against each other: all there, each once, all of one job. */
import { readdir } from "node:fs/promises";
import { HipError } from "../core/errors.ts";
import { firstProblems } from "../core/joined-errors.ts";
import { formatShard, type Shard } from "../core/shard.ts";
import { counted } from "../core/text.ts";
import {
  commandOf,
  differences,
  listShards,
  readShardFile,
  redoCommand,
  type ShardFile,
  type ShardSet,
  shardPath,
} from "../node/shard-store.ts";
import { commandLine } from "../node/shell.ts";
import { VERSION } from "../node/version.ts";

/** "; do it with: hipmri evaluate … --shard 3/8", where the shards tell the command. */
function redo(files: readonly ShardFile[], shard: Shard): string {
  const words = redoCommand(commandOf(files), shard);
  return words === undefined ? "" : `; do it with: ${commandLine(words)}`;
}

interface Found {
  readonly files: readonly ShardFile[];
  readonly problems: readonly string[];
}

async function readAll(out: string): Promise<Found> {
  const files: ShardFile[] = [];
  const problems: string[] = [];
  for (const shard of await listShards(out)) {
    try {
      const file = await readShardFile(shardPath(out, shard));
      const { index, count } = file.shard;
      if (index === shard.index && count === shard.count) files.push(file);
      else
        problems.push(
          `"${file.path}" holds shard ${formatShard(file.shard)}, not ${formatShard(shard)}: remove it`,
        );
    } catch (error) {
      if (!(error instanceof HipError)) throw error;
      problems.push(error.message);
    }
  }
  return { files, problems };
}

/** The value that most files have; of equals the first. */
function commonest<T>(values: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

/** Files of another job than most. */
function alienProblems(files: readonly ShardFile[]): string[] {
  const job = commonest(files.map((file) => file.job));
  const first = files.find((file) => file.job === job);
  return files.flatMap((file) =>
    file.job === job
      ? []
      : [
          `"${file.path}" is of another job: ${differences(file, first!).join("; ")}: remove it, or do it again`,
        ],
  );
}

/** Shards of several counts share their items out in different ways: some would count twice. */
function countProblems(files: readonly ShardFile[]): string[] {
  const counts = [...new Set(files.map(({ shard }) => shard.count))].sort((a, b) => a - b);
  if (counts.length < 2) return [];
  const kinds = counts.map((count) => {
    const of = files.filter(({ shard }) => shard.count === count);
    return `${of.length} of ${count} (${of.map(({ shard }) => formatShard(shard)).join(", ")})`;
  });
  return [
    `The same work is there in several shares: ${kinds.join(" and ")}: remove the files of all but one`,
  ];
}

function missingProblems(out: string, { files, problems }: Found): string[] {
  const counts = new Set(files.map(({ shard }) => shard.count));
  // Which of them are missing cannot be told of a mixture, and a damaged one has been told.
  if (counts.size !== 1) return [];
  const [count] = [...counts] as [number];
  const there = new Set(files.map(({ shard }) => shard.index));
  return Array.from({ length: count }, (_, k) => k + 1).flatMap((index) => {
    if (there.has(index)) return [];
    const shard = { index, count };
    const isTold = problems.some((problem) => problem.includes(`"${shardPath(out, shard)}"`));
    return [`Shard ${formatShard(shard)} is ${isTold ? "of no use" : "missing"}${redo(files, shard)}`];
  });
}

/** Files that were put together by hand may have the name and the job, and yet not all items. */
function itemProblems(files: readonly ShardFile[]): string[] {
  const total = files[0]?.total ?? 0;
  const seen = new Uint8Array(total);
  const twice = new Set<string>();
  for (const { items, places } of files) {
    for (const [i, place] of places.entries()) {
      if (place >= total || seen[place]! > 0) twice.add(items[i] ?? `${place}`);
      else seen[place] = 1;
    }
  }
  const left = seen.reduce((sum, n) => sum + (n === 0 ? 1 : 0), 0);
  return [
    ...(twice.size === 0 ? [] : [`${counted(twice.size, "item")} in several shards: "${[...twice][0]}"`]),
    ...(left === 0 ? [] : [`${counted(left, "item")} of ${total} in no shard`]),
  ];
}

const byVersion = (files: readonly ShardFile[]): string[] => {
  const { version } = files[0]!;
  return version === VERSION
    ? []
    : [
        `The shards are of version ${version}, this is ${VERSION}: merge them with that version, or do them again`,
      ];
};

/**
 * Reads the shards of a job.
 * @param out the --out of the shards
 * @throws HipError "not-found" where there is none; "bad-dataset" where one is missing, doubled or of another job, with
 *   all problems at once and the commands that do them again
 */
export async function readShardSet(
  out: string,
  options: { readonly warn?: (text: string) => void } = {},
): Promise<ShardSet> {
  const names = await readdir(out).catch(() => undefined);
  if (names === undefined) {
    throw new HipError("not-found", `Cannot find folder "${out}"`, {
      hint: "Give the folder that the shards had as --out",
    });
  }
  const found = await readAll(out);
  const { files } = found;
  if (files.length === 0 && found.problems.length === 0) {
    throw new HipError(
      "not-found",
      `Cannot merge "${out}": expected shards/1-of-2.json and so on, found none`,
      {
        hint: "Give the folder that the shards had as --out; a shard writes its result when it is done",
      },
    );
  }
  const aliens = alienProblems(files);
  const problems = [...found.problems, ...aliens, ...countProblems(files), ...missingProblems(out, found)];
  if (problems.length === 0) problems.push(...itemProblems(files), ...byVersion(files));
  if (problems.length > 0) {
    throw new HipError("bad-dataset", `Cannot merge "${out}": its shards are not one whole job`, {
      problems: firstProblems(problems),
      hint: "Shards that are done are skipped: doing all of them again does only what is missing",
    });
  }
  return { out, verb: files[0]!.verb, files, warn: options.warn };
}
