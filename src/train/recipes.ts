/** The default configuration of each preset, and how a user's values are laid over it. */
import { noAugmentation, standardAugmentation } from "../augment/config.ts";
import type { PresetName } from "../unet/presets.ts";
import { presets } from "../unet/presets.ts";
import { parseConfig, type TrainConfig } from "./config.ts";

/** The default: cross-entropy and soft Dice, AdamW with warm-up and poly decay. */
const base: TrainConfig = {
  preset: "pelvis",
  seed: 0,
  unet: {
    ...presets.pelvis,
    block: [...presets.pelvis.block],
    levels: null,
    baseWidth: null,
    inChannels: 1,
    classes: null,
  },
  input: {
    mode: "pad",
    normalise: "zscore",
    size: null,
    plane: "auto",
    orientation: null,
    spacingMm: null,
    neighbours: null,
  },
  augment: { ...standardAugmentation, strength: null, mirror: null },
  loss: { crossEntropy: 1, dice: 1, labelSmoothing: 0 },
  optimizer: {
    kind: "adamw",
    momentum: 0,
    nesterov: false,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.1,
  },
  schedule: { kind: "poly", learningRate: null, warmupSteps: 20, power: 0.9 },
  inference: { mirror: true },
  averageDecay: 0.99,
  keep: "best",
  clipNorm: 12,
  batchSize: null,
  microBatch: null,
  epochs: null,
  minutes: null,
  steps: null,
  stepsPerEpoch: null,
  shuffle: true,
  oversample: null,
  finetune: { from: null, frozen: "none" },
  memoryMb: 6000,
  checkpointSeconds: 30,
  threads: 2,
  split: {
    validateFraction: 0.15,
    testFraction: 0.15,
    seed: null,
    trainPatients: null,
    folds: null,
    fold: null,
  },
  licence: null,
};

/** What the presets of other people's networks were trained without. */
const bare = {
  augment: noAugmentation,
  inference: { mirror: false },
  averageDecay: 0,
  batchSize: 8,
  input: { neighbours: 0 },
};

/** What a preset trains with where it differs from the default. */
const differences: { readonly [K in PresetName]: DeepPartial<TrainConfig> } = {
  pelvis: {},
  // The seed's network, input size and loss; how it was trained is in examples/seed-recipe.yaml.
  seed: {
    ...bare,
    input: { mode: "resize", size: { width: 256, height: 256 }, neighbours: 0 },
    loss: { crossEntropy: 1, dice: 0 },
    optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 },
    schedule: { kind: "poly", learningRate: 0.02 },
    clipNorm: 1,
    batchSize: 4,
    // Cross-entropy without norms is the same image by image, in under half the memory.
    microBatch: 1,
    oversample: 0,
  },
  // Section 3 of the paper: a batch of one image and momentum 0.99.
  ronneberger: {
    ...bare,
    loss: { crossEntropy: 1, dice: 0 },
    optimizer: { kind: "sgd", momentum: 0.99, weightDecay: 0 },
    schedule: { learningRate: 0.001 },
    clipNorm: 1,
    batchSize: 1,
  },
  sakboonyara: { ...bare, optimizer: { kind: "adam", weightDecay: 0 }, schedule: { learningRate: 1e-3 } },
  ptrblck: {
    ...bare,
    loss: { crossEntropy: 1, dice: 0 },
    optimizer: { kind: "adam", weightDecay: 0 },
    schedule: { kind: "constant", learningRate: 1e-3, warmupSteps: 0 },
  },
  kaggle: { ...bare, optimizer: { kind: "adam", weightDecay: 0 }, schedule: { learningRate: 1e-3 } },
};

export type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `over` laid over `under`, object by object; lists and scalars are replaced whole. */
export function mergeConfig(under: unknown, over: unknown): unknown {
  if (!isRecord(under) || !isRecord(over)) return over;
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    merged.set(key, merged.has(key) ? mergeConfig(merged.get(key), value) : value);
  }
  return Object.fromEntries(merged);
}

/** The full configuration of a preset with nothing from a user. */
export function presetConfig(preset: PresetName): TrainConfig {
  // Of the networks of others nothing is left open.
  const unet =
    preset === "pelvis" ? {} : { ...presets[preset], block: [...presets[preset].block], classes: null };
  return mergeConfig(mergeConfig(base, { preset, unet }), differences[preset]) as TrainConfig;
}

/**
 * A user's values over the preset that they name (or the default preset).
 * @throws HipError "config" listing every problem.
 */
export function resolveConfig(user: unknown, name: string): TrainConfig {
  const wanted = isRecord(user) ? user.preset : undefined;
  const isKnown = typeof wanted === "string" && Object.hasOwn(presets, wanted);
  const preset = isKnown ? (wanted as PresetName) : "pelvis";
  return parseConfig(mergeConfig(presetConfig(preset), user ?? {}), name);
}
