/** What learning from corrected cases is given, what it tells while it works, and what comes of it. */
import type { DecodedCase } from "../dataset/types.ts";
import type { ModelCard } from "../predict/card.ts";
import type { Runtime } from "../runtime/runtime.ts";

/**
 * A scan with the mask that somebody corrected, as slices turned the way the model's card has them. 255 in the mask
 * means "no truth here": what nobody looked at is neither learnt nor judged.
 */
export interface CorrectedCase
  extends Pick<DecodedCase, "width" | "height" | "depth" | "spacingMm" | "hasSpacing" | "image" | "mask"> {
  /** Differs from case to case. */
  readonly name: string;
  /** Scans of one patient are never on both sides, where there are others. */
  readonly patient: string;
}

export interface LearnOptions {
  readonly seed: number;
  /** Default: 80, or what `minutes` give. */
  readonly steps?: number | undefined;
  /** Turned into steps once, by a measured step. */
  readonly minutes?: number | undefined;
  /** Of the first step after the warm-up; default: by the size of a batch. */
  readonly learningRate?: number | undefined;
  /** What keeps its weights; default: nothing. */
  readonly frozen?: "none" | "encoder" | undefined;
  /** How strongly the network is held to its old weights; default: as tried (docs/learning.md). */
  readonly anchorStrength?: number | undefined;
  /** Slices in a batch; default: what fits `memoryMb`, four at most. */
  readonly batchSize?: number | undefined;
  /** Of a training step; default: 2000, of the 4000 that WASM has. */
  readonly memoryMb?: number | undefined;
}

export interface LearnStep {
  /** Steps done, this one included. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly learningRate: number;
}

export interface LearnEpoch {
  /** Done, this one included. */
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
  /** Mean over the epoch's steps, of augmented slices. */
  readonly loss: number;
  /** Of what is held out. */
  readonly validationLoss: number;
  readonly foregroundDice: number | null;
  /** By label. */
  readonly dice: Readonly<Record<string, number | null>>;
}

export interface LearnWatcher {
  readonly onStep?: (report: LearnStep) => void;
  readonly onEpoch?: (report: LearnEpoch) => void;
  /** While true, no step is taken. */
  readonly isPaused?: () => boolean;
  /** True: no further step; what was learnt so far is judged. */
  readonly isStopping?: () => boolean;
  /** Aborted: the promise rejects and nothing is given. */
  readonly signal?: AbortSignal | undefined;
}

export interface LearnRequest {
  readonly runtime: Runtime;
  readonly model: { readonly bytes: Uint8Array; readonly name: string };
  readonly cases: readonly CorrectedCase[];
  readonly options: LearnOptions;
  readonly watcher?: LearnWatcher;
}

/**
 * What the judgement stands on: patients from whom nothing was learnt; where all scans are of one patient, other scans;
 * of a single scan, slices of it.
 */
export type HeldOutKind = "patients" | "scans" | "slices";

export interface HeldOut {
  readonly kind: HeldOutKind;
  /** Of the cases. */
  readonly names: readonly string[];
  /** One sentence for people: what the comparison is worth. */
  readonly note: string;
}

/** By the real inference path: hard Dice per scan, mean over foreground labels; null where neither mask has the label. */
export interface LearnFigures {
  readonly foregroundMean: number | null;
  readonly labels: readonly { readonly name: string; readonly dice: number | null }[];
}

export interface LearnResult {
  /** Whether the mean Dice of what was held out rose, and no label fell by more than 0.05. */
  readonly isBetter: boolean;
  /** One sentence: why it is kept or not. */
  readonly verdict: string;
  readonly before: LearnFigures;
  readonly after: LearnFigures;
  /** The new model where it is better, else the bytes that were given. */
  readonly bytes: Uint8Array;
  /** Of these bytes. */
  readonly card: ModelCard;
  readonly heldOut: HeldOut;
  /** Labels that no slice to learn from holds: nothing was learnt of them, neither that they are there nor that they are not. */
  readonly notLearnt: readonly string[];
  /** Names of the cases that were learnt from. */
  readonly learntFrom: readonly string[];
  /** Steps done. */
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
}
