/** How a few corrected cases are learnt: few steps, small ones, not far from the old weights. */
import { standardAugmentation } from "../augment/config.ts";
import { fitMemory } from "../plan/load.ts";
import { batchFor } from "../plan/size.ts";
import type { ModelCard } from "../predict/card.ts";
import { makeCanvas } from "../predict/fit.ts";
import type { FittedConfig } from "../train/config.ts";
import { presetConfig } from "../train/recipes.ts";
import { PRESET_NAMES } from "../unet/presets.ts";
import type { LearnOptions } from "./types.ts";

export const DEFAULT_STEPS = 80;
/** Validations on the way. */
export const EPOCHS = 4;
/** WASM steps are four times as long: small batches show progress. */
const MOST_BATCH = 4;
const MEMORY_MB = 2000;
/** That of training (plan/): steps are few, and the anchor holds. Of batches of eight, in proportion below. */
const LEARNING_RATE = 0.005;
const STEADY_BATCH = 8;
const WARM_UP_STEPS = 5;
/**
 * With steps of Adam's it keeps each weight within about 1 / strength of where it was. Tried on phantoms: without it
 * far more is forgotten of the old kind of scans, and 80 learns a contrast that is turned over more slowly
 * (docs/learning.md).
 */
export const ANCHOR_STRENGTH = 40;

/** Few slices are seen often: most of nnU-Net's changes. */
const STRENGTH = 0.5;

function batchSizeFor({ unet, input }: ModelCard, options: LearnOptions): number {
  const { input: size } = makeCanvas(unet, input.canvas);
  const batchSize = options.batchSize ?? null;
  const wished = batchSize ?? Math.min(batchFor(size), MOST_BATCH);
  const { levels, baseWidth } = unet;
  const stated = {
    size,
    levels,
    baseWidth,
    batchSize,
    learningRate: 0,
    oversample: 0,
    neighbours: 0,
    mirror: { width: false, height: false },
    strength: 0,
  };
  return fitMemory({ size, levels, baseWidth, batchSize: wished }, stated, options.memoryMb ?? MEMORY_MB)
    .batchSize;
}

/**
 * The configuration of a fine-tuning. A card does not tell how its model was trained; the loss is that of its preset.
 * @param steps as far as they are known yet
 */
export function learningConfig(card: ModelCard, options: LearnOptions, steps: number): FittedConfig {
  const preset = PRESET_NAMES.find((name) => name === card.preset) ?? "pelvis";
  const base = presetConfig(preset);
  const batchSize = batchSizeFor(card, options);
  const { input, unet, inference } = card;
  return {
    ...base,
    preset,
    seed: options.seed,
    // Heads of deep supervision are not in a model: they would begin at random.
    unet: { ...unet, deepSupervision: 0 },
    input: {
      ...base.input,
      mode: input.mode,
      normalise: input.normalise,
      size: input.canvas,
      orientation: input.orientation,
      spacingMm: input.spacingMm ?? "file",
      neighbours: input.neighbours,
    },
    augment: {
      ...standardAugmentation,
      strength: STRENGTH,
      // What is segmented mirrored must stay learnt mirrored.
      mirror: { width: inference.mirrored.includes("width"), height: inference.mirrored.includes("height") },
    },
    // Smoothing would teach labels of which nothing is to be learnt.
    loss: { ...base.loss, labelSmoothing: 0 },
    // Whatever the preset moves by; the anchor stands in for decay.
    optimizer: { ...presetConfig("pelvis").optimizer, weightDecay: 0 },
    schedule: {
      kind: "cosine",
      learningRate: options.learningRate ?? LEARNING_RATE * Math.min(1, batchSize / STEADY_BATCH),
      warmupSteps: Math.min(WARM_UP_STEPS, Math.floor(steps / 4)),
      power: 1,
    },
    averageDecay: 0.99,
    // What is held out only says yes or no: it does not choose among epochs.
    keep: "last",
    clipNorm: base.clipNorm,
    batchSize,
    oversample: 0.75,
    shuffle: true,
    finetune: { from: "model", frozen: options.frozen ?? "none" },
    epochs: null,
    minutes: null,
    steps,
    stepsPerEpoch: Math.ceil(steps / EPOCHS),
  };
}
