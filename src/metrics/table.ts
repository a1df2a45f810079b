/** metrics.json as tables for the terminal. */
import { alignText, counted, wrapText } from "../core/text.ts";
import type { Aggregate, DistanceAggregate, Interval, LabelMetrics, Metrics } from "./types.ts";

const WIDTH = 100;

interface Column {
  readonly heading: string;
  readonly cell: (label: LabelMetrics) => string;
}

function fixed(value: number | null, digits: number): string {
  // No "-0.00": which way so small a value points says nothing.
  return value === null ? "-" : value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1");
}

const interval = (range: Interval, digits: number): string =>
  range === null ? "[-]" : `[${fixed(range[0], digits)}, ${fixed(range[1], digits)}]`;

/** "0.842 (11)": a mean says over how many. */
const meanOf = (aggregate: Aggregate, digits: number): string =>
  `${fixed(aggregate.mean, digits)} (${aggregate.n})`;

const distanceOf = (distance: DistanceAggregate, range: Interval): string =>
  `${meanOf(distance, 2)} ${interval(range, 1)}`;

const OVERLAP: readonly Column[] = [
  { heading: "label", cell: ({ name }) => name },
  { heading: "Dice/volume (n)", cell: ({ dice }) => meanOf(dice.perVolume, 3) },
  {
    heading: "Dice/patient (n) [95 % CI]",
    cell: ({ dice, ci95 }) => `${meanOf(dice.perPatient, 3)} ${interval(ci95.dicePerPatient, 3)}`,
  },
  { heading: "pooled", cell: ({ dice }) => fixed(dice.pooled.mean, 3) },
  { heading: "Dice/slice", cell: ({ dice }) => fixed(dice.perSlicePresent.mean, 3) },
  { heading: "sens.", cell: ({ sensitivity }) => fixed(sensitivity.mean, 3) },
  { heading: "prec.", cell: ({ precision }) => fixed(precision.mean, 3) },
];

const SHAPE: readonly Column[] = [
  { heading: "label", cell: ({ name }) => name },
  { heading: "HD95 mm (n) [95 % CI]", cell: ({ hd95Mm, ci95 }) => distanceOf(hd95Mm, ci95.hd95Mm) },
  { heading: "ASSD mm", cell: ({ assdMm }) => fixed(assdMm.mean, 2) },
  { heading: "NSD", cell: ({ nsd }) => fixed(nsd.mean, 3) },
  { heading: "volume error ml", cell: ({ volumeErrorMl }) => fixed(volumeErrorMl.mean, 2) },
  { heading: "%", cell: ({ volumeErrorPercent }) => fixed(volumeErrorPercent.mean, 1) },
  { heading: "missed", cell: ({ missed }) => `${missed}` },
  { heading: "false alarms", cell: ({ falseAlarms }) => `${falseAlarms}` },
];

const block = (labels: readonly LabelMetrics[], columns: readonly Column[]): string[] =>
  alignText([
    columns.map(({ heading }) => heading),
    ...labels.map((label) => columns.map(({ cell }) => cell(label))),
  ]);

/**
 * Plain text without colour, no newline at the end: overlap and distances by foreground label with their number of
 * volumes or patients and intervals, the foreground mean, warnings and the convention. "-" is "no value".
 */
export function formatMetricsTable(metrics: Metrics): string {
  return formatMetricsTables([metrics]);
}

/** One table after the other, as formatMetricsTable() has them; a convention that they share stands at the end. */
export function formatMetricsTables(all: readonly Metrics[]): string {
  return all
    .map((metrics, i) => {
      const isLast = metrics.convention !== all[i + 1]?.convention;
      const convention = isLast ? wrapText(`Convention: ${metrics.convention}`, WIDTH) : [];
      return [...tableLines(metrics), ...convention].join("\n");
    })
    .join("\n\n");
}

function tableLines(metrics: Metrics): readonly string[] {
  const { labels, split, cases } = metrics;
  const range = interval(metrics.ci95.foregroundMean, 3);
  return [
    ...block(labels, OVERLAP),
    "",
    ...block(labels, SHAPE),
    "",
    `Foreground mean (Dice per volume): ${fixed(metrics.foregroundMean, 3)} ${range}`,
    `Split "${split}": ${counted(metrics.patients, "patient")}, ${counted(cases.length, "volume")}`,
    ...metrics.warnings.flatMap((warning) => wrapText(`Warning: ${warning}`, WIDTH)),
  ];
}

/** The Dice of the same masks as other tools would have printed it, and each tool's rule. No newline at the end. */
export function formatRescoredTable({ labels, rescored }: Metrics): string {
  const rows = rescored.map(({ convention, labels: scored, foregroundMean }) => [
    convention,
    ...scored.map(({ dice }) => meanOf(dice, 3)),
    fixed(foregroundMean, 3),
  ]);
  const rules = rescored.flatMap(({ convention, rule }) => wrapText(`${convention}: ${rule}`, WIDTH));
  return [
    "The same masks by each tool's rules (mean Dice, number of volumes in it)",
    ...alignText([["rules of", ...labels.map(({ name }) => name), "mean"], ...rows]),
    "",
    ...rules,
  ].join("\n");
}
