/** The rules of MedPy's medpy.metric.binary (0.5). */
import { percentileOfSorted } from "../../core/statistics.ts";
import { diceOf, iouOf } from "../overlap.ts";
import { summariseSurfaceDistances, surfaceDistancesOfMasks } from "../surface.ts";
import { meanOfLabelMeans } from "./averages.ts";
import type { Convention } from "./types.ts";

export const medpy: Convention = {
  name: "medpy",
  text: () =>
    "MedPy 0.5.2 (dc, jc, hd, hd95, assd): overlaps 1 where both masks are empty, 0 where one is; distances raise an " +
    "error where a mask is empty and are left out here; HD95: the 95th percentile of both directions pooled, mm; ASSD: " +
    "both directions pooled, mm; no NSD; the tool does not average: mean over labels of the mean per volume",
  overlapRule:
    "both empty: 1; one empty: 0; the tool does not average: mean over labels of the mean per volume",
  dice: (counts) => diceOf(counts) ?? 1,
  iou: (counts) => iouOf(counts) ?? 1,
  distances(masks, toleranceMm) {
    const found = surfaceDistancesOfMasks(masks);
    const { hdMm, assdMm } = summariseSurfaceDistances(found, toleranceMm);
    const { truthToPredictionMm: there, predictionToTruthMm: back } = found;
    const pooled = new Float64Array(there.length + back.length);
    pooled.set(there);
    pooled.set(back, there.length);
    pooled.sort();
    return { hdMm, hd95Mm: percentileOfSorted(pooled, 95), assdMm, masdMm: null, nsd: null };
  },
  nsdOfOneEmpty: null,
  foregroundMean: meanOfLabelMeans,
};
