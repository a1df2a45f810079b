/** Metrics for tests of what shows them: complete, and empty but for what a test is about. */
import type {
  CaseLabelMetrics,
  DistanceAggregate,
  LabelIntervals,
  LabelMetrics,
  Metrics,
} from "../../src/metrics/types.ts";

const NOTHING = { mean: null, n: 0 } as const;
const NO_DISTANCE: DistanceAggregate = { ...NOTHING, infinite: 0 };

const NO_INTERVALS: LabelIntervals = {
  dicePerPatient: null,
  dicePerVolume: null,
  dicePooled: null,
  iou: null,
  sensitivity: null,
  precision: null,
  hdMm: null,
  hd95Mm: null,
  assdMm: null,
  masdMm: null,
  nsd: null,
  volumeErrorMl: null,
  volumeErrorPercent: null,
};

export function makeMetrics(values: Partial<Metrics> = {}): Metrics {
  return {
    split: "test",
    conventionName: "hipmri",
    convention: "",
    patients: 1,
    foregroundMean: null,
    ci95: { foregroundMean: null },
    warnings: [],
    labels: [],
    rescored: [],
    calibration: null,
    cases: [],
    ...values,
  };
}

export function makeLabelMetrics(
  values: Omit<Partial<LabelMetrics>, "ci95"> & { readonly ci95?: Partial<LabelIntervals> } = {},
): LabelMetrics {
  return {
    id: 5,
    name: "prostate",
    dice: { perVolume: NOTHING, perPatient: NOTHING, pooled: NOTHING, perSlicePresent: NOTHING },
    iou: NOTHING,
    sensitivity: NOTHING,
    precision: NOTHING,
    hdMm: NO_DISTANCE,
    hd95Mm: NO_DISTANCE,
    assdMm: NO_DISTANCE,
    masdMm: NO_DISTANCE,
    nsd: { toleranceMm: 2, ...NOTHING },
    volumeErrorMl: NOTHING,
    volumeErrorPercent: NOTHING,
    extraComponents: 0,
    missed: 0,
    falseAlarms: 0,
    undefined: 0,
    ...values,
    ci95: { ...NO_INTERVALS, ...values.ci95 },
  };
}

export function makeCaseLabel(values: Partial<CaseLabelMetrics> = {}): CaseLabelMetrics {
  return {
    id: 5,
    dice: null,
    iou: null,
    sensitivity: null,
    precision: null,
    hdMm: null,
    hd95Mm: null,
    assdMm: null,
    masdMm: null,
    nsd: null,
    volumeErrorMl: 0,
    volumeErrorPercent: null,
    state: "scored",
    counts: { truth: 0, prediction: 0, overlap: 0 },
    components: null,
    slicesPresent: { diceSum: 0, n: 0 },
    ...values,
  };
}
