/** What planning goes by, and what it gives. */
import type { AxisCodes } from "../volume/orient.ts";
import type { LabelDefinition } from "../volume/volume.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface DataFingerprint {
  /** Extents in pixels that hold every training slice, at the network's pixel size. */
  readonly size: Size;
  /** Extents that hold the labels of nearly all slices that have any; undefined where no slice has. */
  readonly foreground: Size | undefined;
  /** Median distance of slices over the larger side of a pixel; undefined where files do not say it. */
  readonly sliceRatio: number | undefined;
  /** What one image file is. */
  readonly unit: "slice" | "volume";
  /** Training slices. */
  readonly slices: number;
  readonly labels: readonly LabelDefinition[];
  /** Share of the training slices that hold the label that the fewest hold; 1 where there is no label. */
  readonly rarestShare: number;
  /** By axis two labels of which one lies always on the same side of the other, where there are such. */
  readonly sided: { readonly [K in keyof Size]: readonly [number, number] | undefined };
  /** Which way width, height and depth run; undefined where nothing says it. */
  readonly orientation: AxisCodes | undefined;
}

/** What a user may leave open. */
export interface PlannedValues {
  /** Of what the network is given: whole slices, or patches of larger ones. */
  readonly size: Size;
  readonly levels: number;
  readonly baseWidth: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Share of each batch that is drawn for a label. */
  readonly oversample: number;
  readonly neighbours: number;
  readonly mirror: { readonly width: boolean; readonly height: boolean };
  /** Of augmentation, 0 to 1. */
  readonly strength: number;
}

/** How long the training will be (steps where they are stated, else minutes, else epochs) and what it may take. */
export interface GivenMeans {
  readonly minutes?: number | undefined;
  readonly epochs: number;
  readonly steps?: number | undefined;
  /** Whether a model's weights are the start. Default: no. */
  readonly isFineTuning?: boolean;
  /** Default: no bound. */
  readonly memoryMb?: number | undefined;
}

export type Wishes = { readonly [K in keyof PlannedValues]: PlannedValues[K] | null };
