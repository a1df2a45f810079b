/** One run as the page sees it. */
import { join } from "node:path";
import { HipError } from "../core/errors.ts";
import { RUN_FILES } from "../node/run-folder.ts";
import { sha256Of } from "../node/sha256.ts";
import type { RunState } from "./api.ts";
import { resumeRun, stopRun } from "./control.ts";
import { makeFactsReader, type RunFacts } from "./run-facts.ts";
import { makeRunHistory, type RunHistory } from "./run-history.ts";
import { findStanding, type ResumedChild, type Standing } from "./run-status.ts";

export interface WatchedRun {
  readonly id: string;
  /** Absolute. */
  readonly folder: string;
  readonly logPath: string;
  readonly history: RunHistory;
  /** The state as it is now, the history read up to it. */
  state(): Promise<RunState>;
  /** @throws HipError "usage" where it cannot be stopped now */
  stop(): Promise<void>;
  /** @throws HipError "usage" where it cannot be resumed now */
  resume(): Promise<void>;
}

/** From where the run lies, so that a bookmark holds; says nothing about it. */
const runId = (folder: string): string => sha256Of(folder).slice(0, 16);

export function makeWatchedRun(
  folder: string,
  options: { readonly command: readonly string[]; name(): string; readonly shownPath: string },
): WatchedRun {
  const logPath = join(folder, RUN_FILES.log);
  const history = makeRunHistory(logPath);
  const readFacts = makeFactsReader(folder);
  const id = runId(folder);
  let child: { state(): ResumedChild } | undefined;
  let isResuming = false;

  async function look(): Promise<{ readonly facts: RunFacts; readonly standing: Standing }> {
    await history.refresh();
    const facts = await readFacts();
    const { stepsDone } = history;
    const standing = await findStanding(folder, facts, { stepsDone, child: child?.state() });
    // A later training, begun elsewhere: how ours ended says nothing any more.
    if (standing.status === "running" && child?.state().exitCode !== undefined) child = undefined;
    return { facts, standing };
  }

  function refuse(what: string, why: string | null): HipError {
    return new HipError("usage", `Cannot ${what} this run: ${why ?? "it is busy"}`);
  }

  return {
    id,
    folder,
    logPath,
    history,
    async state() {
      const { facts, standing } = await look();
      const { config, labels, synthetic, has } = facts;
      const plan = config?.plan ?? null;
      const { status, note, stop, resume } = standing;
      return {
        id,
        name: options.name(),
        path: options.shownPath,
        status,
        note,
        configDigest: config?.digest ?? null,
        preset: config?.preset ?? null,
        seed: config?.seed ?? null,
        labels,
        synthetic,
        plan,
        stepsDone: history.stepsDone,
        epochsDone: history.epochsDone,
        lastEpoch: history.lastEpoch,
        bestEpoch: history.bestEpoch,
        stepsPerSecond: history.stepsPerSecond,
        secondsLeft: status === "running" && plan !== null ? history.secondsLeft(plan) : null,
        stop,
        resume,
        has,
      };
    },
    async stop() {
      const { standing } = await look();
      if (!standing.stop.can) throw refuse("stop", standing.stop.why);
      await stopRun(folder, standing);
    },
    async resume() {
      if (isResuming) throw refuse("resume", "It is being resumed already");
      isResuming = true;
      try {
        const { facts, standing } = await look();
        if (!standing.resume.can || facts.session === undefined) throw refuse("resume", standing.resume.why);
        child = await resumeRun(folder, facts.session, options.command);
      } finally {
        isResuming = false;
      }
    },
  };
}
