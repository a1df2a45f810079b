/** Cards of tiny models, for tests that need one. */
import { type ModelCard, PLAIN_INPUT } from "../../src/predict/card.ts";
import type { UnetConfig } from "../../src/unet/config.ts";
import { presets } from "../../src/unet/presets.ts";
import { HIPMRI_LABELS } from "../../src/volume/volume.ts";

export const TINY_UNET: UnetConfig = { ...presets.seed, levels: 1, baseWidth: 2, maxWidth: 4 };

export function makeCard(changes: Partial<ModelCard> = {}): ModelCard {
  return {
    format: 1,
    version: "0.1.0",
    preset: "seed",
    unet: TINY_UNET,
    labels: HIPMRI_LABELS,
    input: {
      mode: "pad",
      normalise: "zscore",
      over: "slice",
      canvas: { width: 12, height: 10 },
      ...PLAIN_INPUT,
    },
    trainedOn: "nothing",
    synthetic: false,
    seed: 3,
    steps: 7,
    patients: { train: 1, validate: 1, test: 1 },
    validation: { foregroundMeanDice: null, convention: "none" },
    intendedUse: "Tests only",
    ...changes,
  };
}
