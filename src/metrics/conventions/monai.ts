/** The rules of MONAI's metrics with their default arguments and `include_background=False`. */
import { diceOf, iouOf } from "../overlap.ts";
import { summariseSurfaceDistances, surfaceDistancesOfMasks } from "../surface.ts";
import { meanOfCaseMeans } from "./averages.ts";
import type { Convention } from "./types.ts";

export const monai: Convention = {
  name: "monai",
  text: (toleranceMm) =>
    "MONAI 1.6.1, include_background=False: DiceMetric and MeanIoU give NaN where the truth is empty, whatever was " +
    "predicted (a false alarm costs nothing), and 0 where only the prediction is; HausdorffDistanceMetric(percentile=95): " +
    "the larger of the two directed percentiles, mm; SurfaceDistanceMetric(symmetric=True): both directions pooled, mm; " +
    `SurfaceDiceMetric at ${toleranceMm} mm, use_subvoxels=False; mean over labels of each volume, then over volumes`,
  overlapRule:
    "truth empty: NaN, left out, false alarms too; missed: 0; mean over each volume's labels, then over volumes",
  dice: (counts) => (counts.truth === 0 ? null : diceOf(counts)),
  iou: (counts) => (counts.truth === 0 ? null : iouOf(counts)),
  distances: (masks, toleranceMm) => ({
    ...summariseSurfaceDistances(surfaceDistancesOfMasks(masks), toleranceMm),
    masdMm: null,
  }),
  nsdOfOneEmpty: 0,
  foregroundMean: meanOfCaseMeans,
};
