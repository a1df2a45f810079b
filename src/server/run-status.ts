/** Where a run stands, told from its files and its process; and what can be asked of it. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { lifeOf, type RunProcess, readProcess, readStopRequest } from "../node/live-run.ts";
import { RUN_FILES } from "../node/run-folder.ts";
import type { Can, RunStatus } from "./api.ts";
import type { RunFacts } from "./run-facts.ts";

/** How long a training on another machine may say nothing: a validation of many volumes takes minutes. */
const SILENT_MS = 15 * 60_000;

/** A training that was resumed from here. */
export interface ResumedChild {
  /** undefined while it runs; null where it could not be started, or was killed. */
  readonly exitCode: number | null | undefined;
  /** The last line of what it said. */
  readonly lastWords: string;
}

export interface Standing {
  readonly status: RunStatus;
  readonly note: string;
  readonly stop: Can;
  readonly resume: Can;
  /** The process that a request to stop would name. */
  readonly process: RunProcess | undefined;
}

const YES: Can = { can: true, why: null };
const no = (why: string): Can => ({ can: false, why });

async function isTraining(folder: string, process: RunProcess): Promise<boolean> {
  if (process.error !== null) return false;
  const life = lifeOf(process);
  if (life !== "elsewhere") return life === "alive";
  const log = await stat(join(folder, RUN_FILES.log)).catch(() => undefined);
  const spokeAt = Math.max(log?.mtimeMs ?? 0, Date.parse(process.startedAt));
  return Date.now() - spokeAt < SILENT_MS;
}

async function canResume(facts: RunFacts): Promise<Can> {
  const { session, config } = facts;
  if (config === undefined) return no(`There is no ${RUN_FILES.config} to go on with`);
  if (session === undefined)
    return no("An earlier version made this run: resume it with hipmri train --resume");
  const data = await stat(session.data).catch(() => undefined);
  return data === undefined ? no(`Its data are not at "${session.data}" any more`) : YES;
}

interface Found {
  readonly status: RunStatus;
  readonly note: string;
}

function resting(facts: RunFacts, process: RunProcess | undefined, child: ResumedChild | undefined): Found {
  const hasFailed = child?.exitCode !== undefined && child.exitCode !== 0 && child.exitCode !== 130;
  if (hasFailed && !facts.has.metrics) {
    return { status: "failed", note: `Resuming failed: ${child.lastWords || "no reason was given"}` };
  }
  if (process?.error != null)
    return { status: "failed", note: `Training ended with an error: ${process.error}` };
  if (process !== undefined && !facts.has.metrics) {
    return { status: "failed", note: "The training was ended before it could save: resuming loses little" };
  }
  if (facts.has.metrics) return { status: "finished", note: "Finished and judged" };
  if (facts.has.log || facts.config !== undefined) return { status: "stopped", note: "Stopped and saved" };
  return { status: "waiting", note: "Waiting for training to start" };
}

/** @param stepsDone in the log */
export async function findStanding(
  folder: string,
  facts: RunFacts,
  now: { readonly stepsDone: number; readonly child: ResumedChild | undefined },
): Promise<Standing> {
  const process = await readProcess(folder);
  if (process !== undefined && (await isTraining(folder, process))) {
    const isStopping = readStopRequest(folder) === process.instance;
    const plan = facts.config?.plan ?? null;
    const isJudging = plan !== null && now.stepsDone >= plan.steps;
    const note = isStopping
      ? "Stopping as soon as the work is saved"
      : isJudging
        ? "All steps are done; the model is being judged"
        : "Training";
    return {
      status: "running",
      note,
      stop: isStopping || isJudging ? no(note) : YES,
      resume: no("It is running"),
      process,
    };
  }
  if (now.child !== undefined && now.child.exitCode === undefined) {
    const note = "Starting: the data are being read";
    return { status: "starting", note, stop: no(note), resume: no(note), process: undefined };
  }
  const { status, note } = resting(facts, process, now.child);
  const isOver = status === "finished" || status === "waiting";
  return {
    status,
    note,
    stop: no("No training is under way"),
    resume: isOver ? no(note) : await canResume(facts),
    process: undefined,
  };
}
