/** What weakens the figures, in plain words. */
import { counted } from "../core/text.ts";
import type { LabelMetrics, Metrics } from "./types.ts";

/** With fewer patients than this, a mean depends on who was scanned and an interval says little. */
export const FEW_PATIENTS = 10;

/** Misses and false alarms are told beside every mean: distances cannot hold them, and in a mean Dice they drown. */
function stateWarnings({ name, missed, falseAlarms }: LabelMetrics, volumes: number): string[] {
  const of = `of ${counted(volumes, "volume")}`;
  return [
    ...(missed === 0 ? [] : [`${name} was missed altogether in ${missed} ${of}`]),
    ...(falseAlarms === 0 ? [] : [`${name} was found in ${falseAlarms} ${of} where there is none`]),
  ];
}

export function warningsOf(
  labels: readonly LabelMetrics[],
  { patients, volumes }: { readonly patients: number; readonly volumes: number },
): readonly string[] {
  const few =
    patients >= FEW_PATIENTS
      ? []
      : [
          `Only ${counted(patients, "patient")}: with fewer than ${FEW_PATIENTS} the means depend on who was scanned, ` +
            "and the intervals are rough",
        ];
  return [...few, ...labels.flatMap((label) => stateWarnings(label, volumes))];
}

/** With what else weakens them, first; as they are where that is nothing. */
export const withWarning = (metrics: Metrics, warning: string | undefined): Metrics =>
  warning === undefined ? metrics : { ...metrics, warnings: [warning, ...metrics.warnings] };
