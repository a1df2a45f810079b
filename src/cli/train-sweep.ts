/** `hipmri train --sweep`: what it cannot be given together with, and how its ranking is shown. */
import { join } from "node:path";
import { formatDuration } from "../core/duration.ts";
import { HipError } from "../core/errors.ts";
import { counted } from "../core/text.ts";
import { tell } from "../node/as-typed.ts";
import { commandLine } from "../node/shell.ts";
import type { SweepSummary } from "../node/workflows/sweep.ts";
import { formatRanking } from "../report/sweep.ts";
import { INTERRUPTED } from "./interrupt.ts";
import { alignRows } from "./layout.ts";
import type { Outcome } from "./outcome.ts";
import { shardJson, shardRows } from "./shard-option.ts";

/** @throws HipError "usage" of flags that have no place beside `--sweep`, or that need it */
export function checkSweepFlags(flags: {
  readonly sweep?: readonly string[];
  readonly trials?: number;
  readonly folds?: number;
  readonly test?: true;
}): void {
  if (flags.sweep === undefined) {
    if (flags.trials === undefined) return;
    throw new HipError("usage", "--trials needs --sweep: which settings are varied", {
      hint: "For instance --sweep schedule.learningRate=1e-4..1e-2 --trials 20",
    });
  }
  if (flags.folds !== undefined) {
    throw new HipError("usage", "Cannot give --sweep and --folds together", {
      hint: "Sweep first, then train the best settings with --folds: --config DIR/trial_000/config.json",
    });
  }
  if (flags.test === true) {
    throw new HipError(
      "usage",
      "Cannot give --sweep and --test together: whoever chooses among trials by test patients has none left to test on",
      {
        hint: "Leave --test out; judge the best trial once: hipmri evaluate DIR/trial_000 DATA --split test",
      },
    );
  }
}

/** @param shown.time that the sweep took, @param shown.again the command that goes on where the sweep was stopped */
export function sweepOutcome(
  summary: SweepSummary,
  shown: { readonly time: string; readonly again?: string; readonly data?: string },
): Outcome {
  const { shard, run: out, ranking, files, done } = summary;
  const json = { ...summary, ...(shard === undefined ? {} : { shard: shardJson(shard) }) };
  if (!summary.finished) {
    tell(`Stopped and saved after ${counted(done, "whole trial")}. Go on with: ${shown.again ?? ""}\n`);
    return { json, text: "", exitCode: INTERRUPTED };
  }
  if (shard !== undefined) {
    return { json, text: alignRows([...shardRows(shard, "trial"), ["Time", shown.time]]) };
  }
  if (ranking === undefined) return { json, text: "" };
  const next = ["hipmri", "evaluate", join(out, ranking.best ?? "trial_000"), shown.data ?? "DATA"];
  const facts = alignRows([
    ["Time", shown.time],
    ["Files", files],
    ...(ranking.best === null
      ? []
      : ([["Next", commandLine([...next, "--split", "test", "--out", join(out, "test")])]] as const)),
  ]);
  const failed = ranking.trials.flatMap(({ name, failure }) =>
    failure === null ? [] : [`${name}: ${failure}`],
  );
  const error =
    ranking.best === null
      ? new HipError("config", "Every trial failed", {
          problems: failed.slice(0, 20),
          hint: "Sweep over other settings",
        })
      : undefined;
  return {
    json,
    text: `${formatRanking(ranking, formatDuration)}\n\n${facts}`,
    ...(error === undefined ? {} : { error }),
  };
}
