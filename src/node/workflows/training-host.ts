/** What the training loop's reports become: progress, log lines, TensorBoard events, checkpoints. */
import { concatenate } from "../../core/bytes.ts";
import { formatDuration } from "../../core/duration.ts";
import { scalarRecord } from "../../train/events.ts";
import type { StepPlan, TrainingHost } from "../../train/types.ts";
import type { LiveRun } from "../live-run.ts";
import { makeProgress } from "../progress.ts";
import type { RunFolder } from "../run-folder.ts";
import type { EpochSamples } from "./epoch-samples.ts";
import type { TrainRunOptions } from "./train-options.ts";

export interface NodeTrainingHost extends TrainingHost {
  stop(): void;
}

/** Significant digits of logged figures: enough to compare runs, short enough to read. */
const round = (value: number): number => Number(value.toPrecision(7));

export function makeTrainingHost(context: {
  readonly run: RunFolder;
  readonly options: TrainRunOptions;
  readonly plan: StepPlan;
  readonly done: number;
  readonly samples: EpochSamples;
  readonly live: LiveRun;
}): NodeTrainingHost {
  const { run, options, plan, done, samples, live } = context;
  const progress = makeProgress(options.stderr, {
    total: plan.steps,
    label: "Training",
    start: done,
    isQuiet: options.quiet ?? false,
  });
  const started = performance.now();
  let stepStarted = started;
  let savedAt = started;
  let dice: number | undefined;
  const seconds = (since: number): number => round((performance.now() - since) / 1000);
  const scalars = (step: number, values: Readonly<Record<string, number | null>>): Promise<void> => {
    const wallTimeSeconds = Date.now() / 1000;
    const records = Object.entries(values).flatMap(([tag, value]) =>
      value === null ? [] : [scalarRecord({ tag, value, step, wallTimeSeconds })],
    );
    return run.appendEvents(concatenate(records));
  };

  let isTold = false;
  function isStopping(): boolean {
    if (options.signal.aborted) return true;
    if (!live.isStopAsked()) return false;
    if (!isTold) options.stderr.write("\nAsked to stop: stopping as soon as the work is saved\n");
    isTold = true;
    return true;
  }

  return {
    async onStep({ step, epoch, loss, learningRate, gradientNorm }) {
      const entry = {
        kind: "step",
        step,
        epoch: epoch + 1,
        loss,
        lr: round(learningRate),
        gradientNorm: round(gradientNorm),
      };
      await run.appendLog({ ...entry, seconds: seconds(stepStarted) });
      await scalars(step, { "train/loss": loss, "train/learning_rate": learningRate });
      stepStarted = performance.now();
      progress.update(step, { loss, epoch: epoch + 1, dice });
    },
    async onEpoch(report) {
      dice = report.foregroundDice ?? undefined;
      const sheet = samples.draw(report.step >= plan.steps);
      // Before its line: whoever reads that finds the picture.
      if (sheet !== undefined) await run.writeSample(report.epoch, sheet);
      const { learningRate, ...rest } = report;
      await run.appendLog({ kind: "epoch", ...rest, lr: round(learningRate), seconds: seconds(started) });
      await scalars(report.step, {
        "validate/loss": report.validationLoss,
        "validate/dice": report.foregroundDice,
        ...Object.fromEntries(
          Object.entries(report.dice).map(([name, value]) => [`validate/dice/${name}`, value]),
        ),
      });
      const labels = Object.entries(report.dice).map(
        ([name, value]) => `${name} ${value?.toFixed(3) ?? "-"}`,
      );
      progress.line(
        `epoch ${report.epoch}  loss ${report.loss.toFixed(4)}  validation ${report.validationLoss.toFixed(4)}  ` +
          `Dice ${report.foregroundDice?.toFixed(4) ?? "-"} (${labels.join(", ")})${report.isBest ? "  best" : ""}  ${formatDuration(seconds(started))}`,
      );
      stepStarted = performance.now();
    },
    isCheckpointDue: () => performance.now() - savedAt >= options.config.checkpointSeconds * 1000,
    onCase: samples.add,
    isStopping,
    async saveLast(state) {
      await run.checkpoints.save("last", state);
      savedAt = performance.now();
      stepStarted = savedAt;
    },
    async saveBest(state, model) {
      await run.checkpoints.save("best", state);
      await run.writeModel(model);
    },
    stop: () => progress.stop(),
  };
}
