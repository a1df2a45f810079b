/** `--jobs N`: the work in several processes on this machine, joined at the end. */
import { join } from "node:path";
import { Option } from "commander";
import { formatDuration } from "../core/duration.ts";
import { HipError } from "../core/errors.ts";
import { formatShard, type Shard } from "../core/shard.ts";
import { counted } from "../core/text.ts";
import { tell } from "../node/as-typed.ts";
import { commandLine } from "../node/shell.ts";
import { withoutFlag } from "./command-words.ts";
import { INTERRUPTED, withInterrupt } from "./interrupt.ts";
import type { Outcome } from "./outcome.ts";
import { findShard, wholeCommand } from "./shard-option.ts";
import { wholeNumber } from "./values.ts";
import { warn } from "./verb.ts";

/** `--jobs`, for the verbs whose work can be shared out. */
export function jobsOption(): Option {
  return new Option(
    "--jobs <n>",
    "share the work out among so many processes on this machine, as many at once as memory holds",
  ).argParser(wholeNumber("--jobs", 1));
}

/** The flags that `--jobs` looks at. */
export interface JobsFlags {
  readonly jobs?: number;
  readonly shard?: Shard;
  readonly out?: string;
  readonly overwrite?: true;
  readonly quiet?: true;
  readonly threads?: number;
}

/** Whether the work is to be shared out: one job is the work itself. */
export const hasJobs = ({ jobs }: JobsFlags): boolean => jobs !== undefined && jobs > 1;

/** The command line without `--jobs` and what is a share's own. */
const commandOfJobs = (argv: readonly string[]): readonly string[] =>
  withoutFlag(wholeCommand(argv), "--jobs");

/** @throws HipError "usage" where a share is asked for beside `--jobs`, by flag or by a cluster, or where shares cannot meet */
async function checkJobs(flags: JobsFlags): Promise<string> {
  const shard = await findShard(flags.shard);
  if (shard !== undefined) {
    throw new HipError(
      "usage",
      `Cannot give --jobs to a share, ${formatShard(shard)}: it shares out all of the work`,
      {
        hint: "Leave --jobs out, or do all of the work here with --shard 1/1",
      },
    );
  }
  if (flags.out === undefined) {
    throw new HipError("usage", "--out is needed with --jobs: the folder where all jobs meet", {
      hint: "Add --out DIR",
    });
  }
  return flags.out;
}

/** "the same command goes on with --resume in place of --overwrite" */
function describeGoingOn(argv: readonly string[], again: readonly string[] = []): string {
  const isReplacing = argv.includes("--overwrite");
  const ending =
    again.length > 0
      ? ` with ${again.join(" ")}${isReplacing ? " in place of --overwrite" : ""}`
      : isReplacing
        ? " without --overwrite"
        : "";
  return `the same command goes on${ending}`;
}

export interface JobsWork {
  /** Of a training: its folds or trials, one a share; of other verbs as many as jobs. */
  readonly shards?: number;
  /** Whether the verb takes `--threads`, and nobody has said how many. */
  readonly sharesThreads: boolean;
  /** Of jobs that did a part before, where the threads are a part of the settings: shares go on with those. */
  threadsBefore?(out: string): Promise<number | undefined>;
  /** Beside those that were typed. */
  readonly flags?: readonly string[];
  /** What to say to go on, where that is more than the same command. */
  readonly again?: readonly string[];
  readonly isRescored?: true | undefined;
  /** Before the first job: checks all, then removes what is to be replaced. */
  prepare?(out: string): Promise<void>;
}

/**
 * Does a verb's work by jobs and joins what they made.
 * @param argv as typed
 * @throws HipError "usage"; what a job, or merge, found wrong
 */
export async function runWithJobs(
  argv: readonly string[],
  flags: JobsFlags,
  work: JobsWork,
): Promise<Outcome> {
  const out = await checkJobs(flags);
  await work.prepare?.(out);
  const { availableParallelism } = await import("node:os");
  const { runJobs } = await import("../cluster/jobs.ts");
  const { countOfShares, SHARDS_FOLDER } = await import("../node/shard-store.ts");
  const started = performance.now();
  const jobs = flags.jobs ?? 1;
  // Shares that are done stay done, whatever the number of jobs.
  const shards = work.shards ?? (flags.overwrite ? undefined : await countOfShares(out)) ?? jobs;
  const atOnce = Math.min(jobs, shards);
  const ofCores = Math.max(1, Math.floor(availableParallelism() / atOnce));
  const threads = work.sharesThreads ? ((await work.threadsBefore?.(out)) ?? ofCores) : undefined;
  const [verb = "", ...rest] = commandOfJobs(argv);
  const own = [
    ...(threads === undefined ? [] : ["--threads", `${threads}`]),
    ...(flags.overwrite ? ["--overwrite"] : []),
    ...(work.flags ?? []),
  ];
  const isQuiet = flags.quiet ?? false;
  if (!isQuiet) {
    const each = threads === undefined ? "" : `, ${counted(threads, "thread")} each`;
    process.stderr.write(`${counted(shards, "share")} in up to ${counted(atOnce, "job")} at once${each}\n`);
  }
  const isDone = await withInterrupt((signal, killSignal) =>
    runJobs({
      argv: [verb, ...own, ...rest],
      out,
      shards,
      atOnce,
      stderr: process.stderr,
      isQuiet,
      signal,
      killSignal,
      goesOn: describeGoingOn(argv, work.again),
    }),
  );
  if (!isDone) {
    const again = commandLine(["hipmri", ...wholeCommand(argv), ...(work.again ?? [])]);
    tell(`Stopped; shares that are done are kept. Go on with: ${again}\n`);
    return { json: { finished: false, run: out }, text: "", exitCode: INTERRUPTED };
  }
  const { mergeShards } = await import("../cluster/merge.ts");
  const { mergedOutcome } = await import("./merge.ts");
  const { removePath } = await import("../node/atomic.ts");
  const merged = await mergeShards(out, { warn });
  // What is joined needs them no more; left there, the next call would take them for its own.
  await removePath(join(out, SHARDS_FOLDER));
  const seconds = formatDuration((performance.now() - started) / 1000);
  return mergedOutcome(merged, { seconds, isRescored: work.isRescored });
}
