/** `hipmri compare`. */
import { Option } from "commander";
import { COMPARED_METRICS, type ComparedMetric } from "../report/comparison.ts";
import { formatComparison } from "../report/comparison-text.ts";
import { alignRows } from "./layout.ts";
import { needed, oneOf, wholeNumber } from "./values.ts";
import { type AddVerb, addCommonFlags, addExamples, type CommonFlags, warn } from "./verb.ts";

interface Flags extends CommonFlags {
  readonly out?: string;
  readonly split?: "validate" | "test";
  readonly metric?: ComparedMetric;
  readonly pairs?: "baseline" | "all";
  readonly seed?: number;
}

export const addCompare: AddVerb = (program, session) => {
  const command = program
    .command("compare")
    .summary("hold runs against each other, patient by patient")
    .description(
      "Compares runs that were judged on the same cases: differences patient by patient with interval and permutation test, curves laid over each other, a page. The first run is the baseline. Takes run folders, and folders of evaluate --out and score --out. Other cases, labels, true masks or rules are refused.",
    )
    .argument("<runs...>", "two or more run folders, folders of evaluate or score, or metrics.json files")
    .option("--out <dir>", "where comparison.html, comparison.json and figures go")
    .addOption(
      new Option(
        "--split <name>",
        "of run folders: validate, test (default: test where all have it)",
      ).argParser(oneOf("--split", ["validate", "test"] as const)),
    )
    .addOption(
      new Option("--metric <name>", `${COMPARED_METRICS.join(", ")} (default: dice)`).argParser(
        oneOf("--metric", COMPARED_METRICS),
      ),
    )
    .addOption(
      new Option("--pairs <which>", "baseline (every run against the first, default) or all").argParser(
        oneOf("--pairs", ["baseline", "all"] as const),
      ),
    )
    .option("--seed <n>", "of bootstrap and permutation (default: 0)", wholeNumber("--seed", 0))
    .action(async (runs: string[], flags: Flags) => {
      const { compareFolders } = await import("../node/workflows/compare.ts");
      const { split, metric, pairs, seed } = flags;
      const out = needed(flags.out, "--out", "the folder for the page and its figures");
      const { comparison, files, pagePath } = await compareFolders({
        runs,
        out,
        split,
        metric,
        pairs,
        seed,
        warn,
      });
      const facts = alignRows([
        ["Files", files],
        ["Next", `look at ${pagePath}`],
      ]);
      session.finish({ json: { ...comparison }, text: `${formatComparison(comparison)}\n\n${facts}` });
    });
  addExamples(addCommonFlags(command), [
    "hipmri compare runs/first runs/second --out compared",
    "hipmri compare runs/a runs/b runs/c --split validate --pairs all --out compared",
    "hipmri compare judged-ours scored-nnunet --metric hd95 --out compared --json",
  ]);
};
