/**
 * nnU-Net's own evaluation beside its predictions (summary.json, written by evaluate_predictions.py of version 2),
 * held against ours: equal voxel counts mean that both judged the same masks.
 */
import { z } from "zod";
import { counted } from "../core/text.ts";
import type { Folder } from "./folder.ts";
import { quoteSome } from "./listing.ts";

export const SUMMARY_FILE = "summary.json";

const countsSchema = z.object({ n_pred: z.number(), n_ref: z.number(), TP: z.number() });
const summarySchema = z.object({
  foreground_mean: z.object({ Dice: z.number().nullable() }),
  metric_per_case: z.array(
    z.object({ prediction_file: z.string(), metrics: z.record(z.string(), countsSchema) }),
  ),
});

export type NnunetSummary = z.infer<typeof summarySchema>;

/** What summary.json says beside what was counted here. */
export interface SummaryCheck {
  /** nnU-Net's mean over the labels of the mean Dice per case, NaN left out; null where it is NaN. */
  readonly foregroundMean: number | null;
  /** Voxel counts that both have, one for each label of a case. */
  readonly compared: number;
  /** In words, one for each case and label whose counts differ. */
  readonly differences: readonly string[];
}

export interface CountedCase {
  /** File name of the prediction. */
  readonly prediction: string;
  readonly labels: readonly {
    readonly id: number;
    readonly name: string;
    readonly counts: { readonly truth: number; readonly prediction: number; readonly overlap: number };
  }[];
}

/** The summary in a folder of predictions; "other" where the file is none of nnU-Net's; undefined where there is no file. */
export async function readNnunetSummary(folder: Folder): Promise<NnunetSummary | "other" | undefined> {
  const items = await folder.list("");
  if (!items.some(({ name, kind }) => name === SUMMARY_FILE && kind === "file")) return undefined;
  const source = await folder.open(SUMMARY_FILE);
  const text = new TextDecoder().decode(await source.read(0, source.size));
  return summarySchema.safeParse(parseJson(text)).data ?? "other";
}

/** Python writes NaN, which is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/:\s*NaN\b/g, ": null"));
  } catch {
    return undefined;
  }
}

const fileName = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;

/** Holds the counts of both against each other; regions of several labels, "(1, 2)", are passed over. */
export function checkSummary(summary: NnunetSummary, cases: readonly CountedCase[]): SummaryCheck {
  const theirs = new Map(
    summary.metric_per_case.map(({ prediction_file, metrics }) => [fileName(prediction_file), metrics]),
  );
  const differences: string[] = [];
  let compared = 0;
  for (const { prediction, labels } of cases) {
    for (const { id, name, counts } of labels) {
      const found = theirs.get(prediction)?.[`${id}`];
      if (found === undefined) continue;
      compared++;
      const pairs = [
        ["true", found.n_ref, counts.truth],
        ["predicted", found.n_pred, counts.prediction],
        ["common", found.TP, counts.overlap],
      ] as const;
      const odd = pairs.find(([, there, here]) => there !== here);
      if (odd === undefined) continue;
      const [what, there, here] = odd;
      differences.push(`${prediction}, ${name}: ${counted(there, `${what} voxel`)} there, ${here} here`);
    }
  }
  return { foregroundMean: summary.foreground_mean.Dice, compared, differences };
}

/** One line for people. */
export function describeCheck({ foregroundMean, compared, differences }: SummaryCheck): string {
  const mean = foregroundMean === null ? "undefined" : foregroundMean.toFixed(4);
  const its = `its mean Dice by nnU-Net's rules: ${mean}`;
  if (compared === 0) return `has no case and label in common with these masks; ${its}`;
  if (differences.length === 0) return `agrees in all voxel counts (${compared}); ${its}`;
  return `was made of other masks: ${differences.length} of ${counted(compared, "voxel count")} differ; ${its}`;
}

/** For the warning. */
export const describeDifferences = ({ differences }: SummaryCheck): string => quoteSome(differences);
