/** The rules of nnU-Net's summary.json (nnunetv2/evaluation/evaluate_predictions.py). */
import { mean } from "../../core/statistics.ts";
import { diceOf, iouOf } from "../overlap.ts";
import type { ScoresByLabel } from "./averages.ts";
import type { Convention } from "./types.ts";

/** np.mean over labels of np.nanmean over cases: a label that is nowhere makes the whole mean NaN. */
function meanUnlessAbsent(dice: ScoresByLabel): number | null {
  const byLabel = dice.map((values) => values.filter((value) => value !== null));
  return byLabel.length === 0 || byLabel.some((values) => values.length === 0)
    ? null
    : mean(byLabel.map(mean));
}

export const nnunet: Convention = {
  name: "nnunet",
  text: () =>
    "nnU-Net 2 (compute_metrics_on_folder): Dice and IoU NaN where both masks are empty, 0 where one is; mean over " +
    "volumes without NaN, then over labels, which is NaN where a label is in no volume; no distances",
  overlapRule:
    "both empty: NaN, left out; one empty: 0; mean over labels of the mean per volume, NaN where a label is nowhere",
  dice: diceOf,
  iou: iouOf,
  distances: () => ({ hdMm: null, hd95Mm: null, assdMm: null, masdMm: null, nsd: null }),
  nsdOfOneEmpty: null,
  foregroundMean: meanUnlessAbsent,
};
