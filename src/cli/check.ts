/** `hipmri check`. */
import { formatDuration } from "../core/duration.ts";
import type { Shard } from "../core/shard.ts";
import { LAYOUT_NAMES } from "../dataset/layouts.ts";
import type { LayoutName } from "../dataset/types.ts";
import type { CheckOptions, CheckResult } from "../node/workflows/check.ts";
import { withInterrupt } from "./interrupt.ts";
import { hasJobs, jobsOption, runWithJobs } from "./jobs-option.ts";
import { alignRows } from "./layout.ts";
import type { Outcome } from "./outcome.ts";
import { overwriteShardsOption, shardOption, shardOutcome, shardRequest } from "./shard-option.ts";
import { oneOf } from "./values.ts";
import { type AddVerb, addCommonFlags, addExamples, type CommonFlags, withProgress } from "./verb.ts";

interface Flags extends CommonFlags {
  readonly out?: string;
  readonly layout?: LayoutName;
  readonly fast?: true;
  readonly shard?: Shard;
  readonly jobs?: number;
  readonly overwrite?: true;
}

/** Lends a check its progress and Ctrl-C. */
async function runCheck<T>(
  data: string,
  flags: Flags,
  check: (options: CheckOptions) => Promise<T>,
): Promise<T> {
  const { out, layout, fast } = flags;
  const options = { data, out, layout, isFast: fast };
  return withInterrupt((signal) =>
    withProgress({ label: "Checking", isQuiet: flags.quiet ?? false }, (onProgress) =>
      check({ ...options, onProgress, signal }),
    ),
  );
}

export async function checkOutcome({ report, page }: CheckResult, seconds: string): Promise<Outcome> {
  const { checkText } = await import("./check-text.ts");
  const isColoured = process.stdout.isTTY === true && !process.env.NO_COLOR;
  const time = ["Time", seconds] as const;
  const facts = alignRows(page === undefined ? [time] : [time, ["Next", `look at ${page}`]]);
  return {
    json: { ...report, ...(page === undefined ? {} : { page }) },
    text: `${checkText(report, isColoured)}\n\n${facts}`,
    exitCode: report.ok ? 0 : 1,
  };
}

export const addCheck: AddVerb = (program, session) => {
  const command = program
    .command("check")
    .summary("find what is wrong with a data set before training on it")
    .description(
      "The data doctor: reads a whole data set and says what is wrong with it and how to mend it. Exits with 1 where training on it would be wrong.",
    )
    .argument("<data>", "a data folder of any layout")
    .option("--out <dir>", "write a page with pictures of the cases: DIR/check.html")
    .option(
      "--layout <name>",
      `how the folder is laid out, where that is not clear: ${LAYOUT_NAMES.join(", ")}`,
      oneOf("--layout", LAYOUT_NAMES),
    )
    .option("--fast", "look at names and headers only")
    .addOption(shardOption())
    .addOption(jobsOption())
    .addOption(overwriteShardsOption())
    .action(async (data: string, flags: Flags) => {
      if (hasJobs(flags)) {
        const work = { sharesThreads: false };
        return session.finish(await runWithJobs(session.argv, flags, work));
      }
      const started = performance.now();
      const seconds = (): string => formatDuration((performance.now() - started) / 1000);
      const { out } = flags;
      const shard = await shardRequest(flags, session.argv);
      if (shard !== undefined && out !== undefined) {
        const { checkShard } = await import("../node/workflows/check-shard.ts");
        const done = await runCheck(data, flags, (options) => checkShard({ ...options, out }, shard));
        session.finish(shardOutcome(done, "case", seconds()));
        return;
      }
      const { checkData } = await import("../node/workflows/check.ts");
      const result = await runCheck(data, flags, checkData);
      session.finish(await checkOutcome(result, seconds()));
    });
  addExamples(addCommonFlags(command), [
    "hipmri check keras_slices_data",
    "hipmri check data --out checked",
    "hipmri check data --fast --json",
  ]);
};
