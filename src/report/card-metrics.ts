/** What of metrics.json goes onto the model's card. */
import type { Interval, Metrics } from "../metrics/types.ts";
import type { CardMetrics } from "../predict/card-parts.ts";

/** Six digits after the point: more than any figure here is worth. */
const round = (value: number): number => Number(value.toFixed(6));
const rounded = (value: number | null): number | null => (value === null ? null : round(value));
const roundedInterval = (interval: Interval): Interval =>
  interval === null ? null : [round(interval[0]), round(interval[1])];

export function cardMetrics(metrics: Metrics, split: CardMetrics["split"]): CardMetrics {
  return {
    split,
    patients: metrics.patients,
    volumes: metrics.cases.length,
    convention: metrics.convention,
    foregroundMeanDice: rounded(metrics.foregroundMean),
    ci95: roundedInterval(metrics.ci95.foregroundMean),
    labels: metrics.labels.map(({ name, dice, hd95Mm, missed, falseAlarms, ci95 }) => ({
      name,
      dicePerVolume: rounded(dice.perVolume.mean),
      ci95DicePerVolume: roundedInterval(ci95.dicePerVolume),
      ci95DicePerPatient: roundedInterval(ci95.dicePerPatient),
      hd95Mm: rounded(hd95Mm.mean),
      missed,
      falseAlarms,
    })),
  };
}
