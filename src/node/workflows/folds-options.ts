/** What a cross-validation is asked for, and what it says at its end. */
import { join } from "node:path";
import type { Metrics } from "../../metrics/types.ts";
import type { ShardDone, ShardRequest } from "../shard-store.ts";
import type { TrainRunOptions } from "./train-options.ts";

export interface TrainFoldsOptions extends TrainRunOptions {
  readonly folds: number;
  /** Trains its share of the folds, and leaves OUT/shards/I-of-N.json for mergeFolds(). */
  readonly shard?: ShardRequest | undefined;
}

export interface DoneFold {
  readonly run: string;
  readonly foregroundDice: number | null;
}

export interface FoldsSummary {
  readonly finished: boolean;
  readonly folds: readonly DoneFold[];
  readonly seconds: number;
  /** Of every patient, by the network that did not learn from him or her. */
  readonly metrics: Metrics | undefined;
  /** Of the patients whom no fold saw, by the ensemble; where that was asked for. */
  readonly test: Metrics | undefined;
  readonly files: readonly string[];
  readonly run: string;
  /** Where only a share of the folds was asked for: then nothing is joined yet. */
  readonly shard?: ShardDone;
}

/** The name of a fold's run folder; folds are counted from 0, as nnU-Net counts them. */
export const foldName = (fold: number): string => `fold_${fold}`;
export const foldFolder = (out: string, fold: number): string => join(out, foldName(fold));
