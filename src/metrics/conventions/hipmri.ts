/** Our own rules (the default): nothing undefined enters a mean, and what was missed is counted. */
import { diceOf, iouOf } from "../overlap.ts";
import { summariseSurfaceDistances, surfaceDistancesOfMasks } from "../surface.ts";
import { meanOfLabelMeans } from "./averages.ts";
import type { Convention } from "./types.ts";

export const hipmri: Convention = {
  name: "hipmri",
  text: (toleranceMm) =>
    "Hard Dice and IoU per label; both masks empty: undefined, counted and left out of means; one empty: overlap 0, " +
    "distance infinite, counted as missed or false alarm and left out of the mean distance; surface: mask voxels with " +
    "a face neighbour outside the mask, beyond the image's edge being outside; HD95: the larger of the two directed " +
    "95th percentiles (linear interpolation), mm; ASSD: the mean of both directions pooled, MASD: the mean of the two " +
    `directed means, mm; NSD at ${toleranceMm} mm; volume error: prediction minus truth; 95 % intervals by bootstrap ` +
    "over patients, each with all of its volumes",
  overlapRule: "both empty: left out; one empty: 0; mean over labels of the mean per volume",
  dice: diceOf,
  iou: iouOf,
  distances: (masks, toleranceMm) => summariseSurfaceDistances(surfaceDistancesOfMasks(masks), toleranceMm),
  nsdOfOneEmpty: 0,
  foregroundMean: meanOfLabelMeans,
};
