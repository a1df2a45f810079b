/**
 * A command laid out for a cluster: what runs in how many tasks, what waits for what, and how much of the machine each
 * task asks for. Knows neither SLURM nor Kubernetes: slurm.ts and kubernetes.ts write plans down.
 */

import { formatDuration } from "../core/duration.ts";
import { HipError } from "../core/errors.ts";
import { counted } from "../core/text.ts";
import { partsOf } from "../train/parts.ts";
import { formatMemory } from "./quantities.ts";

/** What is shared out among the tasks; "run": nothing, it is one training. */
export type WorkKind = "items" | "run" | "folds" | "sweep";

/** A command that is to run on a cluster. */
export interface Work {
  readonly verb: string;
  /** The words after "hipmri" that do all of it. */
  readonly words: readonly string[];
  /** Its --out as it is typed, where the shards meet. */
  readonly out: string;
  readonly kind: WorkKind;
}

/** What is known of a command's size before it runs. Times are on one CPU of an ordinary machine. */
export interface Workload {
  /** How many things are shared out, and what one is called: "scan", "case", "fold". */
  readonly items: number;
  readonly noun: string;
  /** Seconds of all items together on one CPU; undefined where nothing tells. */
  readonly cpuSeconds: number | undefined;
  /** Seconds of one item whatever the number of CPUs, as of a training of so many minutes; undefined where nothing tells. */
  readonly itemSeconds: number | undefined;
  /** Peak memory of a task, of several ranks that of each. */
  readonly memoryMb: number;
  /** CPUs that a task can make use of. */
  readonly cpus: number;
  /** Of one training whose batch is stated: how its steps can be shared out among ranks. */
  readonly batch?: { readonly batchSize: number; readonly microBatch: number | null } | undefined;
  /** Seconds of the longest step in the log of an earlier start: a training is left between steps; undefined: none was logged. */
  readonly stretchSeconds: number | undefined;
  /** Sentences on how the figures were come by. */
  readonly basis: readonly string[];
}

/** What the user states; the rest is planned. */
export interface Wishes {
  readonly tasks?: number | undefined;
  /** Tasks that run at once, at most. */
  readonly atOnce?: number | undefined;
  readonly seconds?: number | undefined;
  readonly memoryMb?: number | undefined;
  readonly cpus?: number | undefined;
  /** How long before the limit a training is told to save and stop. */
  readonly leadSeconds?: number | undefined;
  /** Processes that train one network together, over MPI. */
  readonly ranks?: number | undefined;
}

/** Where it runs: SLURM ends a task at its time limit, and a training is queued again; Jobs of Kubernetes have no limit. */
export type ClusterKind = "slurm" | "kubernetes";

/** What a task gets, of several ranks each of them. */
export interface Resources {
  readonly cpus: number;
  readonly memoryMb: number;
  /** The time limit; undefined: none. */
  readonly seconds: number | undefined;
}

export interface Stage {
  readonly name: string;
  /** The words after "hipmri"; where there are several tasks, each adds its --shard. */
  readonly words: readonly string[];
  readonly tasks: number;
  readonly atOnce: number | undefined;
  /** Processes in each task, started by mpirun; 1: no MPI. */
  readonly ranks: number;
  readonly resources: Resources;
  /** Begins once that stage has ended, well or not: whoever merges tells what is missing, and how to do it. */
  readonly after: string | undefined;
  /** Where an interrupted task goes on when it is started again: how long before its limit it is told to save. */
  readonly leadSeconds: number | undefined;
}

export interface ClusterPlan {
  readonly cluster: ClusterKind;
  readonly verb: string;
  readonly out: string;
  readonly stages: readonly Stage[];
  /** How the figures were come by, and what to mind; for people. */
  readonly basis: readonly string[];
}

/** Long enough that starting is no burden, short enough to slip into gaps of the queue and to lose little. */
const TASK_SECONDS = 30 * 60;
/** SLURM's MaxArraySize is 1001 unless the cluster's people raised it. */
const MOST_TASKS = 1000;
/** Compute nodes are slower than estimates, and shared file systems are slower than that. */
const TIME_MARGIN = 2;
/** A training is told how long to take, or was measured; at the limit it is queued again. */
const TRAIN_MARGIN = 1.25;
const START_SECONDS = 300;
/** Beside the work itself, decoded cases are kept in up to a quarter of what a task is given. */
const MEMORY_MARGIN = 1.4;
/** Where nothing tells how long a training takes: at the limit it is queued again. */
const UNKNOWN_SECONDS = 4 * 3600;
const MERGE = { seconds: 1800, leastMb: 2048 } as const;
/** SLURM may send its signal up to a minute early, never late. A kept step is on disk within seconds. */
const LEAD_SECONDS = 120;

const upTo = (value: number, step: number): number => Math.ceil(value / step) * step;

function tasksOf({ kind }: Work, { items, cpuSeconds }: Workload, cpus: number): number {
  if (kind === "run") return 1;
  if (kind !== "items") return Math.min(items, MOST_TASKS);
  const wanted = cpuSeconds === undefined ? 8 : Math.ceil(cpuSeconds / cpus / TASK_SECONDS);
  return Math.max(1, Math.min(wanted, items, MOST_TASKS));
}

/** Seconds that the longest task takes; undefined where nothing tells. */
function taskSeconds(workload: Workload, tasks: number, cpus: number): number | undefined {
  const { items, cpuSeconds, itemSeconds } = workload;
  const largest = Math.ceil(items / tasks);
  if (itemSeconds !== undefined) return itemSeconds * largest;
  return cpuSeconds === undefined ? undefined : (cpuSeconds / items / cpus) * largest;
}

function limitOf(kind: WorkKind, seconds: number | undefined): number {
  if (seconds === undefined) return UNKNOWN_SECONDS;
  const margin = kind === "items" ? TIME_MARGIN : TRAIN_MARGIN;
  return upTo(seconds * margin + START_SECONDS, 300);
}

/** @throws HipError "usage" where so short a limit leaves no time to work in */
function leadOf(
  limit: number | undefined,
  { stretchSeconds = 0 }: Workload,
  wished: number | undefined,
): number {
  const needed = Math.max(LEAD_SECONDS, Math.ceil(60 + 2 * stretchSeconds));
  if (limit === undefined) return wished ?? needed;
  const lead = wished ?? Math.min(needed, limit / 2);
  if (lead < limit) return Math.round(lead);
  throw new HipError(
    "usage",
    `--lead must be shorter than the time limit of ${formatDuration(limit)}, got ${formatDuration(lead)}`,
    { hint: "Raise --time, or lower --lead" },
  );
}

/** How long it takes, and what happens then. */
function timeNote(
  { kind }: Work,
  noun: string,
  limit: number | undefined,
  estimate: number | undefined,
): string {
  if (estimate === undefined) {
    const unknown = `Nothing tells how long ${kind === "items" ? "a task" : `a ${noun}`} takes`;
    if (limit === undefined) return `${unknown}; nothing limits it`;
    const then =
      kind === "items"
        ? "SLURM ends it, to be begun anew: state --time, or more --tasks"
        : "it is queued again, and goes on";
    return `${unknown}: at the limit of ${formatDuration(limit)} ${then}`;
  }
  const known = `${kind === "run" ? "It" : "The longest task"} is estimated at ${formatDuration(estimate)}`;
  return limit === undefined
    ? `${known}; nothing limits it`
    : `${known}, the limit is ${formatDuration(limit)}`;
}

/** What a limit below the estimate leads to. */
function limitNote(kind: WorkKind, limit: number | undefined, estimate: number | undefined): string[] {
  if (estimate === undefined || limit === undefined || estimate <= limit) return [];
  const [asked, known] = [formatDuration(limit), formatDuration(estimate)];
  return kind === "items"
    ? [
        `The limit of ${asked} is less than the ${known} that the largest task may take: raise --time or --tasks`,
      ]
    : [
        `The limit of ${asked} is less than the ${known} estimated: the training is queued again, and goes on`,
      ];
}

/** @throws HipError "usage" where ranks have nothing to do together, "config" of a batch that cannot be shared out evenly */
function checkRanks({ verb, kind }: Work, { batch }: Workload, ranks: number): void {
  if (ranks === 1) return;
  if (kind !== "run") {
    const what = kind === "items" ? verb : `train --${kind}`;
    throw new HipError("usage", `--ranks must be 1 for ${what}, which is shared out as tasks, got ${ranks}`, {
      hint: "Leave --ranks out; --tasks N says how many tasks share the work",
    });
  }
  if (batch !== undefined) partsOf(batch, { rank: 0, size: ranks });
}

/**
 * Lays out a command.
 * @throws HipError "usage" where what is wished for cannot be: no tasks to share out, a lead beyond the limit, ranks of what
 * is not one training; "config" where ranks do not divide the batch
 */
export function planWork(
  work: Work,
  workload: Workload,
  wishes: Wishes,
  cluster: ClusterKind = "slurm",
): ClusterPlan {
  const { verb, words, out, kind } = work;
  const { items, noun } = workload;
  const ranks = wishes.ranks ?? 1;
  checkRanks(work, workload, ranks);
  const cpus = wishes.cpus ?? workload.cpus;
  if (kind === "run" && (wishes.tasks ?? 1) > 1) {
    throw new HipError(
      "usage",
      `--tasks must be 1 for one training, which is not shared out, got ${wishes.tasks}`,
      {
        hint: "Train over several processes with --ranks N (MPI), or several networks with --folds N",
      },
    );
  }
  const tasks = Math.min(wishes.tasks ?? tasksOf(work, workload, cpus), kind === "run" ? 1 : items);
  const estimate = taskSeconds(workload, tasks, cpus);
  const seconds = cluster === "slurm" ? (wishes.seconds ?? limitOf(kind, estimate)) : undefined;
  const mergeSeconds =
    seconds === undefined ? undefined : kind === "items" ? MERGE.seconds : Math.max(seconds, MERGE.seconds);
  const memoryMb = wishes.memoryMb ?? upTo(workload.memoryMb * MEMORY_MARGIN + 256, 512);
  const resources = { cpus, memoryMb, seconds };
  const main: Stage = {
    name: verb,
    words,
    tasks,
    atOnce: wishes.atOnce,
    ranks,
    resources,
    after: undefined,
    leadSeconds: kind === "items" ? undefined : leadOf(seconds, workload, wishes.leadSeconds),
  };
  // The ensemble of folds is judged and tested by inference: that takes what a task takes.
  const merge: Stage = {
    name: "merge",
    words: ["merge", out],
    tasks: 1,
    atOnce: undefined,
    ranks: 1,
    resources: {
      cpus: kind === "items" ? 1 : cpus,
      memoryMb: Math.max(memoryMb, MERGE.leastMb),
      seconds: mergeSeconds,
    },
    after: main.name,
    leadSeconds: undefined,
  };
  const fewer =
    wishes.tasks !== undefined && wishes.tasks > tasks
      ? [`--tasks ${wishes.tasks}: ${tasks} are enough for ${counted(items, noun)}`]
      : [];
  return {
    cluster,
    verb,
    out,
    stages: tasks > 1 ? [main, merge] : [main],
    basis: [
      ...workload.basis,
      ...fewer,
      timeNote(work, noun, seconds, estimate),
      ...limitNote(kind, seconds, estimate),
      `Memory is estimated at ${formatMemory(Math.round(workload.memoryMb))} a ${ranks > 1 ? "rank" : "task"}, ${formatMemory(memoryMb)} asked for`,
    ],
  };
}
