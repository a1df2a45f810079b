/**
 * Images whose intensities are unlike the others'. Compared by median and MAD (Hampel 1974, "The influence curve
 * and its role in robust estimation"), so that a few odd cases do not hide themselves in the mean.
 */
import { median, percentile } from "../../core/statistics.ts";
import { counted } from "../../core/text.ts";
import { findConstantSlices } from "./constant-slices.ts";
import type { CaseExam } from "./examine-case.ts";
import { formatShare, formatValue, makeFinding } from "./findings.ts";
import type { DoctorFinding, IntensityStats } from "./types.ts";

/** Fewer cases say nothing about what is usual. */
const LEAST_CASES = 8;
/** So many robust standard deviations from the median are unusual. */
const FAR = 6;
/** MAD to standard deviation, of a normal distribution. */
const MAD_TO_SIGMA = 1.4826;
/** A larger share of the cases are no outliers but a second kind of image; findMixedScale() tells of those. */
const MOST_OUTLIERS = 0.1;
/** A larger share of voxels at the very largest value is no noise. */
const SATURATED = 0.005;
/** Nor is it told of fewer voxels: in a tiny image one is a large share. */
const LEAST_SATURATED = 100;
/** Scales of the 5th and the 95th percentile of cases that differ by more are told. */
const MIXED_SCALE = 10;

interface Measured {
  readonly exam: CaseExam;
  readonly stats: IntensityStats;
}

interface Feature {
  /** Undefined where the case has none. */
  readonly of: (stats: IntensityStats) => number | undefined;
  /** The least deviation that matters, however alike the others are. */
  readonly least: number;
  /** Only too large a value is odd. */
  readonly isOneSided?: true;
  readonly say: (stats: IntensityStats, usual: number) => string;
}

const rangeOf = ({ low, high }: IntensityStats): number => high - low;
const positive = (value: number): number | undefined =>
  value > 0 && Number.isFinite(value) ? value : undefined;
const log10 = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Math.log10(value);

const FEATURES: readonly Feature[] = [
  {
    of: (stats) => log10(positive(rangeOf(stats))),
    least: Math.log10(2),
    say: (stats, usual) => {
      const factor = rangeOf(stats) / 10 ** usual;
      const times = formatValue(factor < 1 ? 1 / factor : factor);
      return `its range ${formatValue(stats.low)} to ${formatValue(stats.high)} is ${times} times ${factor < 1 ? "smaller" : "larger"} than is usual`;
    },
  },
  {
    of: (stats) =>
      positive(rangeOf(stats)) === undefined ? undefined : (stats.median - stats.low) / rangeOf(stats),
    least: 0.2,
    say: (stats, usual) =>
      `its median lies at ${formatShare((stats.median - stats.low) / rangeOf(stats))} of its range, usual is ${formatShare(usual)}`,
  },
  {
    of: (stats) =>
      positive(rangeOf(stats)) === undefined
        ? undefined
        : log10(positive((stats.max - stats.low) / rangeOf(stats))),
    least: Math.log10(4),
    isOneSided: true,
    say: (stats) =>
      `its brightest voxel, ${formatValue(stats.max)}, is far above all others (99.5 % are below ${formatValue(stats.high)})`,
  },
];

/** By case: in which ways it is unlike the others. */
function findOutliers(measured: readonly Measured[]): DoctorFinding[] {
  const reasons = new Map<CaseExam, string[]>();
  for (const feature of FEATURES) {
    const values = measured.flatMap(({ exam, stats }) => {
      const value = feature.of(stats);
      return value === undefined ? [] : [{ exam, stats, value }];
    });
    if (values.length < LEAST_CASES) continue;
    const usual = median(values.map(({ value }) => value));
    const sigma = MAD_TO_SIGMA * median(values.map(({ value }) => Math.abs(value - usual)));
    const far = values.filter(({ value }) => {
      const off = feature.isOneSided ? value - usual : Math.abs(value - usual);
      return off >= feature.least && off > FAR * sigma;
    });
    if (far.length > Math.max(1, MOST_OUTLIERS * values.length)) continue;
    for (const { exam, stats } of far) {
      reasons.set(exam, [...(reasons.get(exam) ?? []), feature.say(stats, usual)]);
    }
  }
  if (reasons.size === 0) return [];
  const ids = [...reasons.keys()].map(({ entry }) => entry.id);
  return [
    makeFinding({
      severity: "warning",
      code: "intensity-outlier",
      message: `The intensities of ${counted(ids.length, "case")} are unlike those of the others`,
      remedy:
        "Look at these images: another scanner, another sequence, an image that was rescaled, or a file that is none",
      details: [...reasons].map(([{ entry }, said]) => `"${entry.id}": ${said.join("; ")}`),
      cases: ids,
    }),
  ];
}

function findNegative(measured: readonly Measured[]): DoctorFinding[] {
  const negative = measured.filter(({ stats }) => stats.min < 0);
  if (negative.length === 0 || negative.length > Math.max(1, measured.length / 4)) return [];
  return [
    makeFinding({
      severity: "warning",
      code: "negative-values",
      message: `${counted(negative.length, "case")} ${negative.length === 1 ? "has" : "have"} negative intensities, the ${measured.length - negative.length} others have none`,
      remedy: "Check how these images were made: they may have been normalised or interpolated before",
      details: negative.map(
        ({ exam, stats }) =>
          `"${exam.entry.id}": down to ${formatValue(stats.min)} in ${formatShare(stats.negativeShare)} of its voxels`,
      ),
      cases: negative.map(({ exam }) => exam.entry.id),
    }),
  ];
}

function findSaturated(measured: readonly Measured[]): DoctorFinding[] {
  const saturated = measured.filter(
    ({ stats }) => stats.maxShare > SATURATED && stats.maxShare * stats.voxels >= LEAST_SATURATED,
  );
  if (saturated.length === 0) return [];
  const isUsual = saturated.length > measured.length / 2;
  return [
    makeFinding({
      severity: isUsual ? "note" : "warning",
      code: "saturated",
      message: `${counted(saturated.length, "case")} ${saturated.length === 1 ? "has" : "have"} many voxels at the very largest value: the bright end was cut off`,
      remedy: isUsual
        ? "As most cases are so, it was done on purpose; what is brighter cannot be told apart"
        : "Export these images again without clipping, or clip all images alike",
      details: saturated.map(
        ({ exam, stats }) =>
          `"${exam.entry.id}": ${formatShare(stats.maxShare)} of its voxels are ${formatValue(stats.max)}`,
      ),
      cases: saturated.map(({ exam }) => exam.entry.id),
    }),
  ];
}

/** Whole cases of one value. */
function findConstant(measured: readonly Measured[]): DoctorFinding[] {
  const constant = measured.filter(({ stats }) => stats.min === stats.max);
  if (constant.length === 0) return [];
  return [
    makeFinding({
      severity: "warning",
      code: "constant-image",
      message: `The image of ${counted(constant.length, "case")} is one single value throughout`,
      remedy: "There is nothing to learn in it: make the image again from its source, or take the case away",
      details: constant.map(({ exam, stats }) => `"${exam.entry.id}": ${formatValue(stats.min)} everywhere`),
      cases: constant.map(({ exam }) => exam.entry.id),
    }),
  ];
}

function findMixedScale(measured: readonly Measured[]): DoctorFinding[] {
  const ranges = measured.map(({ stats }) => rangeOf(stats)).filter((range) => range > 0);
  if (ranges.length < LEAST_CASES) return [];
  const [low, high] = [percentile(ranges, 5), percentile(ranges, 95)];
  if (!(high / low > MIXED_SCALE)) return [];
  return [
    makeFinding({
      severity: "note",
      code: "mixed-intensity-scale",
      message: `Intensity scales differ: the range of a case is ${formatValue(low)} to ${formatValue(high)} (5th to 95th percentile of the cases)`,
      remedy:
        "Nothing to do as long as input.normalise is zscore, the default: each image is brought to one scale",
    }),
  ];
}

export function intensityFindings(exams: readonly CaseExam[]): readonly DoctorFinding[] {
  const measured = exams.flatMap((exam) =>
    exam.intensity === undefined ? [] : [{ exam, stats: exam.intensity }],
  );
  const varied = measured.filter(({ stats }) => stats.max > stats.min);
  return [
    ...findConstant(measured),
    ...findConstantSlices(varied.map(({ exam }) => exam)),
    ...findOutliers(varied),
    ...(measured.length < LEAST_CASES ? [] : findNegative(measured)),
    ...findSaturated(varied),
    ...findMixedScale(varied),
  ];
}
