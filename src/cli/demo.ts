/** `hipmri demo`. */
import { join } from "node:path";
import { formatDuration } from "../core/duration.ts";
import { formatMetricsTable } from "../metrics/table.ts";
import { tell } from "../node/as-typed.ts";
import { commandLine } from "../node/shell.ts";
import type { DemoResult } from "../node/workflows/demo.ts";
import { INTERRUPTED, withInterrupt } from "./interrupt.ts";
import { alignRows } from "./layout.ts";
import type { Outcome } from "./outcome.ts";
import { positiveNumber, wholeNumber } from "./values.ts";
import { type AddVerb, addCommonFlags, addExamples, type CommonFlags } from "./verb.ts";

interface Flags extends CommonFlags {
  readonly out: string;
  readonly seed: number;
  readonly minutes?: number;
  readonly overwrite?: true;
}

async function outcomeOf(result: DemoResult): Promise<Outcome> {
  const { folders, masks, test } = result;
  const json = { ...result, synthetic: true };
  if (!result.finished || test === undefined) {
    tell("Stopped: run hipmri demo again to start anew\n");
    return { json, text: "", exitCode: INTERRUPTED };
  }
  const facts = alignRows([
    ["Time", formatDuration(result.seconds)],
    ["Data", `${folders.data} (SYNTHETIC: these figures say nothing about real scans)`],
    ["Run", `${folders.run}: ${result.train.steps} steps, report in ${join(folders.run, "report.html")}`],
    ["Test", `${folders.test}: report in ${result.report ?? folders.test}`],
    ["Masks", `${folders.predict}: ${masks.length} test slices`],
    ["Next", commandLine(["hipmri", "info", folders.run])],
  ]);
  return { json, text: `${formatMetricsTable(test)}\n\n${facts}` };
}

export const addDemo: AddVerb = (program, session) => {
  const command = program
    .command("demo")
    .summary("the whole way on synthetic data, in some minutes, without a download")
    .description(
      "Draws a SYNTHETIC pelvis, trains on it, judges the model on its test patients and segments some slices. Needs no data and no network.",
    )
    .option("--out <dir>", "where everything goes", "hipmri-demo")
    .option("--seed <n>", "seed of the drawing and of the training", wholeNumber("--seed", 0), 1)
    .option("--minutes <n>", "for the training alone (default: 900 steps)", positiveNumber("--minutes"))
    .option("--overwrite", "replace a finished demo in the folder")
    .action(async (flags: Flags) => {
      const { runDemo } = await import("../node/workflows/demo.ts");
      const { out, seed, minutes, overwrite } = flags;
      const result = await withInterrupt((signal) =>
        runDemo({
          out,
          seed,
          minutes,
          overwrite,
          stderr: process.stderr,
          quiet: flags.quiet ?? false,
          command: commandLine(["hipmri", ...session.argv]),
          signal,
        }),
      );
      session.finish(await outcomeOf(result));
    });
  addExamples(addCommonFlags(command), ["hipmri demo", "hipmri demo --out try-it --seed 3 --minutes 1"]);
};
