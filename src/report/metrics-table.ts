/** metrics.json as HTML: overlap and distance by label, with the convention, the patients and the intervals. */
import { counted } from "../core/text.ts";
import type { LabelMetrics, Metrics } from "../metrics/types.ts";
import { labelHex } from "../plot/colours.ts";
import { escapeXml } from "../plot/svg.ts";
import { formatAggregate, formatDistance, formatInterval, formatNumber } from "./format.ts";

/** Fewer patients than this and an interval by bootstrap says little: the reader is warned. */
export const FEW_PATIENTS = 10;

interface Column {
  readonly heading: string;
  readonly cell: (label: LabelMetrics) => string;
}

const OVERLAP: readonly Column[] = [
  { heading: "Dice per patient", cell: (l) => formatAggregate(l.dice.perPatient, 3) },
  { heading: "95 % interval", cell: (l) => formatInterval(l.ci95.dicePerPatient, 3) },
  { heading: "Dice per volume", cell: (l) => formatAggregate(l.dice.perVolume, 3) },
  { heading: "Dice pooled", cell: (l) => formatNumber(l.dice.pooled.mean, 3) },
  { heading: "Dice per slice with label", cell: (l) => formatAggregate(l.dice.perSlicePresent, 3) },
  { heading: "IoU", cell: (l) => formatAggregate(l.iou, 3) },
];

/** The tolerance is part of the figure's name: without it NSD means nothing. */
function distanceColumns(metrics: Metrics): readonly Column[] {
  const tolerance = metrics.labels[0]?.nsd.toleranceMm;
  const nsd = tolerance === undefined ? "NSD" : `NSD at ${tolerance} mm`;
  return [
    { heading: "HD95 [mm]", cell: (l) => formatDistance(l.hd95Mm, 2) },
    { heading: "ASSD [mm]", cell: (l) => formatDistance(l.assdMm, 2) },
    { heading: nsd, cell: (l) => formatAggregate(l.nsd, 3) },
    { heading: "Volume error [ml]", cell: (l) => formatAggregate(l.volumeErrorMl, 2) },
    { heading: "Missed", cell: (l) => `${l.missed}` },
    { heading: "False alarms", cell: (l) => `${l.falseAlarms}` },
    { heading: "Undefined", cell: (l) => `${l.undefined}` },
  ];
}

function table(name: string, labels: readonly LabelMetrics[], columns: readonly Column[]): string {
  const head = columns.map((c) => `<th scope="col">${escapeXml(c.heading)}</th>`).join("");
  const rows = labels.map((label) => {
    const swatch = `<span class="swatch" style="background:${labelHex(label.id)}"></span>`;
    const cells = columns.map((c) => `<td>${escapeXml(c.cell(label))}</td>`).join("");
    return `<tr><th scope="row">${swatch}${escapeXml(label.name)}</th>${cells}</tr>`;
  });
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${escapeXml(name)}"><table><thead><tr>` +
    `<th scope="col">Label</th>${head}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`
  );
}

/** One section of the report. */
export function metricsSection(title: string, metrics: Metrics): string {
  const few =
    metrics.patients < FEW_PATIENTS
      ? `<p class="warning"><strong>Only ${counted(metrics.patients, "patient")}.</strong> With fewer than ` +
        `${FEW_PATIENTS} the means depend on who was scanned, and the intervals are wide or missing.</p>`
      : "";
  return (
    `<section><h2>${escapeXml(title)}</h2>` +
    `<p class="headline"><strong>${formatNumber(metrics.foregroundMean, 3)}</strong> mean Dice over the foreground ` +
    `labels, per volume</p><p>Split: ${metrics.split}. ${counted(metrics.patients, "patient")}, ` +
    `${counted(metrics.cases.length, "volume")}. Intervals by bootstrap over patients.</p>${few}` +
    table(`${title}: overlap`, metrics.labels, OVERLAP) +
    table(`${title}: distance and volume`, metrics.labels, distanceColumns(metrics)) +
    `<p class="note">Convention: ${escapeXml(metrics.convention)}</p></section>`
  );
}
