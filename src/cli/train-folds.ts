/** `hipmri train --folds`: how its result is shown. */
import { formatMetricsTables } from "../metrics/table.ts";
import { tell } from "../node/as-typed.ts";
import { commandLine } from "../node/shell.ts";
import type { FoldsSummary } from "../node/workflows/folds-options.ts";
import { INTERRUPTED } from "./interrupt.ts";
import { alignRows } from "./layout.ts";
import type { Outcome } from "./outcome.ts";
import { shardJson, shardRows } from "./shard-option.ts";

/** @param shown.time that the folds took, @param shown.again the command that goes on where they were stopped */
export function foldsOutcome(
  summary: FoldsSummary,
  { time, again = "" }: { readonly time: string; readonly again?: string },
): Outcome {
  const { shard, run: out } = summary;
  const json = { ...summary, ...(shard === undefined ? {} : { shard: shardJson(shard) }) };
  if (!summary.finished) {
    tell(`Stopped and saved. Go on with: ${again}\n`);
    return { json, text: "", exitCode: INTERRUPTED };
  }
  if (shard !== undefined) {
    const rows = [...shardRows(shard, "fold"), ["Time", time] as const];
    return { json, text: alignRows(rows) };
  }
  const tables = formatMetricsTables([summary.metrics, summary.test].filter((each) => each !== undefined));
  const facts = alignRows([
    ["Judged", "every patient by the network that did not learn from him or her"],
    ...(summary.test === undefined
      ? []
      : ([["", "test patients, whom no network learnt from, by the ensemble"]] as const)),
    ["Time", time],
    ["Files", summary.files],
    ["Next", commandLine(["hipmri", "predict", out, "scan.nii.gz", "--out", "masks"])],
  ]);
  return { json, text: `${tables}\n\n${facts}` };
}
