/**
 * What a model's card says for the people who use it: the data it learnt from, how good it was found, its limits.
 * Cards before version 0.3.0 lack all of it: every part has a value that says so.
 */
import { z } from "zod";

type Triple = readonly [width: number, height: number, depth: number];
/** 95 % interval; null where there are fewer than two patients. */
type CardInterval = readonly [low: number, high: number] | null;

/** The data, by content alone: no name and no id of a patient. */
export interface CardData {
  /** "sha256:…" over the images and masks of all splits, whatever their files are called. */
  readonly digest: string;
  /** The image of each case: the first 16 hexadecimal digits of the SHA-256 of its decoded voxels, sorted. */
  readonly cases: {
    readonly train: readonly string[];
    readonly validate: readonly string[];
    readonly test: readonly string[];
  };
  /** Slices that were learnt from. */
  readonly trainingSlices: number;
  /** Of the training cases, along width, height and depth; null where files do not state it. */
  readonly spacingMm: { readonly min: Triple; readonly max: Triple } | null;
}

/** How good the model was found on one split, by the rules that `convention` states. */
export interface CardMetrics {
  readonly split: "validate" | "test";
  readonly patients: number;
  readonly volumes: number;
  readonly convention: string;
  readonly foregroundMeanDice: number | null;
  readonly ci95: CardInterval;
  /** Foreground labels. */
  readonly labels: readonly {
    readonly name: string;
    /** Mean over the volumes where it is defined. */
    readonly dicePerVolume: number | null;
    readonly ci95DicePerVolume: CardInterval;
    /** Of the mean over patients, each by the mean of his or her volumes. */
    readonly ci95DicePerPatient: CardInterval;
    /** Mean over the volumes where it is finite. */
    readonly hd95Mm: number | null;
    /** Volumes whose truth has the label and whose prediction has not, and the other way round. */
    readonly missed: number;
    readonly falseAlarms: number;
  }[];
}

/** Whether the test patients were judged before the model was final: figures on them are then no longer a test. */
export interface TestSeen {
  readonly during: "never" | "training" | "selection" | "unknown";
  /** One sentence. */
  readonly note: string;
}

export interface CardParts {
  /** null: the model does not say. */
  readonly data: CardData | null;
  /** Measured at the end of training; empty before that. */
  readonly metrics: readonly CardMetrics[];
  /** Plain sentences on what the model cannot do or was not tested on. */
  readonly limits: readonly string[];
  /** Of the training data; null where nobody stated it. */
  readonly licence: string | null;
  readonly testSeen: TestSeen;
}

/** The parts of a card that has none of them. */
export const NO_CARD_PARTS: CardParts = {
  data: null,
  metrics: [],
  limits: [],
  licence: null,
  testSeen: { during: "unknown", note: "The model does not say whether its test patients were looked at" },
};

const hash = z.string().regex(/^[0-9a-f]{16}$/, "must be 16 hexadecimal digits");
const triple = z.tuple([z.number(), z.number(), z.number()]);
const interval = z.tuple([z.number(), z.number()]).nullable();
const wholeNumber = z.number().int().min(0);

const dataSchema = z.object({
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 hexadecimal digits'),
  cases: z.object({ train: z.array(hash), validate: z.array(hash), test: z.array(hash) }),
  trainingSlices: wholeNumber,
  spacingMm: z.object({ min: triple, max: triple }).nullable(),
});

const metricsSchema = z.object({
  split: z.enum(["validate", "test"]),
  patients: wholeNumber,
  volumes: wholeNumber,
  convention: z.string(),
  foregroundMeanDice: z.number().nullable(),
  ci95: interval,
  labels: z.array(
    z.object({
      name: z.string(),
      dicePerVolume: z.number().nullable(),
      ci95DicePerVolume: interval,
      ci95DicePerPatient: interval,
      hd95Mm: z.number().nullable(),
      missed: wholeNumber,
      falseAlarms: wholeNumber,
    }),
  ),
});

const testSeenSchema = z.object({
  during: z.enum(["never", "training", "selection", "unknown"]),
  note: z.string(),
});

/** To be spread into the schema of a card; what is left out becomes NO_CARD_PARTS. */
export const cardPartsShape = {
  data: dataSchema.nullable().default(null),
  metrics: z.array(metricsSchema).default([]),
  limits: z.array(z.string()).default([]),
  licence: z.string().nullable().default(null),
  testSeen: testSeenSchema.default(NO_CARD_PARTS.testSeen),
};
