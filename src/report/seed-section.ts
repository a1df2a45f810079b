/** The student project's figures under its own rule, marked as such, beside ours of the same slices. */
import { counted } from "../core/text.ts";
import { diceCurves } from "../plot/curves.ts";
import { escapeXml } from "../plot/svg.ts";
import { formatNumber } from "./format.ts";
import type { SeedRuleResult } from "./seed-rule.ts";

export const SEED_HEADING = "The student project's figures, by its own rule";

/** What its README reports, and of which run. */
const REPORTED =
  "The project's README gives 0.29 on average and 0.34 at most for validation (run of 16 October 2024), in a later version " +
  "0.33 and 0.34, and 0.34 and 0.36 for test (24 October 2024)";

const DIFFERENCES =
  "Not as there: images and masks keep their own size, where the project resized both to 256x256, the masks bilinearly, " +
  "which invents labels along borders; and a batch takes the slices in the order in which they lie in the volume, where the " +
  "project's lists of files are sorted as text (slice 0, 10, 11 … 19, 1, 20 …). Some versions of its network end in a " +
  "softmax and some do not; the probabilities are taken here.";

export interface SeedSplit {
  /** Whose slices, e.g. "Test patients". */
  readonly who: string;
  readonly seed: SeedRuleResult;
  /** Our headline: mean over the foreground labels of the mean Dice per volume. */
  readonly foregroundMean: number | null;
}

export interface SeedFigure {
  readonly title: string;
  readonly caption: string;
  readonly svg: string;
}

/** Its Figures 4 and 5: the undivided value batch by batch, with its mean and maximum. */
export function seedFigure({ who, seed }: Pick<SeedSplit, "who" | "seed">): SeedFigure {
  const title = `${who}: the student's rule over the batches`;
  return {
    title,
    caption:
      "Not our Dice: the student project's own rule, before its division by the number of labels. Each point is the mean " +
      `probability of the true label, background included, over all pixels of ${counted(seed.batchSize, "slice")} that ` +
      "follow one another; horizontal lines: mean and maximum over the batches.",
    svg: diceCurves({
      title,
      points: seed.batches,
      xLabel: `batch of ${counted(seed.batchSize, "slice")}`,
      mean: seed.mean ?? 0,
      max: seed.max ?? 0,
    }),
  };
}

function row({ who, seed, foregroundMean }: SeedSplit): string {
  const values = [
    seed.mean,
    seed.max,
    seed.dividedMean,
    seed.dividedMax,
    seed.allBackgroundMean,
    seed.ours.mean,
    seed.ours.max,
    foregroundMean,
  ];
  const cells = values.map((value) => `<td>${formatNumber(value, 3)}</td>`).join("");
  return `<tr><th scope="row">${escapeXml(who)}</th>${cells}</tr>`;
}

function table(splits: readonly SeedSplit[], labels: number): string {
  const headings = [
    "Student's rule, mean",
    "Student's rule, max",
    `Divided by ${labels}, mean`,
    `Divided by ${labels}, max`,
    "Student's rule if all were called background",
    "Our Dice, same batches, mean",
    "Our Dice, same batches, max",
    "Our Dice per volume",
  ];
  const head = headings.map((heading) => `<th scope="col">${escapeXml(heading)}</th>`).join("");
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${escapeXml(SEED_HEADING)}"><table><thead><tr>` +
    `<th scope="col">Slices</th>${head}</tr></thead><tbody>${splits.map(row).join("")}</tbody></table></div>`
  );
}

/** Why the rule says little: true of any model and any data. */
function explanation({ labels }: SeedRuleResult): string {
  const ceiling = (1 / labels).toFixed(3);
  const doubt =
    `${REPORTED}. All of them are above 1/6 = 0.167, and the maxima above 2/6 = 0.333 too, the ceiling where raw scores ` +
    "stand in for probabilities: with its 6 labels they cannot have come from the division by 6 that the last version of " +
    "its code has. Both are given.";
  return (
    "Of every pixel the truth and the probabilities add up to 1 each, so the undivided value is the mean probability of the " +
    "true label and no Dice of any organ. Background and body fill nearly all of a slice and decide it: a model that calls " +
    "everything background, and finds nothing, gets the share of background, while its Dice by our rule is 0. Divided by " +
    `${labels} the value can never exceed 1/${labels} = ${ceiling}, however good the model is. ${doubt}`
  );
}

/**
 * The section of report.html; empty where there is no split. @param figures of the same splits, as HTML, stamped by the
 * caller; they stand under the table.
 */
export function seedSection(splits: readonly SeedSplit[], figures: readonly string[] = []): string {
  const first = splits[0];
  if (first === undefined) return "";
  const { seed } = first;
  return (
    `<section><h2>${escapeXml(SEED_HEADING)}</h2>` +
    '<p class="warning"><strong>Not to be compared with any Dice.</strong> These are the figures that the student project, ' +
    "whose work this one continues, would have printed of these predictions.</p>" +
    `${table(splits, seed.labels)}` +
    `<p class="note"><strong>Its rule:</strong> ${escapeXml(seed.rule)}.</p>` +
    `<p class="note"><strong>Why it flatters:</strong> ${escapeXml(explanation(seed))}</p>` +
    `<p class="note">${escapeXml(DIFFERENCES)}</p>` +
    '<p class="note">Our Dice: hard Dice of the argmax, mean over the foreground labels; of the same batches pooled over ' +
    "each batch's pixels, a label in neither mask left out; per volume as in the tables above.</p>" +
    `${figures.length === 0 ? "" : `<div class="figures">${figures.join("\n")}</div>`}</section>`
  );
}
