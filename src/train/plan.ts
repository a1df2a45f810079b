/** How many steps a run takes: from epochs, or from minutes and a measured step. */
import { streamedPlaces } from "./batches.ts";
import type { FittedConfig } from "./config.ts";
import type { StepPlan } from "./types.ts";

/** Passes over the training slices where neither epochs nor minutes nor steps are given. */
export const DEFAULT_EPOCHS = 30;
/** With minutes, validation may take at most one part in so many of an epoch. */
const VALIDATION_SHARE = 8;
/** Fewer steps between validations say little about what was learnt. */
export const LEAST_STEPS_PER_EPOCH = 25;
/** With minutes, at least so many validations, where they are quick: the best weights are chosen among them. */
const LEAST_VALIDATIONS = 8;

/** What of a configuration says how long a run is. */
export type PlannedConfig = Pick<
  FittedConfig,
  "steps" | "stepsPerEpoch" | "epochs" | "minutes" | "batchSize" | "oversample"
>;

export interface Measured {
  readonly stepMs: number;
  readonly validationMs: number;
}

/** Steps of one pass over so many training slices: where all places are oversampled, it is as many slices as there are. */
export const passSteps = (config: PlannedConfig, slices: number): number =>
  Math.max(1, Math.ceil(slices / (streamedPlaces(config) || config.batchSize)));

/**
 * @param slices number of training slices.
 * @param measured needed with minutes only.
 */
export function planSteps(config: PlannedConfig, slices: number, measured: Measured): StepPlan {
  const pass = passSteps(config, slices);
  if (config.steps !== null) {
    return { steps: config.steps, stepsPerEpoch: Math.min(config.stepsPerEpoch ?? pass, config.steps) };
  }
  if (config.minutes === null) {
    const stepsPerEpoch = config.stepsPerEpoch ?? pass;
    return { steps: (config.epochs ?? DEFAULT_EPOCHS) * stepsPerEpoch, stepsPerEpoch };
  }
  const { stepMs, validationMs } = measured;
  const budgetMs = config.minutes * 60_000;
  const rare = Math.ceil((validationMs * (VALIDATION_SHARE - 1)) / stepMs);
  const often = Math.ceil(budgetMs / stepMs / LEAST_VALIDATIONS);
  const stepsPerEpoch = config.stepsPerEpoch ?? Math.max(Math.min(pass, often), LEAST_STEPS_PER_EPOCH, rare);
  // Every started epoch ends in a validation, the last one too.
  const epochs = Math.max(1, Math.ceil(budgetMs / (stepsPerEpoch * stepMs + validationMs)));
  const steps = Math.max(1, Math.floor((budgetMs - epochs * validationMs) / stepMs));
  return { steps, stepsPerEpoch: Math.min(stepsPerEpoch, steps) };
}

/** Milliseconds that the rest of a plan takes. */
export function estimateMs(plan: StepPlan, done: number, { stepMs, validationMs }: Measured): number {
  const epochs = Math.ceil(plan.steps / plan.stepsPerEpoch) - Math.floor(done / plan.stepsPerEpoch);
  return (plan.steps - done) * stepMs + epochs * validationMs;
}
