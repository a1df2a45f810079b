/** The training configuration: every value, its meaning and its limits. The same object is written to config.json. */
import { z } from "zod";
import { type AugmentConfig, noAugmentation } from "../augment/config.ts";
import { HipError } from "../core/errors.ts";
import type { OptimizerConfig } from "../optimizer/optimizer.ts";
import type { ScheduleConfig } from "../optimizer/schedule.ts";
import type { UnetConfig } from "../unet/config.ts";
import { PRESET_NAMES } from "../unet/presets.ts";
import { parseAxisCodes, planeOf } from "../volume/orient.ts";
import { closestWord } from "./suggest.ts";

const count = z.number().int().min(1);
const share = z.number().min(0).max(1);
const rate = z.number().min(0).lt(1);

const unetSchema = z.strictObject({
  levels: count.max(7).nullable().describe("null: planned from the size of the slices"),
  baseWidth: count.max(1024).nullable().describe("null: planned from the time given, within memoryMb"),
  maxWidth: count.max(4096),
  inChannels: count.max(9).describe("1 + 2 * input.neighbours; follows it where left at 1"),
  classes: z.number().int().min(2).max(255).nullable().describe("null: as many as the data set has labels"),
  padding: z.enum(["same", "valid"]),
  block: z
    .array(z.enum(["conv", "norm", "activation", "dropout"]))
    .min(1)
    .readonly(),
  blockKind: z.enum(["plain", "residual"]).default("plain"),
  attention: z.boolean().default(false),
  normalisation: z.enum(["none", "instance", "batch"]),
  negativeSlope: z.number().min(0).lt(1),
  dropout: rate,
  bottleneckDropout: rate,
  upChannels: z.enum(["halve", "keep"]),
  concat: z.enum(["skip-first", "up-first"]),
  headKernel: z.union([z.literal(1), z.literal(3)]),
  deepSupervision: z
    .number()
    .int()
    .min(0)
    .max(6)
    .default(0)
    .describe("levels below the finest that are judged too while training"),
  initialisation: z.enum(["he", "pytorch"]),
});

const factor = z.number().positive();
const factors = { probability: share, low: factor, high: factor };
const augmentSchema = z.strictObject({
  strength: share
    .nullable()
    .describe("a factor on every probability below; null: planned from how often each slice will be seen"),
  rotation: z.strictObject({ probability: share, degrees: z.number().min(0).max(180) }),
  scale: z.strictObject(factors),
  shift: z.strictObject({ probability: share, share: share }),
  elastic: z.strictObject({ probability: share, pixels: z.number().min(0) }),
  mirror: z
    .strictObject({ width: z.boolean(), height: z.boolean() })
    .nullable()
    .describe("null: planned; axes along which every second image is mirrored"),
  brightness: z.strictObject(factors),
  contrast: z.strictObject(factors),
  gamma: z.strictObject({ ...factors, negativeProbability: share }),
  noise: z.strictObject({ probability: share, deviation: z.number().min(0) }),
  blur: z.strictObject({ probability: share, low: z.number().min(0), high: z.number().min(0) }),
  lowResolution: z.strictObject({ probability: share, low: share.gt(0) }),
  bias: z.strictObject({ probability: share, strength: z.number().min(0) }),
});

export const configSchema = z.strictObject({
  preset: z.enum(PRESET_NAMES),
  seed: z.number().int().min(0),
  unet: unetSchema,
  input: z.strictObject({
    mode: z.enum(["pad", "resize"]),
    normalise: z.enum(["zscore", "none"]),
    size: z
      .strictObject({ width: count.max(4096), height: count.max(4096) })
      .nullable()
      .describe("null: the largest training slice (at most 512), or patches where labels fill little of it"),
    plane: z
      .enum(["auto", "axial", "coronal", "sagittal"])
      .default("auto")
      .describe("slices of volumes; auto: across the coarsest axis of most volumes"),
    orientation: z
      .string()
      .nullable()
      .default(null)
      .describe("which way width, height and depth of slices run, e.g. LSP; null: follows plane and data"),
    spacingMm: z
      .union([
        z.literal("file"),
        z.strictObject({ width: z.number().positive(), height: z.number().positive() }),
      ])
      .nullable()
      .default("file")
      .describe(
        'pixel size that slices are resampled to; null: the median of the training slices; "file": never',
      ),
    neighbours: z
      .number()
      .int()
      .min(0)
      .max(4)
      .nullable()
      .default(0)
      .describe("null: planned; slices on either side that the network sees as further channels (2.5D)"),
  }),
  augment: augmentSchema.default(noAugmentation),
  loss: z.strictObject({
    crossEntropy: z.number().min(0),
    dice: z.number().min(0),
    labelSmoothing: rate
      .default(0)
      .describe("share of a pixel's certainty that cross-entropy spreads over all labels"),
  }),
  optimizer: z.strictObject({
    kind: z.enum(["sgd", "adam", "adamw"]),
    momentum: rate,
    nesterov: z.boolean(),
    beta1: rate,
    beta2: rate,
    epsilon: z.number().positive(),
    weightDecay: z.number().min(0),
  }),
  schedule: z.strictObject({
    kind: z.enum(["constant", "poly", "cosine"]),
    learningRate: z
      .number()
      .positive()
      .nullable()
      .describe("of the first step after the warm-up; null: planned from the size of a batch"),
    warmupSteps: z.number().int().min(0),
    power: z.number().positive(),
  }),
  inference: z
    .strictObject({
      mirror: z.boolean().describe("average over mirrored copies, along the axes that training mirrored"),
    })
    .default({ mirror: false }),
  averageDecay: rate
    .default(0)
    .describe(
      "of the moving average of the weights, which is what is judged and kept; 0: the weights themselves",
    ),
  keep: z
    .enum(["best", "last"])
    .default("best")
    .describe(
      "which weights become model.onnx: the best on validation patients, or the last, which have not chosen themselves",
    ),
  clipNorm: z.number().min(0).describe("largest L2 norm of the gradient; 0: no clipping"),
  batchSize: count
    .max(1024)
    .nullable()
    .describe("null: planned from the size of the slices, within memoryMb"),
  microBatch: count
    .max(1024)
    .nullable()
    .default(null)
    .describe(
      "images that the gradient is taken of at once: less takes less memory, and soft Dice and batch norm are then taken over so many; null: the batch, or a rank's share of it",
    ),
  epochs: count.nullable(),
  minutes: z.number().positive().nullable().describe("turned into `steps` once, at the start"),
  steps: count.nullable().describe("null: found from epochs or minutes"),
  stepsPerEpoch: count
    .nullable()
    .describe("null: one pass over the training slices, at least 25 steps with minutes"),
  shuffle: z.boolean(),
  oversample: share
    .nullable()
    .describe(
      "share of each batch drawn from slices that hold a foreground label drawn at random; null: planned from how many slices hold the rarest label",
    ),
  finetune: z
    .strictObject({
      from: z.string().nullable().describe("a model.onnx whose weights are the start; null: random weights"),
      frozen: z.enum(["none", "encoder"]).describe("what keeps the weights that it came with"),
    })
    .default({ from: null, frozen: "none" }),
  memoryMb: z
    .number()
    .min(512)
    .default(6000)
    .describe("of the training step, beside cached cases: batch and width are planned within it"),
  checkpointSeconds: z.number().positive(),
  threads: count.max(256),
  split: z.strictObject({
    validateFraction: share.gt(0),
    testFraction: share.lt(1),
    seed: z
      .number()
      .int()
      .min(0)
      .nullable()
      .default(null)
      .describe("draws the patients of each split; null: the run's"),
    trainPatients: count
      .nullable()
      .default(null)
      .describe("learn from so many patients only, drawn by the seed; null: all that are not held out"),
    folds: count
      .min(2)
      .nullable()
      .default(null)
      .describe("share the patients whom testFraction leaves out into so many folds"),
    fold: z.number().int().min(0).nullable().default(null).describe("the fold that validates, from 0"),
  }),
  licence: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .nullable()
    .default(null)
    .describe("of the training data, for the model card; null: as dataset.json states it"),
});

/** As a user may leave it: nothing found from the data or the clock yet. */
export type TrainConfig = z.infer<typeof configSchema>;

/** With the values that follow from the data. */
export type FittedConfig = Omit<
  TrainConfig,
  "unet" | "input" | "batchSize" | "oversample" | "augment" | "schedule"
> & {
  readonly unet: UnetConfig;
  readonly batchSize: number;
  readonly oversample: number;
  readonly augment: AugmentConfig;
  readonly schedule: ScheduleConfig;
  readonly input: TrainConfig["input"] & {
    readonly size: { readonly width: number; readonly height: number };
    readonly neighbours: number;
    readonly spacingMm: "file" | { readonly width: number; readonly height: number };
  };
};

export function optimizerOf({ optimizer }: Pick<TrainConfig, "optimizer">): OptimizerConfig {
  const { kind, momentum, nesterov, beta1, beta2, epsilon, weightDecay } = optimizer;
  if (kind === "sgd") return { kind, momentum, nesterov, weightDecay };
  return { kind, beta1, beta2, epsilon, weightDecay };
}

/** Keys that a schema has at a path, to suggest from. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = configSchema;
  for (const key of path) {
    while (schema instanceof z.ZodNullable) schema = schema.unwrap();
    if (!(schema instanceof z.ZodObject)) return [];
    schema = schema.shape[key as string];
  }
  while (schema instanceof z.ZodNullable) schema = schema.unwrap();
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = [...issue.path, key].join(".");
      const known = keysAt(issue.path);
      const near = closestWord(key, known);
      return near === undefined
        ? `${path}: unknown; known here: ${known.join(", ")}`
        : `${path}: unknown, did you mean "${[...issue.path, near].join(".")}"?`;
    });
  }
  return [`${issue.path.join(".") || "(whole)"}: ${issue.message}`];
}

/**
 * Checks a configuration.
 * @param name the file or flag it came from.
 * @throws HipError "config" listing every problem with its path.
 */
export function parseConfig(value: unknown, name: string): TrainConfig {
  const parsed = configSchema.safeParse(value);
  const problems = parsed.success ? contradictions(parsed.data) : parsed.error.issues.flatMap(describeIssue);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new HipError(
    "config",
    `Cannot use ${name}: ${problems.length} problem${problems.length === 1 ? "" : "s"}`,
    {
      problems,
      hint: "Mend all of them and run again; config.json of any run shows every key with a working value",
    },
  );
}

/** What the schema cannot say: values that do not go together. */
function contradictions(config: TrainConfig): string[] {
  const problems: string[] = [];
  if (config.loss.crossEntropy + config.loss.dice === 0)
    problems.push("loss: one of crossEntropy and dice must be above 0");
  if (config.optimizer.nesterov && config.optimizer.momentum === 0) {
    problems.push("optimizer.nesterov: needs a momentum above 0");
  }
  if (config.split.validateFraction + config.split.testFraction >= 1) {
    problems.push("split: validateFraction and testFraction must leave patients to train on");
  }
  if (config.epochs !== null && config.minutes !== null)
    problems.push("epochs: give epochs or minutes, not both");
  const { orientation, plane } = config.input;
  const codes = orientation === null ? undefined : parseAxisCodes(orientation);
  if (orientation !== null && codes === undefined) {
    problems.push(`input.orientation: must be one of the 48 orientations such as LSP, got "${orientation}"`);
  }
  if (codes !== undefined && plane !== "auto" && planeOf(codes) !== plane) {
    problems.push(`input.orientation: ${codes} is ${planeOf(codes)}, but input.plane is ${plane}`);
  }
  for (const name of ["scale", "brightness", "contrast", "gamma", "blur"] as const) {
    const { low, high } = config.augment[name];
    if (low > high) problems.push(`augment.${name}: low must not be above high, got ${low} and ${high}`);
  }
  const { deepSupervision, levels } = config.unet;
  if (deepSupervision > 0 && config.unet.padding === "valid") {
    problems.push("unet.deepSupervision: needs padding same");
  }
  if (levels !== null && deepSupervision > 0 && deepSupervision >= levels) {
    problems.push(`unet.deepSupervision: must be below unet.levels, ${levels}`);
  }
  if (config.finetune.frozen !== "none" && config.finetune.from === null) {
    problems.push("finetune.frozen: needs finetune.from, or random weights would stay as they are");
  }
  const { batchSize, microBatch } = config;
  if (batchSize !== null && microBatch !== null && batchSize % Math.min(microBatch, batchSize) !== 0) {
    problems.push(`microBatch: must divide batchSize, got ${microBatch} and ${batchSize}`);
  }
  const { folds, fold } = config.split;
  if ((folds === null) !== (fold === null) || (folds !== null && fold !== null && fold >= folds)) {
    problems.push(`split.fold: must be given with split.folds and lie below it, got ${fold} of ${folds}`);
  }
  const channels = 1 + 2 * (config.input.neighbours ?? 0);
  if (
    config.input.neighbours !== null &&
    config.unet.inChannels !== 1 &&
    config.unet.inChannels !== channels
  ) {
    problems.push(
      `unet.inChannels: must be 1 + 2 * input.neighbours = ${channels}, got ${config.unet.inChannels}; leave it out`,
    );
  }
  if (config.input.mode === "resize" && config.input.size === null)
    problems.push("input.size: needed with mode resize");
  return problems;
}
