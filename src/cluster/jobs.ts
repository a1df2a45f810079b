/**
 * `--jobs N`: the shares that a cluster would do, in processes of this very command on this machine, as many at once as
 * its memory holds. Each leaves OUT/shards/I-of-N.json; merging them is left to whoever asked.
 */
import { stat } from "node:fs/promises";
import { type ErrorJson, errorFromJson, HipError } from "../core/errors.ts";
import { formatShard, type Shard } from "../core/shard.ts";
import { counted } from "../core/text.ts";
import { shardPath } from "../node/shard-store.ts";
import { type JobStanding, makeJobsLine } from "./jobs-line.ts";
import { expectedBytes, formatBytes, freeBytes, hasRoom } from "./memory.ts";
import { startWorker, type Worker, type WorkerEnd } from "./worker.ts";

export interface JobsOptions {
  /** The words after "hipmri" of the whole work, the verb first. */
  readonly argv: readonly string[];
  readonly out: string;
  /** Into how many shares the work is cut. */
  readonly shards: number;
  /** How many of them are done at once, memory permitting. */
  readonly atOnce: number;
  readonly stderr: Pick<NodeJS.WriteStream, "isTTY" | "columns"> & { write(text: string): unknown };
  readonly isQuiet: boolean;
  /** Aborted: jobs save what they have and end. */
  readonly signal: AbortSignal;
  /** Aborted: jobs end at once, saved or not. */
  readonly killSignal?: AbortSignal;
  /** What goes on where jobs died, in words; of other than the same command. */
  readonly goesOn?: string | undefined;
  /** In place of this very command; for tests. */
  readonly command?: readonly string[];
  readonly freeBytes?: () => number;
}

const LOOK_EVERY_MS = 500;
/** Of a job that died. */
const LAST_LINES = 10;
/** What a job does before its memory says anything. */
const READING = "Reading cases";
const USAGE = 2;
const BAD_DATA = 1;
const OUR_BUG = 70;

interface Job {
  readonly shard: Shard;
  standing: JobStanding;
  peakBytes: number;
  worker: Worker | undefined;
  deaths: number;
}

/** The error that a job printed as JSON. */
function errorOf({ stdout }: WorkerEnd): HipError | undefined {
  try {
    const { error } = JSON.parse(stdout) as { readonly error: ErrorJson };
    return errorFromJson(error);
  } catch {
    return undefined;
  }
}

const lastLines = (text: string): readonly string[] =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-LAST_LINES);

/** "ended by SIGKILL", "ended with code 70" */
const howEnded = ({ code, signal }: WorkerEnd): string =>
  signal === null ? `ended with ${code === null ? "no code" : `code ${code}`}` : `ended by ${signal}`;

/**
 * Does all shares.
 * @returns false where it was stopped by `signal` before all were done
 * @throws HipError what a job found wrong with its input; "disk" where a job died twice, and Error where that was a bug
 *   of ours. The others are stopped first.
 */
export async function runJobs(options: JobsOptions): Promise<boolean> {
  const { argv, out, shards, stderr, signal } = options;
  const line = makeJobsLine(stderr, options);
  const free = options.freeBytes ?? freeBytes;
  const [verb = "", ...rest] = argv;
  const jobs = Array.from({ length: shards }, (_, k): Job => {
    const standing = { index: k + 1, state: "waiting", label: "", done: 0, total: 0 } as const;
    return { shard: { index: k + 1, count: shards }, standing, peakBytes: 0, worker: undefined, deaths: 0 };
  });
  const told = new Set<string>();
  let atOnce = options.atOnce;
  let peakBytes = 0;
  /** A job has shown how much memory the work takes. */
  let isMeasured = false;
  let failure: unknown;
  let isHeldBack = false;

  const running = (): readonly Job[] => jobs.filter(({ worker }) => worker !== undefined);
  const isStopping = (): boolean => signal.aborted || failure !== undefined;
  const show = (isNews = false): void =>
    line.show(
      jobs.map(({ standing }) => standing),
      isNews,
    );

  function mayStart(): boolean {
    const now = running();
    if (now.length === 0) return true;
    if (now.length >= atOnce || !isMeasured) return false;
    const view = { freeBytes: free(), runningPeaks: now.map((job) => job.peakBytes), peakBytes };
    if (hasRoom(view)) return true;
    if (!isHeldBack)
      line.say(
        `Memory: ${counted(now.length, "job")} of ${atOnce} at once, since each takes up to ${formatBytes(expectedBytes(view))} and ${formatBytes(view.freeBytes)} are free`,
      );
    isHeldBack = true;
    return false;
  }

  function start(job: Job): Promise<void> {
    const startedAtMs = Date.now();
    const words = [verb, "--shard", formatShard(job.shard), "--json", "--quiet", ...rest];
    job.standing = { ...job.standing, state: "running", label: "", done: 0, total: 0 };
    job.peakBytes = 0;
    const worker = startWorker(
      words,
      {
        news({ label, done, total, peakBytes: peak }) {
          job.standing = { ...job.standing, label, done, total };
          job.peakBytes = Math.max(job.peakBytes, peak);
          peakBytes = Math.max(peakBytes, peak);
          if (label !== READING && done > 0) isMeasured = true;
          show();
        },
        line(text) {
          // What all jobs say is said once.
          if (!text.startsWith("warning: ") || told.has(text)) return;
          told.add(text);
          line.say(text);
        },
      },
      options.command,
    );
    job.worker = worker;
    show(true);
    return worker.ended.then((end) => finish(job, end, startedAtMs));
  }

  async function finish(job: Job, end: WorkerEnd, startedAtMs: number): Promise<void> {
    isMeasured = true;
    const hasResult = await stat(shardPath(out, job.shard)).then(
      ({ mtimeMs }) => mtimeMs >= startedAtMs - 2000,
      () => false,
    );
    job.worker = undefined;
    // Images that failed are in the result, and merge tells of them.
    if (end.code === 0 || (end.code === BAD_DATA && hasResult)) {
      job.standing = { ...job.standing, state: "done" };
      show(true);
      return;
    }
    job.standing = { ...job.standing, state: "waiting" };
    if (isStopping()) return;
    const error = end.code === USAGE || end.code === BAD_DATA ? errorOf(end) : undefined;
    if (error !== undefined) return fail(error);
    job.deaths++;
    const tail = lastLines(end.stderr);
    line.say(
      [
        `Job ${formatShard(job.shard)} ${howEnded(end)}${job.deaths > 1 ? "" : ": it is done once more"}`,
        ...tail.map((text) => `  | ${text}`),
      ].join("\n"),
    );
    if (job.deaths > 1) return fail(diedTwice(job.shard, end));
    // The system kills what takes too much: from now on one less at once.
    if (end.signal === "SIGKILL") atOnce = Math.max(1, Math.min(atOnce, running().length));
  }

  function diedTwice(shard: Shard, end: WorkerEnd): Error {
    const what = `Job ${formatShard(shard)} ended twice before it was done (${howEnded(end)})`;
    const problems = lastLines(end.stderr);
    // A bug of ours is one here, too: no disk was full.
    if (end.code === OUR_BUG) return new Error([what, ...problems].join("\n"));
    const goesOn = options.goesOn ?? "the same command goes on";
    return new HipError("disk", what, {
      problems,
      hint: `Perhaps memory ran out: give fewer --jobs. What is done is kept: ${goesOn}`,
    });
  }
  function stopAll(): void {
    for (const { worker } of jobs) worker?.stop();
  }
  function killAll(): void {
    for (const { worker } of jobs) worker?.kill();
  }
  function fail(error: unknown): void {
    failure ??= error;
    stopAll();
  }

  signal.addEventListener("abort", stopAll);
  options.killSignal?.addEventListener("abort", killAll);
  try {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        for (const job of jobs) {
          if (isStopping()) break;
          if (job.standing.state === "waiting" && job.worker === undefined && mayStart())
            void start(job).catch(fail).finally(look);
        }
        const isOver = isStopping() || jobs.every(({ standing }) => standing.state === "done");
        if (!isOver || running().length > 0) return;
        clearInterval(timer);
        resolve();
      };
      // Memory is freed without anybody saying so.
      const timer = setInterval(look, LOOK_EVERY_MS);
      look();
    });
  } finally {
    signal.removeEventListener("abort", stopAll);
    options.killSignal?.removeEventListener("abort", killAll);
    line.stop();
  }
  if (failure !== undefined) throw failure;
  return jobs.every(({ standing }) => standing.state === "done");
}
