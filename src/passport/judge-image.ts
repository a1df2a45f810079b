/** Whether an image as a whole is like the training scans. */
import { correlation, LAYOUT, QUANTILES, slabOf } from "./measure-image.ts";
import { gradeValue } from "./range.ts";
import type { ImageFeatures, PassportFingerprint, Verdict } from "./types.ts";
import { axisText, rangeText, short } from "./words.ts";

/** What was found and how bad it is. */
export interface Finding {
  readonly verdict: Verdict;
  readonly reason: string;
}

/** Standard deviations that are believed at least; sizes by the logarithm, so that 0.1 means 10 %. */
const FLOORS = { spacing: 0.05, field: 0.08, quantile: 0.15, roughness: 0.02, layout: 0.04 } as const;

const AXES = [0, 1, 2] as const;

/** A stack with fewer slices than this share of the least of training is a part of a scan. */
const WHOLE = 0.75;

export const isPart = ({ slices }: ImageFeatures, fingerprint: PassportFingerprint): boolean =>
  slices < WHOLE * fingerprint.slices.min;

const logRange = ({ mean, sd, min, max }: PassportFingerprint["slices"]) => ({
  mean: Math.log(mean),
  sd: sd / mean,
  min: Math.log(min),
  max: Math.log(max),
});

function gradeSizes(
  values: readonly number[] | null,
  ranges: PassportFingerprint["spacingMm"],
  options: {
    readonly patients: number;
    readonly floor: number;
    readonly axes: readonly (0 | 1 | 2)[];
    readonly what: (axis: 0 | 1 | 2) => string;
  },
): readonly Finding[] {
  if (values === null || ranges === null) return [];
  const { patients, floor, axes, what } = options;
  return axes.map((axis) => ({
    verdict: gradeValue(Math.log(values[axis]!), logRange(ranges[axis]), { patients, floor }),
    reason: `${what(axis)} is ${short(values[axis]!)} mm; training had ${rangeText(ranges[axis], " mm")}`,
  }));
}

/** How well the image's bright and dark regions lie where those of the training scans do. */
function layoutMatch(image: ImageFeatures, fingerprint: PassportFingerprint): number {
  if (!isPart(image, fingerprint)) return correlation(image.layout, fingerprint.layout);
  // Of a few slices nobody knows where in the scan they lay: the best place counts.
  const own = slabOf(image.layout, 0);
  return Math.max(
    ...Array.from({ length: LAYOUT[2] }, (_, slab) => correlation(own, slabOf(fingerprint.layout, slab))),
  );
}

export function judgeImage(image: ImageFeatures, fingerprint: PassportFingerprint): readonly Finding[] {
  const { patients, orientation } = fingerprint;
  const axes = isPart(image, fingerprint) ? ([0, 1] as const) : AXES;
  const spacing = gradeSizes(image.spacingMm, fingerprint.spacingMm, {
    patients,
    floor: FLOORS.spacing,
    // The distance of a lone slice is that of nothing.
    axes: image.slices === 1 ? [0, 1] : AXES,
    what: (axis) => `voxel size ${axisText(axis, orientation)}`,
  });
  const field = gradeSizes(image.fieldMm, fingerprint.fieldMm, {
    patients,
    floor: FLOORS.field,
    axes,
    what: (axis) => `the image's extent ${axisText(axis, orientation)}`,
  });
  const quantiles = image.quantiles.map((value, k): Finding => {
    const range = fingerprint.quantiles[k]!;
    return {
      verdict: gradeValue(value, range, { patients, floor: FLOORS.quantile }),
      reason: `${QUANTILES[k]} % of the intensities, normalised, lie below ${short(value)}; in training below ${rangeText(range)}`,
    };
  });
  const match = layoutMatch(image, fingerprint);
  return [
    ...spacing,
    ...field,
    ...quantiles,
    {
      verdict: gradeValue(image.roughness, fingerprint.roughness, { patients, floor: FLOORS.roughness }),
      reason: `neighbouring voxels differ by ${short(image.roughness)} of the variance (noise alone: 2); in training by ${rangeText(fingerprint.roughness)}`,
    },
    {
      verdict: gradeValue(match, fingerprint.layoutMatch, { patients, floor: FLOORS.layout, side: "low" }),
      reason: `bright and dark regions do not lie where they did in training (correlation ${match.toFixed(2)}; training ${rangeText(fingerprint.layoutMatch)}): another part of the body, or turned`,
    },
  ];
}
