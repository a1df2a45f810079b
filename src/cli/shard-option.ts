/** `--shard i/n`, or the share that a cluster's variables tell. */
import { dirname } from "node:path";
import { Option } from "commander";
import { HipError } from "../core/errors.ts";
import { formatShard, parseShard, type Shard } from "../core/shard.ts";
import { counted } from "../core/text.ts";
import type { ShardDone, ShardRequest } from "../node/shard-store.ts";
import { commandLine } from "../node/shell.ts";
import { withoutFlag } from "./command-words.ts";
import { alignRows } from "./layout.ts";
import type { Outcome } from "./outcome.ts";

/** `--shard`, for the verbs whose work can be shared out. */
export function shardOption(): Option {
  return new Option(
    "--shard <i/n>",
    'do share i of n, counted from 1, of the work; "hipmri merge DIR" then joins them (default: as SLURM or Kubernetes say, else all)',
  ).argParser(parseShard);
}

/** `--overwrite`, beside `--shard`. */
export function overwriteShardsOption(): Option {
  return new Option("--overwrite", "of shards: remove results of another job from DIR/shards");
}

/** Flags that are the share's own, or change only what is printed. */
const OWN_FLAGS = ["--overwrite", "--json", "--quiet"];

/** The command line without the share. */
export const wholeCommand = (argv: readonly string[]): readonly string[] =>
  withoutFlag(argv, "--shard").filter((word) => !OWN_FLAGS.includes(word));

/**
 * The share that is asked for: the flag's, else the environment's, which is told on stderr; undefined where that is
 * all of the work.
 * @throws HipError "usage" where the environment's variables do not say which
 */
export async function findShard(flag: Shard | undefined, env = process.env): Promise<Shard | undefined> {
  if (flag !== undefined) return flag.count === 1 ? undefined : flag;
  const { shareOfEnvironment } = await import("../cluster/environment.ts");
  const found = shareOfEnvironment(env);
  if (found === undefined) return undefined;
  const { shard, source } = found;
  const does = shard.count === 1 ? "does all" : "does its share; --shard 1/1 does all";
  process.stderr.write(`Task ${shard.index} of ${shard.count} of ${source}: ${does}\n`);
  return shard.count === 1 ? undefined : shard;
}

/**
 * The share that is asked for, with all that workflows want of it; undefined where it is all of the work.
 * @param out where shards meet; a verb that can do without must have one here
 * @throws HipError "usage"
 */
export async function shardRequest(
  flags: { readonly shard?: Shard; readonly overwrite?: true; readonly out?: string },
  argv: readonly string[],
): Promise<ShardRequest | undefined> {
  const shard = await findShard(flags.shard);
  if (shard === undefined) return undefined;
  if (flags.out === undefined) {
    throw new HipError(
      "usage",
      `--out is needed with shard ${formatShard(shard)}: the folder where all shards meet`,
      {
        hint: "Add --out DIR, or do all of the work with --shard 1/1",
      },
    );
  }
  return { ...shard, overwrite: flags.overwrite, command: wholeCommand(argv) };
}

/** A share that is done, as `--json` prints it. */
export function shardJson({ index, count, path, items, total, isDoneBefore }: ShardDone) {
  return { shard: formatShard({ index, count }), items, total, doneBefore: isDoneBefore, file: path };
}

/** The same for people. @param noun what the items are, e.g. "case" */
export function shardRows(
  { index, count, path, items, total, isDoneBefore }: ShardDone,
  noun: string,
): readonly (readonly [string, string | readonly string[]])[] {
  const out = dirname(dirname(path));
  return [
    [
      "Shard",
      [
        `${index} of ${count}: ${items} of ${counted(total, noun)}${isDoneBefore ? ", done before" : ""}`,
        path,
      ],
    ],
    ["Next", `${commandLine(["hipmri", "merge", out])}, once all ${count} are done`],
  ];
}

/** What a verb prints of a share that has no result of its own to show. */
export function shardOutcome(done: ShardDone, noun: string, seconds: string): Outcome {
  return { json: shardJson(done), text: alignRows([["Time", seconds], ...shardRows(done, noun)]) };
}
