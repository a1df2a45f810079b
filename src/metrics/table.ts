/** metrics.json as a table for the terminal. */
import { counted } from "../core/text.ts";
import type { LabelMetrics, Metrics } from "./types.ts";

/** With fewer patients than this, an interval over patients says little. */
const FEW_PATIENTS = 10;

const HEADER = [
  "label",
  "Dice/volume",
  "Dice/patient [95 % CI]",
  "pooled",
  "Dice/slice",
  "HD95 mm",
  "ASSD mm",
  "missed",
  "false alarms",
] as const;

function fixed(value: number | null, digits: number): string {
  return value === null ? "-" : value.toFixed(digits);
}

function row(label: LabelMetrics): string[] {
  const { dice, ci95 } = label;
  const interval = ci95.dicePerPatient;
  const range = interval === null ? "[-]" : `[${fixed(interval[0], 3)}, ${fixed(interval[1], 3)}]`;
  return [
    label.name,
    fixed(dice.perVolume.mean, 3),
    `${fixed(dice.perPatient.mean, 3)} ${range}`,
    fixed(dice.pooled.mean, 3),
    fixed(dice.perSlicePresent.mean, 3),
    fixed(label.hd95Mm.mean, 2),
    fixed(label.assdMm.mean, 2),
    `${label.missed}`,
    `${label.falseAlarms}`,
  ];
}

/**
 * Aligned plain text without colour, no newline at the end: a row per foreground label, the foreground mean, the
 * number of patients and volumes, the convention, and a warning where the patients are few. "-" is "no value".
 */
export function formatMetricsTable(metrics: Metrics): string {
  const rows = [HEADER, ...metrics.labels.map(row)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  "),
  );
  lines.push(
    "",
    `Foreground mean (Dice per volume): ${fixed(metrics.foregroundMean, 3)}`,
    `Split "${metrics.split}": ${counted(metrics.patients, "patient")}, ${counted(metrics.cases.length, "volume")}`,
    `Convention: ${metrics.convention}`,
  );
  if (metrics.patients < FEW_PATIENTS)
    lines.push(
      `Warning: only ${counted(metrics.patients, "patient")}; with fewer than ${FEW_PATIENTS} the figures and intervals are rough`,
    );
  return lines.join("\n");
}
