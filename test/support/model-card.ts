/** Cards of tiny models, for tests that need one. */
import { type ModelCard, PLAIN_INFERENCE, PLAIN_INPUT } from "../../src/predict/card.ts";
import { type CardParts, NO_CARD_PARTS } from "../../src/predict/card-parts.ts";
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
    inference: PLAIN_INFERENCE,
    trainedOn: "nothing",
    synthetic: false,
    seed: 3,
    steps: 7,
    patients: { train: 1, validate: 1, test: 1 },
    validation: { foregroundMeanDice: null, convention: "none" },
    intendedUse: "Tests only",
    ...NO_CARD_PARTS,
    ...changes,
  };
}

/** What a finished run says of itself: three training patients, of whom one has a second scan; no prostate found. */
export const FULL_PARTS: CardParts = {
  data: {
    digest: `sha256:${"0123456789abcdef".repeat(4)}`,
    cases: {
      train: ["0000000000000001", "0000000000000002", "0000000000000003", "0000000000000004"],
      validate: ["00000000000000aa"],
      test: ["00000000000000bb"],
    },
    trainingSlices: 40,
    spacingMm: { min: [1.5, 1.25, 3], max: [1.5, 1.25, 6] },
  },
  metrics: [
    {
      split: "validate",
      patients: 2,
      volumes: 3,
      convention: "Dice as it should be",
      foregroundMeanDice: 0.75,
      ci95: [0.7, 0.8],
      labels: [
        {
          name: "body",
          dicePerVolume: 0.9,
          ci95DicePerVolume: [0.85, 0.95],
          ci95DicePerPatient: [0.8, 1],
          hd95Mm: 4.25,
          missed: 0,
          falseAlarms: 1,
        },
        {
          name: "prostate",
          dicePerVolume: null,
          ci95DicePerVolume: null,
          ci95DicePerPatient: null,
          hd95Mm: null,
          missed: 3,
          falseAlarms: 0,
        },
      ],
    },
  ],
  limits: ["Sees one slice at a time"],
  licence: "CC BY 4.0",
  testSeen: { during: "never", note: "The test patients were not looked at before the model was final" },
};
