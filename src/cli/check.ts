/** `hipmri check`. */
import { LAYOUT_NAMES } from "../dataset/layouts.ts";
import type { LayoutName } from "../dataset/types.ts";
import { withInterrupt } from "./interrupt.ts";
import { alignRows } from "./layout.ts";
import { oneOf } from "./values.ts";
import { type AddVerb, addCommonFlags, addExamples, type CommonFlags, withProgress } from "./verb.ts";

interface Flags extends CommonFlags {
  readonly out?: string;
  readonly layout?: LayoutName;
  readonly fast?: true;
}

async function runCheck(data: string, flags: Flags) {
  const { checkData } = await import("../node/workflows/check.ts");
  const { out, layout, fast } = flags;
  const options = { data, out, layout, isFast: fast };
  return withInterrupt((signal) =>
    withProgress({ label: "Checking", isQuiet: flags.quiet ?? false }, (onProgress) =>
      checkData({ ...options, onProgress, signal }),
    ),
  );
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
    .action(async (data: string, flags: Flags) => {
      const { formatDuration } = await import("../node/progress.ts");
      const { checkText } = await import("./check-text.ts");
      const started = performance.now();
      const { report, page } = await runCheck(data, flags);
      const isColoured = process.stdout.isTTY === true && !process.env.NO_COLOR;
      const time = ["Time", formatDuration((performance.now() - started) / 1000)] as const;
      const facts = alignRows(page === undefined ? [time] : [time, ["Next", `open ${page}`]]);
      session.finish({
        json: { ...report, ...(page === undefined ? {} : { page }) },
        text: `${checkText(report, isColoured)}\n\n${facts}`,
        exitCode: report.ok ? 0 : 1,
      });
    });
  addExamples(addCommonFlags(command), [
    "hipmri check keras_slices_data",
    "hipmri check data --out checked",
    "hipmri check data --fast --json",
  ]);
};
