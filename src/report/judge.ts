/** A model judged on cases in one pass: the metrics, and what the report's figures need. */
import type { Split } from "../core/split.ts";
import type { CaseEntry } from "../dataset/types.ts";
import { aggregate } from "../metrics/aggregate.ts";
import { makeCalibration } from "../metrics/calibration.ts";
import type { ConventionName } from "../metrics/conventions/types.ts";
import { makeSoftmax } from "../metrics/softmax.ts";
import type { Metrics } from "../metrics/types.ts";
import type { SheetRow } from "../plot/contact-sheet.ts";
import type { Predictor } from "../predict/predictor.ts";
import type { TrainingData } from "../train/types.ts";
import { scoreCases } from "../train/validation.ts";
import { type BatchDicePoint, makeBatchDice } from "./batch-dice.ts";
import { type GalleryCase, makeGallery } from "./gallery-cases.ts";
import { makeSeedRule, type SeedRuleResult } from "./seed-rule.ts";
import { chooseRows, makeCandidate, type SheetCandidate } from "./sheet-rows.ts";

export interface Judgement {
  readonly metrics: Metrics;
  /** Rows of the contact sheet, head or front upwards. */
  readonly rows: readonly SheetRow[];
  readonly batchDice: readonly BatchDicePoint[];
  /** Slices in each batch of `batchDice`. */
  readonly batchSize: number;
  /** The worst cases, the worst first. */
  readonly gallery: readonly GalleryCase[];
  /** The same slices by the student project's rule. */
  readonly seed: SeedRuleResult;
}

export interface JudgeOptions {
  readonly split: Split;
  /** Of the bootstrap. */
  readonly seed: number;
  readonly batchSize: number;
  /** false: no surface distances, which is much quicker. */
  readonly distances: boolean;
  /** Whose rules; ours unless given. */
  readonly convention?: ConventionName | undefined;
  /** Of NSD; 2 unless given. */
  readonly toleranceMm?: number | undefined;
  readonly onCase?: (progress: {
    readonly done: number;
    readonly total: number;
    readonly id: string;
  }) => void;
}

/** Applies the model to every case by the real inference path; cases in file order. */
export async function judge(
  predictor: Predictor,
  cases: readonly CaseEntry[],
  data: Pick<TrainingData, "labels" | "load">,
  options: JudgeOptions,
): Promise<Judgement> {
  const { split, seed, batchSize, distances, convention, toleranceMm } = options;
  const foreground = data.labels.map(({ id }) => id).filter((id) => id !== 0);
  const batches = makeBatchDice(foreground, batchSize);
  const candidates: SheetCandidate[] = [];
  const gallery = makeGallery();
  const softmax = makeSoftmax(data.labels.length);
  const calibration = makeCalibration({ labels: data.labels });
  const seedRule = makeSeedRule({ labels: data.labels });
  const scored = await scoreCases(predictor, cases, data, {
    distances,
    convention,
    toleranceMm,
    onCase(done, metrics, decoded, prediction) {
      batches.add({ truth: decoded.mask, prediction, length: decoded.width * decoded.height });
      candidates.push(makeCandidate(decoded, prediction, metrics));
      gallery.add(decoded, prediction, metrics);
      options.onCase?.({ done, total: cases.length, id: metrics.id });
    },
    onScores(scores, truth) {
      const probabilities = softmax(scores);
      calibration.addProbabilities(probabilities, truth);
      seedRule.addProbabilities(probabilities, truth);
    },
  });
  return {
    metrics: aggregate(scored, {
      split,
      labels: data.labels,
      seed,
      convention,
      toleranceMm,
      calibration: calibration.result(),
    }),
    rows: chooseRows(candidates),
    batchDice: batches.points(),
    batchSize,
    gallery: gallery.cases(),
    seed: seedRule.result(),
  };
}
