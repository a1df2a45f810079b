/** Validation is inference: the model that would be saved now is loaded and applied to whole images. */
import type { CaseEntry, DecodedCase } from "../dataset/types.ts";
import { aggregate } from "../metrics/aggregate.ts";
import type { ConventionName } from "../metrics/conventions/types.ts";
import { scoreCase } from "../metrics/score-case.ts";
import type { CaseMetrics, Metrics } from "../metrics/types.ts";
import type { ModelCard } from "../predict/card.ts";
import { exportModel } from "../predict/export.ts";
import { makePredictor, type Predictor } from "../predict/predictor.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { gatherNumbers, gatherValues } from "./agreement.ts";
import { makeLossMeter } from "./loss-meter.ts";
import type { LoopContext, TrainingData } from "./types.ts";

/** From label id to class index; ids that are no label of the data set cannot occur (the reader refuses them). */
export function classLookup(labels: readonly LabelDefinition[]): Uint8Array {
  const classOf = new Uint8Array(256).fill(255);
  for (const [index, { id }] of labels.entries()) classOf[id] = index;
  return classOf;
}

/** Scores every case of a split by the real inference path. */
export async function scoreCases(
  predictor: Predictor,
  cases: readonly CaseEntry[],
  data: Pick<TrainingData, "labels" | "load">,
  options: {
    readonly distances: boolean;
    /** Whose rules; ours unless given. */
    readonly convention?: ConventionName | undefined;
    /** Of NSD. */
    readonly toleranceMm?: number | undefined;
    readonly onCase?: (
      done: number,
      scored: CaseMetrics,
      decoded: DecodedCase,
      prediction: Uint8Array,
    ) => void;
    /** Is shown the scores of each slice: [classes, height, width] beside the true label ids. */
    readonly onScores?: (scores: Float32Array, truth: Uint8Array) => void;
  },
): Promise<CaseMetrics[]> {
  const scored: CaseMetrics[] = [];
  for (const entry of cases) {
    const decoded = await data.load(entry);
    const length = decoded.width * decoded.height;
    const { onScores } = options;
    const onSlice = (slice: number, scores: Float32Array): void =>
      onScores?.(scores, decoded.mask.subarray(slice * length, (slice + 1) * length));
    const prediction = await predictor.predict(decoded, onScores === undefined ? {} : { onSlice });
    const metrics = scoreCase({
      id: entry.id,
      patient: entry.patient,
      truth: decoded.mask,
      prediction,
      shape: [decoded.width, decoded.height, decoded.depth],
      spacingMm: decoded.spacingMm,
      labels: data.labels,
      distances: options.distances,
      convention: options.convention,
      toleranceMm: options.toleranceMm,
    });
    scored.push(metrics);
    options.onCase?.(scored.length, metrics, decoded, prediction);
  }
  return scored;
}

/**
 * The metrics and loss of the given weights; only the best of a run are exported with their Dice on the card. Of several
 * ranks each takes every so many-th case, and all of them know the whole in the end.
 */
export async function validate(
  context: LoopContext,
  tensors: Readonly<Record<string, Float32Array>>,
  of: {
    readonly cases: readonly CaseEntry[];
    readonly steps: number;
    readonly onCase?: (decoded: DecodedCase, prediction: Uint8Array) => void;
  },
): Promise<{ metrics: Metrics; loss: number; exportBest: () => Uint8Array }> {
  const { data, config, runtime, spec, ranks } = context;
  // The average of the last weights is better than the last weights (Polyak and Juditsky 1992).
  const weights = { parameters: tensors.average ?? tensors.parameters!, statistics: tensors.statistics! };
  const card = (dice: number | null): ModelCard => ({
    ...context.card,
    steps: of.steps,
    validation: { foregroundMeanDice: dice, convention: VALIDATION_CONVENTION },
  });
  const predictor = await makePredictor(
    runtime,
    exportModel(card(null), spec, weights, context.metadata),
    "model.onnx",
  );
  try {
    const loss = makeLossMeter(config.unet.classes, classLookup(data.labels));
    const own = of.cases.filter((_, i) => i % ranks.size === ranks.rank);
    const scored = await scoreCases(predictor, own, data, {
      distances: false,
      onScores: loss.add,
      onCase: (_done, _scored, decoded, prediction) => of.onCase?.(decoded, prediction),
    });
    const shares = await gatherValues<readonly CaseMetrics[]>(ranks, scored);
    const cases = of.cases.map((_, i) => shares[i % ranks.size]![Math.floor(i / ranks.size)]!);
    const losses = await gatherNumbers(ranks, loss.sums());
    // In the order of the ranks, so that all of them come to the same bits.
    const whole = makeLossMeter(config.unet.classes, classLookup(data.labels));
    for (const sums of losses) whole.addSums(sums);
    const metrics = aggregate(cases, { split: "validate", labels: data.labels, seed: config.seed });
    const dice = metrics.foregroundMean;
    return {
      metrics,
      loss: whole.result(config.loss),
      exportBest: () => exportModel(card(dice), spec, weights, context.metadata),
    };
  } finally {
    await predictor.dispose();
  }
}

export const VALIDATION_CONVENTION =
  "Hard Dice of the argmax per volume, mean over foreground labels; labels absent from both masks are left out";
