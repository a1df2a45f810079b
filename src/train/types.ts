/** What a training run is given, what it reports, and what its surroundings do for it. */
import type { CaseEntry, DecodedCase } from "../dataset/types.ts";
import type { InputFit, ModelCard } from "../predict/card.ts";
import type { Canvas } from "../predict/fit.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { NetworkSpec } from "../unet/network.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import type { Batch, BatchPart, SliceRef } from "./batches.ts";
import type { TrainingState } from "./checkpoint.ts";
import type { FittedConfig } from "./config.ts";
import type { Ranks } from "./ranks.ts";
import type { StepModel } from "./step.ts";
import type { Stepper } from "./stepper.ts";

export interface TrainingData {
  readonly labels: readonly LabelDefinition[];
  /** Every training slice, in file order. */
  readonly slices: readonly SliceRef[];
  /** Training slices that hold each foreground label; labels of no slice are left out. */
  readonly slicesByLabel: readonly (readonly SliceRef[])[];
  readonly validate: readonly CaseEntry[];
  readonly over: InputFit["over"];
  load(entry: CaseEntry): Promise<DecodedCase>;
}

export interface StepReport {
  /** Steps done, this one included. */
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
}

export interface EpochReport {
  readonly step: number;
  /** Epochs done, this one included. */
  readonly epoch: number;
  /** Mean over the epoch's steps. */
  readonly loss: number;
  readonly validationLoss: number;
  readonly learningRate: number;
  readonly foregroundDice: number | null;
  readonly dice: Readonly<Record<string, number | null>>;
  readonly isBest: boolean;
}

/**
 * What the surroundings do for the loop. Every promise is awaited, so nothing overtakes a checkpoint. Of several ranks
 * each has a host of its own; that of rank 0 alone writes.
 */
export interface TrainingHost {
  onStep(report: StepReport): Promise<void>;
  onEpoch(report: EpochReport): Promise<void>;
  /** Is shown each case that this rank validates, with its prediction; onEpoch() tells of the end. */
  onCase?(decoded: DecodedCase, prediction: Uint8Array): void;
  /** Whether the time since the last checkpoint asks for another. */
  isCheckpointDue(): boolean;
  /** Whether the user asked to stop; of several ranks, one that does stops all. */
  isStopping(): boolean;
  /** The state's vectors hold until the promise is fulfilled. */
  saveLast(state: TrainingState): Promise<void>;
  saveBest(state: TrainingState, model: Uint8Array): Promise<void>;
}

export interface Trainer {
  /** Its vectors are the trainer's own, which the next step moves: copy what is to last. */
  readonly state: TrainingState;
  readonly spec: NetworkSpec;
  readonly canvas: Canvas;
  /** How much of another model a fresh run started from. */
  readonly startedFrom: string | undefined;
  /** Milliseconds of one step and of one validation, measured before the first step; changes nothing. */
  measure(now: () => number): Promise<{ readonly stepMs: number; readonly validationMs: number }>;
  /** Runs to the last step, or until the host stops it. @returns whether all steps are done. */
  run(host: TrainingHost, plan: StepPlan): Promise<boolean>;
  dispose(): Promise<void>;
}

/** How long to train; stored in config.json, so that a resumed run obeys it. */
export interface StepPlan {
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

export interface TrainerOptions {
  readonly config: FittedConfig;
  readonly data: TrainingData;
  readonly runtime: Runtime;
  /** The card without what only training finds out. */
  readonly card: Omit<ModelCard, "validation" | "steps">;
  /** Further metadata_props of the exported model, beside the card. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Its vectors become the trainer's own. */
  readonly resume: TrainingState | undefined;
  /** A model whose weights a fresh run starts from, as config.finetune.from names it. */
  readonly from?: { readonly bytes: Uint8Array; readonly name: string } | undefined;
  /**
   * What holds a fine-tuned network to where it began: after each step the parameters go back by `strength` times the
   * learning rate of their way (L2-SP: Li, Grandvalet, Davoine, "Explicit inductive bias for transfer learning", 2018).
   * Of a fresh run; default: nothing.
   */
  readonly anchorStrength?: number;
  /**
   * Classes that no training slice holds and of which nothing is to be learnt, without label smoothing; default: none, so that
   * they are learnt to be absent.
   */
  readonly unseenClasses?: readonly number[];
  /** The processes that share every batch; default: this one alone. */
  readonly ranks?: Ranks | undefined;
}

/** A trainer's parts, as its loop sees them. */
export interface LoopContext extends TrainerOptions {
  readonly spec: NetworkSpec;
  readonly canvas: Canvas;
  readonly stepModel: StepModel;
  readonly stepper: Stepper;
  readonly ranks: Ranks;
  /** This rank's parts of every batch. */
  readonly parts: readonly BatchPart[];
  batchOf(step: number, part: BatchPart): Promise<Batch>;
}
