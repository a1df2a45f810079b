/** What a training run is asked for, and what it says at its end. */
import type { LayoutName } from "../../dataset/types.ts";
import type { Metrics } from "../../metrics/types.ts";
import type { TrainConfig } from "../../train/config.ts";
import type { Ranks } from "../../train/ranks.ts";
import type { DeviceName } from "../device-names.ts";
import type { MeasureSteps } from "./run-plan.ts";

export interface TrainRunOptions {
  readonly data: string;
  /** How the data folder is laid out; by default that is found. */
  readonly layout?: LayoutName | undefined;
  readonly out: string;
  /** Where steps are taken; default cpu. Another device rounds otherwise. */
  readonly device?: DeviceName | undefined;
  readonly config: TrainConfig;
  readonly resume: boolean;
  readonly overwrite: boolean;
  /** Judge the best checkpoint once on the test split at the end. */
  readonly test: boolean;
  /** Where this run is one of several folds: how many, and whether their ensemble is tested. */
  readonly partOf?: { readonly count: number; readonly test: boolean } | undefined;
  /** Where this run is one of several that must have equal steps: gives what they share, or what `measure` finds now. */
  readonly measureSteps?: MeasureSteps | undefined;
  /** The processes that train together, all called alike; default: this one alone. */
  readonly ranks?: Ranks | undefined;
  /** What the user typed, for "how to reproduce". */
  readonly command: string;
  readonly stderr: NodeJS.WriteStream;
  readonly quiet?: boolean;
  /** Aborted: the step under way is finished and saved. */
  readonly signal: AbortSignal;
}

export interface TrainSummary {
  readonly finished: boolean;
  /** The run was complete before; nothing was done. */
  readonly alreadyFinished: boolean;
  readonly steps: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly bestEpoch: number;
  readonly foregroundDice: number | null;
  readonly metrics: Metrics | undefined;
  readonly test: Metrics | undefined;
  readonly files: readonly string[];
  readonly run: string;
}
