/** The model's card: what a model.onnx has to say of itself so that any tool can apply it rightly. */
import { z } from "zod";
import { HipError } from "../core/errors.ts";
import { readModelMetadata } from "../onnx/model.ts";
import type { UnetConfig } from "../unet/config.ts";
import { type AxisCodes, parseAxisCodes } from "../volume/orient.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { type CardParts, cardPartsShape } from "./card-parts.ts";

const CARD_KEY = "hipmri";

/** How an image is brought to the network. */
export interface InputFit {
  /** "pad": centred on the canvas, never stretched; "resize": stretched to the canvas (the seed project's way). */
  readonly mode: "pad" | "resize";
  /** "zscore": mean 0 and standard deviation 1 over each image file. */
  readonly normalise: "zscore" | "none";
  /** What one image file is: its own slice (keras_slices) or a whole volume (msd). */
  readonly over: "slice" | "volume";
  /** The size of the result in training: larger images are tiled by it. */
  readonly canvas: { readonly width: number; readonly height: number };
  /**
   * Which way width, height and depth of the training slices ran, e.g. "LSP" (coronal): volumes are brought to it.
   * null where nothing said it: such a model takes 2D images only.
   */
  readonly orientation: AxisCodes | null;
  /** The training slices' pixel size, to which others are resampled; null: slices are taken as they come. */
  readonly spacingMm: { readonly width: number; readonly height: number } | null;
  /** Slices on either side that are given as further channels, from the lowest to the highest. */
  readonly neighbours: number;
}

/** What model.onnx does beyond one pass of one network; whoever runs it need not know. */
export interface InferenceFacts {
  /** Axes along which mirrored copies of the image are segmented too; their scores are averaged. */
  readonly mirrored: readonly ("width" | "height")[];
  /** Networks whose probabilities are averaged. */
  readonly networks: number;
  /** What scores were divided by, so that probabilities are what they say on validation patients; null: not looked for. */
  readonly temperature: number | null;
  /** "int8": images and weights of the network are rounded to 8-bit integers. */
  readonly precision: "float32" | "int8";
  /** Labels of which, in volumes, only the largest connected component is kept: this is done after the network. */
  readonly keepLargest: readonly number[];
}

export interface ModelCard extends CardParts {
  readonly format: 1;
  readonly version: string;
  readonly preset: string;
  readonly unet: UnetConfig;
  /** In the order of the network's channels. */
  readonly labels: readonly LabelDefinition[];
  readonly input: InputFit;
  readonly inference: InferenceFacts;
  /** What it was trained on, in words, and whether that is synthetic. */
  readonly trainedOn: string;
  readonly synthetic: boolean;
  readonly seed: number;
  readonly steps: number;
  /** Patients by split. */
  readonly patients: { readonly train: number; readonly validate: number; readonly test: number };
  /** As found while training, when the weights were kept; `metrics` has more. */
  readonly validation: { readonly foregroundMeanDice: number | null; readonly convention: string };
  readonly intendedUse: string;
}

/** One pass of one network. */
export const PLAIN_INFERENCE = {
  mirrored: [] as ("width" | "height")[],
  networks: 1,
  temperature: null,
  precision: "float32",
  keepLargest: [] as number[],
} satisfies InferenceFacts;

const extent = z.number().int().positive();
const cardSchema = z.object({
  format: z.literal(1),
  version: z.string(),
  preset: z.string(),
  unet: z.object({
    levels: extent,
    baseWidth: extent,
    maxWidth: extent,
    inChannels: extent,
    classes: extent,
    padding: z.enum(["same", "valid"]),
    block: z.array(z.enum(["conv", "norm", "activation", "dropout"])),
    blockKind: z.enum(["plain", "residual"]).default("plain"),
    attention: z.boolean().default(false),
    normalisation: z.enum(["none", "instance", "batch"]),
    negativeSlope: z.number(),
    dropout: z.number(),
    bottleneckDropout: z.number(),
    upChannels: z.enum(["halve", "keep"]),
    concat: z.enum(["skip-first", "up-first"]),
    headKernel: z.union([z.literal(1), z.literal(3)]),
    deepSupervision: z.number().int().min(0).default(0),
    initialisation: z.enum(["he", "pytorch"]),
  }),
  labels: z.array(z.object({ id: z.number().int().min(0).max(254), name: z.string() })).min(2),
  input: z.object({
    mode: z.enum(["pad", "resize"]),
    normalise: z.enum(["zscore", "none"]),
    over: z.enum(["slice", "volume"]),
    canvas: z.object({ width: extent, height: extent }),
    // Cards of version 0.1.0 have none of these.
    orientation: z
      .string()
      .nullable()
      .default(null)
      .transform((text, context): AxisCodes | null => {
        const codes = text === null ? null : parseAxisCodes(text);
        if (codes !== undefined) return codes;
        context.addIssue("must be one of the 48 orientations, such as LSP");
        return z.NEVER;
      }),
    spacingMm: z
      .object({ width: z.number().positive(), height: z.number().positive() })
      .nullable()
      .default(null),
    neighbours: z.number().int().min(0).max(4).default(0),
  }),
  inference: z
    .object({
      mirrored: z.array(z.enum(["width", "height"])),
      networks: extent,
      temperature: z.number().positive().nullable(),
      // Cards before version 0.4.0 have none.
      precision: z.enum(["float32", "int8"]).default("float32"),
      keepLargest: z.array(z.number().int()),
    })
    .default(PLAIN_INFERENCE),
  trainedOn: z.string(),
  synthetic: z.boolean(),
  seed: z.number().int(),
  steps: z.number().int(),
  patients: z.object({ train: z.number(), validate: z.number(), test: z.number() }),
  validation: z.object({ foregroundMeanDice: z.number().nullable(), convention: z.string() }),
  intendedUse: z.string(),
  ...cardPartsShape,
});

/** How much of a card the fit of an image needs; the rest has the values of single 2D slices. */
export const PLAIN_INPUT = { orientation: null, spacingMm: null, neighbours: 0 } as const;

/** The card as metadata_props of an ONNX model. */
export function cardMetadata(card: ModelCard): Readonly<Record<string, string>> {
  return { [CARD_KEY]: JSON.stringify(card) };
}

/** Bytes that are no ONNX model. */
export const notAModel = (name: string): HipError =>
  new HipError("bad-model", `Cannot read "${name}": expected an ONNX model, got something else`, {
    hint: "Give the model.onnx of a run folder; copy it again if it was cut short",
  });

/**
 * The card of a model.
 * @throws HipError "bad-model" when the bytes are no ONNX model or carry no card that this version reads.
 */
export function readModelCard(model: Uint8Array, name: string): ModelCard {
  const metadata = readModelMetadata(model);
  if (metadata === undefined) throw notAModel(name);
  return parseModelCard(metadata, name);
}

/**
 * The card among the metadata_props of a model.
 * @throws HipError "bad-model" when there is none that this version reads.
 */
export function parseModelCard(metadata: Readonly<Record<string, string>>, name: string): ModelCard {
  const text = metadata[CARD_KEY];
  if (text === undefined) {
    throw new HipError(
      "bad-model",
      `Cannot apply "${name}": the model carries no "${CARD_KEY}" card in its metadata`,
      {
        hint: "Only models written by hipmri train can be applied: their card says how images must be prepared",
      },
    );
  }
  const parsed = cardSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new HipError("bad-model", `Cannot apply "${name}": its card does not have the expected form`, {
      hint: "The model was written by another version of hipmri-unet: train again or use that version",
      problems: parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`),
    });
  }
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
