/** A model judged on cases in one pass: the metrics, and what the report's figures need. */
import type { Split } from "../core/split.ts";
import type { CaseEntry } from "../dataset/types.ts";
import { aggregate } from "../metrics/aggregate.ts";
import { makeCalibration } from "../metrics/calibration.ts";
import type { ConventionName } from "../metrics/conventions/types.ts";
import type { CaseMetrics, Metrics } from "../metrics/types.ts";
import type { SheetRow } from "../plot/contact-sheet.ts";
import type { Predictor } from "../predict/predictor.ts";
import type { TrainingData } from "../train/types.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { type BatchDicePoint, makeBatchDice } from "./batch-dice.ts";
import { type GalleryCase, makeGallery } from "./gallery-cases.ts";
import { type JudgedCase, judgeCases } from "./judged-case.ts";
import { makeSeedRule, type SeedRuleResult } from "./seed-rule.ts";
import { chooseRows, type SheetCandidate } from "./sheet-rows.ts";

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

/** What joins judged cases to a judgement. */
export type JoinOptions = Pick<
  JudgeOptions,
  "split" | "seed" | "batchSize" | "convention" | "toleranceMm"
> & {
  /** In the order of the classes; 0 is background. */
  readonly labels: readonly LabelDefinition[];
};

/** A judgement of cases that come one by one, in file order. */
export function makeJudgement({ labels, batchSize, ...rules }: JoinOptions): {
  add(judged: JudgedCase): void;
  result(): Judgement;
} {
  const foreground = labels.map(({ id }) => id).filter((id) => id !== 0);
  const scored: CaseMetrics[] = [];
  const batches = makeBatchDice(foreground, batchSize);
  const candidates: SheetCandidate[] = [];
  const gallery = makeGallery();
  const calibration = makeCalibration({ labels });
  const seedRule = makeSeedRule({ labels });
  return {
    add(judged) {
      scored.push(judged.scored);
      batches.addCounts(judged.counts);
      candidates.push(judged.candidate);
      if (judged.gallery !== undefined) gallery.add(judged.gallery);
      calibration.addSums(judged.calibration);
      for (const slice of judged.seed) seedRule.addSlice(slice);
    },
    result: () => ({
      metrics: aggregate(scored, { ...rules, labels, calibration: calibration.result() }),
      rows: chooseRows(candidates),
      batchDice: batches.points(),
      batchSize,
      gallery: gallery.cases(),
      seed: seedRule.result(),
    }),
  };
}

/** Applies the model to every case by the real inference path; cases in file order. */
export async function judge(
  predictor: Predictor,
  cases: readonly CaseEntry[],
  data: Pick<TrainingData, "labels" | "load">,
  options: JudgeOptions,
): Promise<Judgement> {
  const { split, seed, batchSize, distances, convention, toleranceMm } = options;
  const judgement = makeJudgement({ split, seed, batchSize, convention, toleranceMm, labels: data.labels });
  await judgeCases(predictor, cases, data, {
    distances,
    convention,
    toleranceMm,
    onCase(judged, done) {
      judgement.add(judged);
      options.onCase?.({ done, total: cases.length, id: judged.scored.id });
    },
  });
  return judgement.result();
}
