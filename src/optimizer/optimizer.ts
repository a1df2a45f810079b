/**
 * Optimisers as graph fragments over a flat parameter vector [P], or over any piece of it: each number is moved by
 * itself. Scalars that change at each step (learning rate, bias corrections) enter as inputs.
 */
import { add, div, mul, reduceSum, reshape, sqrt, sub } from "../graph/build.ts";
import type { Value } from "../graph/value.ts";

export type OptimizerConfig =
  | {
      readonly kind: "sgd";
      readonly momentum: number;
      readonly nesterov: boolean;
      readonly weightDecay: number;
    }
  | {
      readonly kind: "adam" | "adamw";
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
    };

/** The flat vectors [P] an optimiser keeps from step to step; all start at 0. */
export function stateNames(config: OptimizerConfig): readonly string[] {
  if (config.kind === "sgd") return config.momentum > 0 ? ["momentum"] : [];
  return ["moment1", "moment2"];
}

export interface StepInputs {
  readonly parameters: Value;
  readonly gradient: Value;
  readonly state: Readonly<Record<string, Value>>;
  /** Scalar. */
  readonly learningRate: Value;
  /** Scalars 1 - beta1^t and 1 - beta2^t with t = 1 at the first step. */
  readonly correction1: Value;
  readonly correction2: Value;
  /** 1 where weight decay applies (weights), else 0; [P]. */
  readonly decay: Value;
}

export interface StepResult {
  readonly parameters: Value;
  readonly state: Readonly<Record<string, Value>>;
}

/** The sum of the squares of a piece of a gradient; [1]. */
export function squareSum(gradient: Value): Value {
  return reshape(reduceSum(mul(gradient, gradient)), [1]);
}

/** What to multiply a gradient of this L2 norm by so that its norm is at most `maxNorm` (Pascanu 2013; 0: no limit). */
export function clipFactor(norm: number, maxNorm: number): number {
  return maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
}

/** One step. Formulas as PyTorch's torch.optim documents them, so that trajectories can be compared. */
export function optimizerStep(config: OptimizerConfig, inputs: StepInputs): StepResult {
  const { learningRate, decay } = inputs;
  const shrink = (by: Value): Value => mul(mul(decay, config.weightDecay), by);
  // AdamW (Loshchilov and Hutter 2019) shrinks the weights themselves; the others add decay to the gradient.
  const isDecoupled = config.kind === "adamw" && config.weightDecay > 0;
  const parameters = isDecoupled
    ? sub(inputs.parameters, mul(shrink(inputs.parameters), learningRate))
    : inputs.parameters;
  const gradient =
    config.weightDecay > 0 && !isDecoupled
      ? add(inputs.gradient, shrink(inputs.parameters))
      : inputs.gradient;

  if (config.kind === "sgd") {
    if (config.momentum === 0) return { parameters: sub(parameters, mul(gradient, learningRate)), state: {} };
    const momentum = add(mul(inputs.state.momentum!, config.momentum), gradient);
    // Sutskever et al. (2013): look ahead along the new momentum.
    const direction = config.nesterov ? add(gradient, mul(momentum, config.momentum)) : momentum;
    return { parameters: sub(parameters, mul(direction, learningRate)), state: { momentum } };
  }
  // Kingma and Ba (2015).
  const moment1 = add(mul(inputs.state.moment1!, config.beta1), mul(gradient, 1 - config.beta1));
  const moment2 = add(
    mul(inputs.state.moment2!, config.beta2),
    mul(mul(gradient, gradient), 1 - config.beta2),
  );
  const denominator = add(sqrt(div(moment2, inputs.correction2)), config.epsilon);
  const step = mul(div(moment1, denominator), div(learningRate, inputs.correction1));
  return { parameters: sub(parameters, step), state: { moment1, moment2 } };
}
