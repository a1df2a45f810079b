/** The report in two sentences, for somebody who was not there. */
import type { Split } from "../core/split.ts";
import { counted } from "../core/text.ts";
import type { Metrics } from "../metrics/types.ts";
import type { ModelCard } from "../predict/card.ts";
import { formatInterval, formatNumber } from "./format.ts";

const WHO: Readonly<Record<Split | "all", string>> = {
  train: "training ",
  validate: "validation ",
  test: "test ",
  all: "",
};

function howGood(split: Split | "all", metrics: Metrics): string {
  const { labels, foregroundMean, ci95, patients, cases } = metrics;
  const range = ci95.foregroundMean;
  const scored = labels.filter(({ dice }) => dice.perVolume.mean !== null);
  const weakest = scored.reduce<(typeof scored)[number] | undefined>(
    (least, label) =>
      least === undefined || label.dice.perVolume.mean! < least.dice.perVolume.mean! ? label : least,
    undefined,
  );
  const sum = (of: (label: (typeof labels)[number]) => number): number =>
    labels.reduce((total, label) => total + of(label), 0);
  const [missed, alarms] = [sum((label) => label.missed), sum((label) => label.falseAlarms)];
  return (
    `On ${patients} ${WHO[split]}${patients === 1 ? "patient" : "patients"} (${counted(cases.length, "volume")}) it reached a mean Dice of ` +
    `${formatNumber(foregroundMean, 3)}${range === null ? "" : ` (95 % interval ${formatInterval(range, 3)})`}` +
    `${weakest === undefined || labels.length === 1 ? "" : `, the lowest in ${weakest.name} with ${formatNumber(weakest.dice.perVolume.mean, 3)}`}; ` +
    `${missed === 0 && alarms === 0 ? "no organ was missed, and none found where there is none" : `${counted(missed, "organ")} missed, ${counted(alarms, "false alarm")}`}.`
  );
}

/** @param judged the split that counts most: test where there is one */
export function summarySentences(
  card: ModelCard,
  judged: { readonly split: Split | "all"; readonly metrics: Metrics } | undefined,
): readonly string[] {
  const slices = card.data === null ? "" : ` (${card.data.trainingSlices.toLocaleString("en-US")} slices)`;
  const labels = card.labels.length - 1;
  const learnt =
    `A 2D U-Net (preset ${card.preset}) learnt to find ${counted(labels, "label")} from ` +
    `${counted(card.patients.train, "patient")}${slices} in ${card.steps.toLocaleString("en-US")} optimiser steps.`;
  return [learnt, ...(judged === undefined ? [] : [howGood(judged.split, judged.metrics)])];
}
