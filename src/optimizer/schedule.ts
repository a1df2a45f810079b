/** Learning-rate schedules: pure functions of the step, so that a resumed run follows the same curve. */

export interface ScheduleConfig {
  readonly kind: "constant" | "poly" | "cosine";
  readonly learningRate: number;
  /** Steps over which the rate rises linearly from 0. */
  readonly warmupSteps: number;
  /** Exponent of "poly"; nnU-Net's is 0.9. */
  readonly power: number;
}

/** The learning rate of step 0, 1, … `totalSteps` - 1. */
export function learningRateAt(config: ScheduleConfig, step: number, totalSteps: number): number {
  const { kind, learningRate, warmupSteps, power } = config;
  if (step < warmupSteps) return (learningRate * (step + 1)) / (warmupSteps + 1);
  const done = Math.min((step - warmupSteps) / Math.max(totalSteps - warmupSteps, 1), 1);
  if (kind === "constant") return learningRate;
  if (kind === "poly") return learningRate * (1 - done) ** power;
  return (learningRate / 2) * (1 + Math.cos(Math.PI * done));
}
