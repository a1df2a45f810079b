/** One case judged: all that a report takes of it, plain data that can be kept and joined later, also elsewhere. */
import type { CaseEntry, DecodedCase } from "../dataset/types.ts";
import { type CalibrationSums, makeCalibration } from "../metrics/calibration.ts";
import type { ConventionName } from "../metrics/conventions/types.ts";
import { makeSoftmax } from "../metrics/softmax.ts";
import type { CaseMetrics } from "../metrics/types.ts";
import type { Predictor } from "../predict/predictor.ts";
import type { TrainingData } from "../train/types.ts";
import { scoreCases } from "../train/validation.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { countSlices, type SliceCounts } from "./batch-dice.ts";
import { type GalleryCase, galleryCase, makeGallery } from "./gallery-cases.ts";
import { makeSeedMeter, type SeedSlice } from "./seed-rule.ts";
import { makeCandidate, type SheetCandidate } from "./sheet-rows.ts";

export interface JudgedCase {
  readonly scored: CaseMetrics;
  /** Of each slice. */
  readonly counts: readonly SliceCounts[];
  readonly candidate: SheetCandidate;
  /** undefined where enough cases before it are worse. */
  readonly gallery: GalleryCase | undefined;
  readonly calibration: CalibrationSums;
  readonly seed: readonly SeedSlice[];
}

export interface JudgeCasesOptions {
  /** false: no surface distances, which is much quicker. */
  readonly distances: boolean;
  /** Whose rules; ours unless given. */
  readonly convention?: ConventionName | undefined;
  /** Of NSD; 2 unless given. */
  readonly toleranceMm?: number | undefined;
  /** Takes each case, in the order of `cases`. */
  readonly onCase: (judged: JudgedCase, done: number) => void;
}

/** What is measured of a model's probabilities while a case is segmented. */
function makeMeters(labels: readonly LabelDefinition[]) {
  const calibration = makeCalibration({ labels });
  const measureSlice = makeSeedMeter(labels);
  const seed: SeedSlice[] = [];
  return {
    add(probabilities: Float32Array, truth: Uint8Array): void {
      calibration.addProbabilities(probabilities, truth);
      seed.push(measureSlice(probabilities, truth));
    },
    result: () => ({ calibration: calibration.sums(), seed }),
  };
}

/** Applies the model to every case by the real inference path. */
export async function judgeCases(
  predictor: Predictor,
  cases: readonly CaseEntry[],
  data: Pick<TrainingData, "labels" | "load">,
  { onCase, ...rules }: JudgeCasesOptions,
): Promise<void> {
  const { labels } = data;
  const foreground = labels.map(({ id }) => id).filter((id) => id !== 0);
  const softmax = makeSoftmax(labels.length);
  const gallery = makeGallery();
  let meters = makeMeters(labels);
  function judged(scored: CaseMetrics, decoded: DecodedCase, prediction: Uint8Array): JudgedCase {
    const shown = gallery.wants(scored) ? galleryCase(decoded, prediction, scored) : undefined;
    if (shown !== undefined) gallery.add(shown);
    const { mask: truth, width, height } = decoded;
    return {
      scored,
      counts: countSlices({ truth, prediction, length: width * height }, foreground),
      candidate: makeCandidate(decoded, prediction, scored),
      gallery: shown,
      ...meters.result(),
    };
  }
  await scoreCases(predictor, cases, data, {
    ...rules,
    onCase(done, scored, decoded, prediction) {
      onCase(judged(scored, decoded, prediction), done);
      meters = makeMeters(labels);
    },
    onScores: (scores, truth) => meters.add(softmax(scores), truth),
  });
}
