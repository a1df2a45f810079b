/** A comparison in plain words and as a table for the terminal. */
import { alignText, counted, wrapText } from "../core/text.ts";
import type { ComparedFigure, ComparedMetric, ComparedPair, Comparison } from "./comparison.ts";

const WIDTH = 100;
const NONE = "-";

/** What a metric is called, with its unit, and its digits. */
export const METRIC_TEXT: Readonly<
  Record<ComparedMetric, { readonly name: string; readonly digits: number }>
> = {
  dice: { name: "Dice", digits: 3 },
  nsd: { name: "NSD", digits: 3 },
  hd95: { name: "HD95 [mm]", digits: 2 },
};

export const figureText = (value: number | null, digits: number): string =>
  value === null ? NONE : value.toFixed(digits);

/** "+0.019", "-0.004". */
export function signed(value: number | null, digits: number): string {
  if (value === null) return NONE;
  const text = value.toFixed(digits);
  return value < 0 ? text : `+${text}`;
}

/** "0.0004", "< 0.0001", "0.049": two digits, so that a p just below 0.05 is not written as 0.05. */
export function pText(p: number | null): string {
  if (p === null) return NONE;
  if (p < 0.0001) return "< 0.0001";
  return `${Number(p.toPrecision(2))}`;
}

export function rangeText(range: ComparedFigure["ci95"], digits: number): string {
  return range === null ? NONE : `${signed(range[0], digits)} to ${signed(range[1], digits)}`;
}

/** "33 test patients" */
export function whoText({ patients, split }: Comparison): string {
  const which = { train: "training ", validate: "validation ", test: "test ", unstated: "" }[split] ?? "";
  return `${patients} ${which}${counted(patients, "patient").replace(/^\d+ /, "")}`;
}

const isEqual = ({ smaller, larger }: ComparedFigure): boolean => smaller === 0 && larger === 0;

/** One pair of runs in one sentence or two. */
export function concludePair(pair: ComparedPair, comparison: Comparison): string {
  const { baseline, other, figures } = pair;
  const [main] = figures;
  const { name, digits } = METRIC_TEXT[comparison.metric];
  if (main === undefined || main.difference === null)
    return `"${other}" and "${baseline}" have no ${name} of a common patient.`;
  const what = main.id === null ? `mean ${name}` : `${name} of ${main.name}`;
  const numbers =
    `${what} ${figureText(main.other, digits)} against ${figureText(main.baseline, digits)} on ${whoText(comparison)}, ` +
    `difference ${signed(main.difference, digits)}${main.ci95 === null ? "" : ` (95 % interval ${rangeText(main.ci95, digits)})`}, ` +
    `larger in ${main.larger} and smaller in ${main.smaller} of ${counted(main.patients, "patient")}, ` +
    `p ${main.p !== null && main.p < 0.0001 ? pText(main.p) : `= ${pText(main.p)}`}`;
  if (main.verdict === "not comparable")
    return `"${other}" and "${baseline}" cannot be ranked by ${name}: they missed labels, or found ones that are not there, in other volumes, and such distances are infinite. Compare by Dice or NSD. Of the volumes where both have one: ${numbers}.`;
  if (isEqual(main))
    return `"${other}" and "${baseline}" have the same figures for every patient: ${numbers}.`;
  return `${leadOf(pair, main)}: ${numbers}.${concludeLabels(pair)}`;
}

function leadOf({ baseline, other }: ComparedPair, { verdict, patients }: ComparedFigure): string {
  if (verdict === "better" || verdict === "worse") return `"${other}" is ${verdict} than "${baseline}"`;
  if (verdict === "too few patients")
    return `Too few patients to tell "${other}" from "${baseline}": of ${patients} no difference, however large, can be shown. As they are`;
  return `No difference between "${other}" and "${baseline}" was shown, which does not prove that there is none`;
}

/** " By label, it is better for bladder, worse for prostate."; empty where no label alone shows a difference. */
function concludeLabels({ figures }: ComparedPair): string {
  const labels = figures.slice(1);
  const parts = (["better", "worse"] as const).flatMap((verdict) => {
    const names = labels.filter((figure) => figure.verdict === verdict).map(({ name }) => name);
    return names.length === 0 ? [] : [`${verdict} for ${names.join(", ")}`];
  });
  return parts.length === 0 ? "" : ` By label, it is ${parts.join(", and ")} (p after Holm < 0.05).`;
}

function pairTable(pair: ComparedPair, metric: ComparedMetric): readonly string[] {
  const { name, digits } = METRIC_TEXT[metric];
  const head = [
    name,
    "baseline",
    "other",
    "difference",
    "95 % interval",
    "+/=/- patients",
    "p",
    "Holm",
    "other is",
  ];
  const rows = pair.figures.map((figure) => [
    figure.name,
    figureText(figure.baseline, digits),
    figureText(figure.other, digits),
    signed(figure.difference, digits),
    rangeText(figure.ci95, digits),
    `${figure.larger}/${figure.equal}/${figure.smaller}`,
    pText(figure.p),
    pText(figure.pHolm),
    figure.verdict,
  ]);
  return alignText([head, ...rows]);
}

/** Notes on volumes that no pair holds. */
export function leftOutNotes({ comparisons, metric }: Comparison): readonly string[] {
  const { name } = METRIC_TEXT[metric];
  return comparisons.flatMap(({ baseline, other, figures }) =>
    figures
      .filter(({ leftOut }) => leftOut > 0)
      .map(
        (figure) =>
          `${figure.name}: ${counted(figure.leftOut, "volume")} without ${name} in "${baseline}" or "${other}" left out (the label is in neither mask, or the distance is infinite)`,
      ),
  );
}

/** Plain text of at most 100 columns where names allow it, no newline at the end. */
export function formatComparison(comparison: Comparison): string {
  const { runs, comparisons, metric } = comparison;
  const overview = alignText([
    ["run", "preset", "steps", "mean Dice [95 % interval]", "missed", "false alarms"],
    ...runs.map(({ name, preset, steps, foregroundMean, ci95, missed, falseAlarms }) => [
      name,
      preset ?? NONE,
      steps === null ? NONE : `${steps}`,
      `${figureText(foregroundMean, 3)} [${ci95 === null ? NONE : `${ci95[0].toFixed(3)}, ${ci95[1].toFixed(3)}`}]`,
      `${missed}`,
      `${falseAlarms}`,
    ]),
  ]);
  const tables = comparisons.flatMap((pair) => [
    `Baseline "${pair.baseline}", other "${pair.other}": means over patients, each by all of his or her volumes`,
    ...pairTable(pair, metric),
    ...wrapText(concludePair(pair, comparison), WIDTH),
    "",
  ]);
  return [
    ...overview,
    "",
    ...tables,
    ...leftOutNotes(comparison).flatMap((note) => wrapText(`Note: ${note}`, WIDTH)),
    ...comparison.warnings.flatMap((warning) => wrapText(`Warning: ${warning}`, WIDTH)),
    ...wrapText(
      `p: two-sided sign-flip permutation test over patients, corrected after Holm for ${counted(comparison.tests, "test")}; "better" and "worse" at corrected p < 0.05`,
      WIDTH,
    ),
    ...wrapText(`Convention: ${comparison.convention}`, WIDTH),
  ].join("\n");
}
