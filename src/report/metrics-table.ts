/** metrics.json as HTML: overlap and distance by label, with the convention, the patients and the intervals. */
import { counted } from "../core/text.ts";
import type { Interval, LabelMetrics, Metrics } from "../metrics/types.ts";
import { labelHex } from "../plot/colours.ts";
import { escapeXml } from "../plot/svg.ts";
import { ABSENT, formatAggregate, formatDistance, formatInterval, formatNumber } from "./format.ts";

interface Column {
  readonly heading: string;
  readonly cell: (label: LabelMetrics) => Cell;
}

/** The figure, and beneath it in small what belongs to it. */
interface Cell {
  readonly text: string;
  readonly interval?: string;
}

const plain = (text: string): Cell => ({ text });

/** "0.842 (n=11)", beneath it "0.801 to 0.877": what a reader must see of a mean. */
const withInterval = (text: string, range: Interval, digits: number): Cell =>
  range === null ? { text } : { text, interval: formatInterval(range, digits) };

const OVERLAP: readonly Column[] = [
  {
    heading: "Dice per patient",
    cell: (l) => withInterval(formatAggregate(l.dice.perPatient, 3), l.ci95.dicePerPatient, 3),
  },
  {
    heading: "Dice per volume",
    cell: (l) => withInterval(formatAggregate(l.dice.perVolume, 3), l.ci95.dicePerVolume, 3),
  },
  {
    heading: "Dice pooled",
    cell: (l) => withInterval(formatNumber(l.dice.pooled.mean, 3), l.ci95.dicePooled, 3),
  },
  { heading: "Dice per slice with label", cell: (l) => plain(formatAggregate(l.dice.perSlicePresent, 3)) },
  { heading: "IoU", cell: (l) => withInterval(formatAggregate(l.iou, 3), l.ci95.iou, 3) },
  {
    heading: "Sensitivity",
    cell: (l) => withInterval(formatAggregate(l.sensitivity, 3), l.ci95.sensitivity, 3),
  },
  { heading: "Precision", cell: (l) => withInterval(formatAggregate(l.precision, 3), l.ci95.precision, 3) },
];

/** The tolerance is part of the figure's name: without it NSD means nothing. */
function distanceColumns(metrics: Metrics): readonly Column[] {
  const tolerance = metrics.labels[0]?.nsd.toleranceMm;
  const nsd = tolerance === undefined ? "NSD" : `NSD at ${tolerance} mm`;
  return [
    { heading: "HD95 [mm]", cell: (l) => withInterval(formatDistance(l.hd95Mm, 2), l.ci95.hd95Mm, 2) },
    { heading: "HD [mm]", cell: (l) => withInterval(formatDistance(l.hdMm, 2), l.ci95.hdMm, 2) },
    { heading: "ASSD [mm]", cell: (l) => withInterval(formatDistance(l.assdMm, 2), l.ci95.assdMm, 2) },
    { heading: "MASD [mm]", cell: (l) => withInterval(formatDistance(l.masdMm, 2), l.ci95.masdMm, 2) },
    { heading: nsd, cell: (l) => withInterval(formatAggregate(l.nsd, 3), l.ci95.nsd, 3) },
  ];
}

const VOLUME: readonly Column[] = [
  {
    heading: "Volume error [ml]",
    cell: (l) => withInterval(formatAggregate(l.volumeErrorMl, 2), l.ci95.volumeErrorMl, 2),
  },
  {
    heading: "Volume error [%]",
    cell: (l) => withInterval(formatAggregate(l.volumeErrorPercent, 1), l.ci95.volumeErrorPercent, 1),
  },
  { heading: "Extra components", cell: (l) => plain(`${l.extraComponents ?? ABSENT}`) },
  { heading: "Missed", cell: (l) => plain(`${l.missed}`) },
  { heading: "False alarms", cell: (l) => plain(`${l.falseAlarms}`) },
  { heading: "Undefined", cell: (l) => plain(`${l.undefined}`) },
];

function cellHtml({ text, interval }: Cell): string {
  const small = interval === undefined ? "" : `<small>${escapeXml(interval)}</small>`;
  return `<td>${escapeXml(text)}${small}</td>`;
}

function table(name: string, labels: readonly LabelMetrics[], columns: readonly Column[]): string {
  const head = columns.map((c) => `<th scope="col">${escapeXml(c.heading)}</th>`).join("");
  const rows = labels.map((label) => {
    const swatch = `<span class="swatch" style="background:${labelHex(label.id)}"></span>`;
    const cells = columns.map((c) => cellHtml(c.cell(label))).join("");
    return `<tr><th scope="row">${swatch}${escapeXml(label.name)}</th>${cells}</tr>`;
  });
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${escapeXml(name)}"><table><thead><tr>` +
    `<th scope="col">Label</th>${head}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`
  );
}

/** What other tools would have printed of the same masks. */
function rescoredTable({ labels, rescored }: Metrics): string {
  if (rescored.length === 0) return "";
  const head = labels.map(({ name }) => `<th scope="col">${escapeXml(name)}</th>`).join("");
  const rows = rescored.map(({ convention, rule, foregroundMean, labels: scored }) => {
    const cells = [...scored.map(({ dice }) => formatAggregate(dice, 3)), formatNumber(foregroundMean, 3)];
    return (
      `<tr><th scope="row">${escapeXml(convention)}</th>${cells.map((cell) => `<td>${escapeXml(cell)}</td>`).join("")}` +
      `<td class="rule">${escapeXml(rule)}</td></tr>`
    );
  });
  return (
    "<details><summary>The same masks by the rules of other tools</summary>" +
    '<div class="scroll" tabindex="0" role="region" aria-label="Dice by the rules of other tools"><table><thead><tr>' +
    `<th scope="col">Rules of</th>${head}<th scope="col">Mean</th><th scope="col">Rule</th></tr></thead>` +
    `<tbody>${rows.join("")}</tbody></table></div></details>`
  );
}

/** One section of the report. */
export function metricsSection(title: string, metrics: Metrics): string {
  const { labels, foregroundMean, ci95, warnings } = metrics;
  const range = ci95.foregroundMean;
  const between = range === null ? "" : ` (95 % interval ${formatInterval(range, 3)})`;
  const told = warnings.map((warning) => `<p class="warning">${escapeXml(warning)}</p>`).join("");
  return (
    `<section><h2>${escapeXml(title)}</h2>` +
    `<p class="headline"><strong>${formatNumber(foregroundMean, 3)}</strong> mean Dice over the foreground ` +
    `labels, per volume${between}</p><p>Split: ${metrics.split}. ${counted(metrics.patients, "patient")}, ` +
    `${counted(metrics.cases.length, "volume")}. In small: 95 % intervals by bootstrap over patients.</p>${told}` +
    table(`${title}: overlap`, labels, OVERLAP) +
    table(`${title}: distance`, labels, distanceColumns(metrics)) +
    table(`${title}: volume and counts`, labels, VOLUME) +
    `<p class="note">Convention: ${escapeXml(metrics.convention)}</p>${rescoredTable(metrics)}</section>`
  );
}
