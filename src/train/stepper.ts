/** Runs the two programs of a training step: the gradient, then the move, which is made in place and piece by piece. */
import { float32Of, float32Tensor, type Runtime, type Tensor, type Tensors } from "../runtime/runtime.ts";
import type { StepModel } from "./step.ts";

/** The flat vectors that training moves: parameters, statistics, average and the optimiser's moments. */
export type StepTensors = Readonly<Record<string, Float32Array>>;

export interface GradientResult {
  readonly loss: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  readonly clipFactor: number;
  /** [P]; holds until the next gradient is taken. */
  readonly gradient: Float32Array;
  /** The running statistics after this batch, where there are some. */
  readonly statistics: Float32Array | undefined;
}

/** How a step moves. */
export interface Move {
  /** From 0. */
  readonly step: number;
  readonly learningRate: number;
}

export interface Stepper {
  /** Loss and gradient of a batch; moves nothing. @param batch image, labels, dropout masks and draws */
  gradient(batch: Tensors, tensors: StepTensors): Promise<GradientResult>;
  /** Moves the vectors along a gradient, in place. */
  move(tensors: StepTensors, along: GradientResult, how: Move): Promise<void>;
  dispose(): Promise<void>;
}

/** Numbers in a piece: vectors in between are as small. Smaller pieces cost more calls than they save (bench/RESULTS.md). */
const PIECE = 2 ** 18;

const scalar = (value: number): Tensor => float32Tensor(Float32Array.of(value));

/** How far the moving average goes towards the new weights: fast at first, when it is mostly the initial ones. */
function averageRate(decay: number, step: number): number {
  return 1 - Math.min(decay, (1 + step) / (10 + step));
}

/** Loads the programs of a step. */
export async function makeStepper(runtime: Runtime, model: StepModel): Promise<Stepper> {
  const gradientProgram = await runtime.load(model.gradientBytes);
  const updateProgram = await runtime
    .load(model.updateBytes, { isOnHost: true })
    .catch(async (error: unknown) => {
      await gradientProgram.dispose();
      throw error;
    });
  const { optimizer, averageDecay } = model;
  const moved = ["parameters", ...model.stateNames, ...(model.hasAverage ? ["average"] : [])];
  const gradient = new Float32Array(model.decay.length);
  // Vectors of which some pieces are moved and others are not are no state to go on from.
  let isTorn = false;

  function scalarsOf({ step, learningRate }: Move, clipFactor: number): Tensors {
    const isAdaptive = optimizer.kind !== "sgd";
    return {
      clipFactor: scalar(clipFactor),
      learningRate: scalar(learningRate),
      correction1: scalar(isAdaptive ? 1 - optimizer.beta1 ** (step + 1) : 1),
      correction2: scalar(isAdaptive ? 1 - optimizer.beta2 ** (step + 1) : 1),
      averageRate: scalar(averageRate(averageDecay, step)),
    };
  }

  return {
    async gradient(batch, tensors) {
      const { parameters, statistics } = tensors;
      const feeds = {
        ...batch,
        parameters: float32Tensor(parameters!),
        ...(statistics === undefined ? {} : { statistics: float32Tensor(statistics) }),
      };
      const results = await gradientProgram.run(feeds, { gradient: float32Tensor(gradient) });
      const numberOf = (name: string): number => float32Of(results, name)[0]!;
      return {
        loss: numberOf("loss"),
        gradientNorm: numberOf("gradientNorm"),
        clipFactor: numberOf("clipFactor"),
        gradient,
        statistics: results.statisticsNext === undefined ? undefined : float32Of(results, "statisticsNext"),
      };
    },
    async move(tensors, along, how) {
      if (isTorn) throw new Error("internal: an earlier move broke off half-way");
      isTorn = true;
      const scalars = scalarsOf(how, along.clipFactor);
      for (let from = 0; from < along.gradient.length; from += PIECE) {
        const piece = (data: Float32Array): Tensor => float32Tensor(data.subarray(from, from + PIECE));
        const own = moved.map((name) => [name, piece(tensors[name]!)] as const);
        // Each result is written where it was read from: no operation reads a vector after its own result is there.
        await updateProgram.run(
          {
            ...scalars,
            ...Object.fromEntries(own),
            gradient: piece(along.gradient),
            decay: piece(model.decay),
          },
          Object.fromEntries(own.map(([name, data]) => [`${name}Next`, data])),
        );
      }
      if (along.statistics !== undefined) tensors.statistics!.set(along.statistics);
      isTorn = false;
    },
    async dispose() {
      await gradientProgram.dispose();
      await updateProgram.dispose();
    },
  };
}
