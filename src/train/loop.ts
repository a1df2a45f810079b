/** The training loop: steps, validation at the end of each epoch, checkpoints. No files and no clock of its own. */
import { drawAugmentation } from "../augment/draws.ts";
import { HipError } from "../core/errors.ts";
import { median } from "../core/statistics.ts";
import { learningRateAt } from "../optimizer/schedule.ts";
import type { Size } from "../predict/fit.ts";
import { float32Tensor, type Tensors } from "../runtime/runtime.ts";
import { checkSameWeights, isAnyStopping, largestOf } from "./agreement.ts";
import type { Batch, BatchPart } from "./batches.ts";
import type { TrainingState } from "./checkpoint.ts";
import type { FittedConfig } from "./config.ts";
import { drawDropoutMasks } from "./dropout.ts";
import { ALONE } from "./ranks.ts";
import { drawName } from "./step.ts";
import type { EpochReport, LoopContext, StepPlan, TrainingHost } from "./types.ts";
import { validate } from "./validation.ts";

/**
 * ORT lays out its memory in the first steps, which take up to four times as long as later ones: they are not counted.
 * Then steps are measured for about so long: one alone may meet a busy moment.
 */
const WARM_UP = { steps: 4, enoughMs: 12_000 } as const;
const MEASURED = { leastSteps: 3, mostSteps: 20, enoughMs: 4000 } as const;

/** What is carried from step to step besides the tensors; numbers survive JSON exactly. */
interface Running {
  readonly step: number;
  readonly epoch: number;
  /** Sum and number of the losses of the epoch under way. */
  readonly lossSum: number;
  readonly lossCount: number;
  readonly bestDice: number;
}

/** The loop over steps and epochs from a state on. */
export function makeLoop(context: LoopContext, start: TrainingState) {
  const { config, stepper, ranks, parts, anchorStrength = 0 } = context;
  const { tensors } = start;
  const anchor = anchorStrength > 0 ? tensors.parameters!.slice() : undefined;
  let running: Running = {
    step: start.step,
    epoch: start.epoch,
    lossSum: Number(start.metadata.lossSum ?? 0),
    lossCount: Number(start.metadata.lossCount ?? 0),
    bestDice: Number(start.metadata.bestDice ?? -1),
  };

  const state = (): TrainingState => ({
    step: running.step,
    epoch: running.epoch,
    tensors,
    metadata: {
      lossSum: String(running.lossSum),
      lossCount: String(running.lossCount),
      bestDice: String(running.bestDice),
    },
  });

  async function measure(now: () => number): Promise<{ stepMs: number; validationMs: number }> {
    const batch = await batchesOf(0);
    const timed = async (work: () => Promise<unknown>): Promise<number> => {
      const before = now();
      await work();
      return now() - before;
    };
    // A move along nothing, by nothing, leaves weights and average as they are.
    const timedStep = () =>
      timed(async () => {
        // By this rank alone: how many steps are timed depends on the time that they take.
        const found = await stepper.gradient(feedsOf(batch, 0), tensors);
        found.gradient.fill(0);
        await stepper.move(tensors, { ...found, statistics: undefined }, { step: 0, learningRate: 0 });
      });
    let spent = 0;
    for (let i = 0; i < WARM_UP.steps && spent < WARM_UP.enoughMs; i++) spent += await timedStep();
    const times: number[] = [];
    for (spent = 0; times.length < MEASURED.mostSteps; ) {
      times.push(await timedStep());
      spent += times.at(-1)!;
      const isEnough = times.length >= MEASURED.leastSteps && spent > MEASURED.enoughMs;
      // Of steps that take many seconds, one must do.
      if (isEnough || spent > 4 * MEASURED.enoughMs) break;
    }
    // But decay that is added to the gradient has gone into the moments, which begin with nothing.
    for (const name of context.stepModel.stateNames) tensors[name]!.fill(0);
    const cases = context.data.validate;
    const alone: LoopContext = { ...context, ranks: ALONE };
    const validateFirst = (count: number) =>
      timed(() => validate(alone, tensors, { cases: cases.slice(0, count), steps: 0 }));
    // One case pays for loading the model; the next ones say what a case costs.
    const few = Math.min(cases.length, 4);
    const one = cases.length === 0 ? 0 : await validateFirst(1);
    // A case that takes long by itself hides the loading.
    const each =
      one > MEASURED.enoughMs ? one : few > 1 ? Math.max(0, (await validateFirst(few)) - one) / (few - 1) : 0;
    const own = Math.ceil(cases.length / ranks.size);
    const sumMs = await timedSum();
    return {
      stepMs: await largestOf(ranks, median(times) + sumMs),
      validationMs: await largestOf(ranks, one + each * Math.max(0, own - 1)),
    };

    /** What the ranks' sum of a gradient takes, the second time. */
    async function timedSum(): Promise<number> {
      if (ranks.size === 1) return 0;
      const nothing = new Float32Array(tensors.parameters!.length);
      await ranks.sum(nothing);
      return timed(() => ranks.sum(nothing));
    }
  }

  async function run(host: TrainingHost, plan: StepPlan): Promise<boolean> {
    // A run that was killed while it validated begins with that validation.
    if (running.lossCount > 0 && isEpochEnd(plan)) await finishEpoch(host, plan);
    let next = prefetch(running.step, plan);
    while (running.step < plan.steps) {
      const { step } = running;
      const batch = await next;
      // Where a runtime works beside this thread, the next batch is put together meanwhile; onnxruntime-node blocks it.
      const learningRate = learningRateAt(config.schedule, step, plan.steps);
      const computing = stepper.gradient(feedsOf(batch, step), tensors, ranks);
      next = prefetch(step + 1, plan);
      const found = await computing;
      await next;
      const { loss, gradientNorm } = found;
      if (!Number.isFinite(loss + gradientNorm)) throw divergence(step + 1, learningRate);
      await stepper.move(tensors, found, { step, learningRate });
      if (anchor !== undefined) pullBack(tensors.parameters!, anchor, anchorStrength * learningRate);
      const { lossSum, lossCount } = running;
      running = { ...running, step: step + 1, lossSum: lossSum + loss, lossCount: lossCount + 1 };
      await host.onStep({ loss, gradientNorm, learningRate, step: running.step, epoch: running.epoch });
      // Before a validation, which may take long, as after any other step.
      let isStopping = await isAnyStopping(ranks, host);
      if (host.isCheckpointDue() || isStopping) await host.saveLast(state());
      if (isEpochEnd(plan)) {
        await finishEpoch(host, plan);
        // What was asked meanwhile.
        isStopping ||= await isAnyStopping(ranks, host);
      }
      if (isStopping) break;
    }
    return running.step >= plan.steps;
  }

  const isEpochEnd = (plan: StepPlan): boolean =>
    running.step % plan.stepsPerEpoch === 0 || running.step === plan.steps;

  /** The parts of a step's batch, put together ahead of their use; a failure waits until they are asked for. */
  function prefetch(step: number, plan: StepPlan): Promise<readonly Batch[]> {
    const batch = step < plan.steps ? batchesOf(step) : Promise.resolve([]);
    batch.catch(() => undefined);
    return batch;
  }

  async function batchesOf(step: number): Promise<readonly Batch[]> {
    const batches: Batch[] = [];
    for (const part of parts) batches.push(await context.batchOf(step, part));
    return batches;
  }

  const feedsOf = (batches: readonly Batch[], step: number): readonly Tensors[] =>
    batches.map((batch, i) => batchFeeds(context, batch, { step, part: parts[i]! }));

  async function finishEpoch(host: TrainingHost, plan: StepPlan): Promise<void> {
    const { steps } = plan;
    await checkSameWeights(ranks, tensors);
    const learningRate = learningRateAt(config.schedule, running.step - 1, steps);
    const {
      metrics,
      loss: validationLoss,
      exportBest,
    } = await validate(context, tensors, {
      cases: context.data.validate,
      steps,
      onCase: (decoded, prediction) => host.onCase?.(decoded, prediction),
    });
    const loss = running.lossSum / running.lossCount;
    const dice = metrics.foregroundMean;
    const isBest = config.keep === "last" || (dice ?? 0) > running.bestDice;
    running = {
      ...running,
      epoch: running.epoch + 1,
      lossSum: 0,
      lossCount: 0,
      bestDice: isBest ? (dice ?? 0) : running.bestDice,
    };
    const report: EpochReport = {
      step: running.step,
      epoch: running.epoch,
      loss,
      validationLoss,
      learningRate,
      foregroundDice: dice,
      dice: Object.fromEntries(metrics.labels.map(({ name, dice: { perVolume } }) => [name, perVolume.mean])),
      isBest,
    };
    await host.onEpoch(report);
    if (isBest) await host.saveBest(state(), exportBest());
    await host.saveLast(state());
  }

  return { state, measure, run };
}

/** Moves numbers by a share of their way back. */
function pullBack(numbers: Float32Array, towards: Float32Array, share: number): void {
  const part = Math.min(share, 1);
  for (let i = 0; i < numbers.length; i++) numbers[i]! += part * (towards[i]! - numbers[i]!);
}

function divergence(step: number, learningRate: number): HipError {
  return new HipError(
    "config",
    `Cannot go on: the loss of step ${step} is not finite at learning rate ${learningRate}`,
    {
      hint: "Start anew with --overwrite and a smaller schedule.learningRate, or a clipNorm above 0",
    },
  );
}

/** A part of the batch of step `step` (from 0). */
interface Place {
  readonly step: number;
  readonly part: BatchPart;
}

function drawChanges(config: FittedConfig, size: Size, { step, part: { at, count } }: Place): Tensors {
  const { augment, seed, unet } = config;
  const images = { batchSize: count, channels: unet.inChannels, ...size };
  const draws = drawAugmentation(augment, images, { seed, step, at });
  return Object.fromEntries(
    Object.entries(draws).map(([name, { shape, data }]) => [drawName(name), float32Tensor(data, shape)]),
  );
}

/** What the gradient of a part is fed besides the vectors. */
function batchFeeds({ config, stepModel, canvas }: LoopContext, batch: Batch, place: Place): Tensors {
  const { unet, seed } = config;
  const { outputSize } = stepModel;
  const { step, part } = place;
  const { at, count: n } = part;
  return {
    image: float32Tensor(batch.image, [n, unet.inChannels, canvas.input.height, canvas.input.width]),
    labels: { dtype: "uint8", shape: [n, outputSize.height, outputSize.width], data: batch.labels },
    ...drawChanges(config, canvas.input, place),
    ...drawDropoutMasks(stepModel.dropouts, { seed, step, at }),
  };
}
