/**
 * Runs the programs of a training step: the gradient of each part of a batch, their sum over parts and ranks, and the
 * move, which is made in place and piece by piece.
 */
import { clipFactor } from "../optimizer/optimizer.ts";
import {
  float32Of,
  float32Tensor,
  type Program,
  type Runtime,
  type Tensor,
  type Tensors,
} from "../runtime/runtime.ts";
import { ALONE, type Ranks } from "./ranks.ts";
import type { StepModel } from "./step.ts";

/** The flat vectors that training moves: parameters, statistics, average and the optimiser's moments. */
export type StepTensors = Readonly<Record<string, Float32Array>>;

export interface GradientResult {
  /** Mean over all parts. */
  readonly loss: number;
  /** Of the mean gradient, before clipping. */
  readonly gradientNorm: number;
  /** Sum over all parts, [P]; holds until the next gradient is taken. */
  readonly gradient: Float32Array;
  /** What makes the clipped mean of it. */
  readonly gradientScale: number;
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
  /**
   * Loss and gradient of a batch; moves nothing. It is that of the whole batch at once where the loss is a mean over
   * images and no norm looks at several of them: cross-entropy without batch norm. Soft Dice and batch norm are taken
   * over each part by itself.
   * @param parts of this rank: image, labels, dropout masks and draws of each; every rank has as many, all of one size
   * @param ranks with whom the batch is shared; default nobody
   */
  gradient(parts: readonly Tensors[], tensors: StepTensors, ranks?: Ranks): Promise<GradientResult>;
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

const addTo = (sum: Float32Array, part: Float32Array): void => {
  for (let i = 0; i < sum.length; i++) sum[i]! += part[i]!;
};

/** Loads the programs of a step. */
export async function makeStepper(runtime: Runtime, model: StepModel): Promise<Stepper> {
  const programs = await loadAll([
    () => runtime.load(model.gradientBytes),
    () => runtime.load(model.squaresBytes, { isOnHost: true }),
    () => runtime.load(model.updateBytes, { isOnHost: true }),
  ]);
  const [gradientProgram, squaresProgram, updateProgram] = programs as [Program, Program, Program];
  const { optimizer, averageDecay } = model;
  const moved = ["parameters", ...model.stateNames, ...(model.hasAverage ? ["average"] : [])];
  const size = model.decay.length;
  const own = new Float32Array(size);
  let sum: Float32Array | undefined;
  // Vectors of which some pieces are moved and others are not are no state to go on from.
  let isTorn = false;

  /** Writes its gradient into `own`. @returns the loss, and then the running statistics */
  async function takePart(part: Tensors, { parameters, statistics }: StepTensors): Promise<Float32Array> {
    const feeds = {
      ...part,
      parameters: float32Tensor(parameters!),
      ...(statistics === undefined ? {} : { statistics: float32Tensor(statistics) }),
    };
    const results = await gradientProgram.run(feeds, { gradient: float32Tensor(own) });
    const next = results.statisticsNext === undefined ? [] : float32Of(results, "statisticsNext");
    const figures = new Float32Array(1 + next.length);
    figures.set(float32Of(results, "loss"));
    figures.set(next, 1);
    return figures;
  }

  async function normOf(gradient: Float32Array): Promise<number> {
    let squares = 0;
    for (let from = 0; from < size; from += PIECE) {
      const piece = float32Tensor(gradient.subarray(from, from + PIECE));
      squares += float32Of(await squaresProgram.run({ gradient: piece }), "squares")[0]!;
    }
    return Math.sqrt(squares);
  }

  function scalarsOf({ step, learningRate }: Move, gradientScale: number): Tensors {
    const isAdaptive = optimizer.kind !== "sgd";
    return {
      gradientScale: scalar(gradientScale),
      learningRate: scalar(learningRate),
      correction1: scalar(isAdaptive ? 1 - optimizer.beta1 ** (step + 1) : 1),
      correction2: scalar(isAdaptive ? 1 - optimizer.beta2 ** (step + 1) : 1),
      averageRate: scalar(averageRate(averageDecay, step)),
    };
  }

  return {
    async gradient(parts, tensors, ranks = ALONE) {
      const [first, ...others] = parts;
      if (first === undefined) throw new RangeError("A gradient needs a part of a batch");
      const figures = await takePart(first, tensors);
      let gradient: Float32Array = own;
      if (others.length > 0) {
        sum ??= new Float32Array(size);
        sum.set(own);
        gradient = sum;
        for (const part of others) {
          addTo(figures, await takePart(part, tensors));
          addTo(gradient, own);
        }
      }
      if (ranks.size > 1) {
        await ranks.sum(gradient);
        await ranks.sum(figures);
      }
      const count = parts.length * ranks.size;
      const gradientNorm = (await normOf(gradient)) / count;
      return {
        loss: figures[0]! / count,
        gradientNorm,
        gradient,
        gradientScale: clipFactor(gradientNorm, model.clipNorm) / count,
        statistics: figures.length === 1 ? undefined : figures.subarray(1).map((value) => value / count),
      };
    },
    async move(tensors, along, how) {
      if (isTorn) throw new Error("internal: an earlier move broke off half-way");
      isTorn = true;
      const scalars = scalarsOf(how, along.gradientScale);
      for (let from = 0; from < size; from += PIECE) {
        const piece = (data: Float32Array): Tensor => float32Tensor(data.subarray(from, from + PIECE));
        const vectors = moved.map((name) => [name, piece(tensors[name]!)] as const);
        // Each result is written where it was read from: no operation reads a vector after its own result is there.
        await updateProgram.run(
          {
            ...scalars,
            ...Object.fromEntries(vectors),
            gradient: piece(along.gradient),
            decay: piece(model.decay),
          },
          Object.fromEntries(vectors.map(([name, data]) => [`${name}Next`, data])),
        );
      }
      if (along.statistics !== undefined) tensors.statistics!.set(along.statistics);
      isTorn = false;
    },
    async dispose() {
      for (const program of programs) await program.dispose();
    },
  };
}

/** Loads one after the other; where one fails, those before it are given back. */
async function loadAll(loads: readonly (() => Promise<Program>)[]): Promise<readonly Program[]> {
  const loaded: Program[] = [];
  try {
    for (const load of loads) loaded.push(await load());
    return loaded;
  } catch (error) {
    for (const program of loaded) await program.dispose();
    throw error;
  }
}
