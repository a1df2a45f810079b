import { describe, expect, test } from "vitest";
import { input, leakyRelu } from "../../src/graph/build.ts";
import { buildModel } from "../../src/onnx/model.ts";
import { cardMetadata, readModelCard } from "../../src/predict/card.ts";
import { NO_CARD_PARTS } from "../../src/predict/card-parts.ts";
import { FULL_PARTS, makeCard } from "../support/model-card.ts";

const modelWith = (metadata: Readonly<Record<string, string>>): Uint8Array =>
  buildModel({ outputs: { y: leakyRelu(input("x", [1]), 0) }, metadata });
const modelOf = (card: unknown): Uint8Array => modelWith({ hipmri: JSON.stringify(card) });

const UNET = {
  levels: 1,
  baseWidth: 2,
  maxWidth: 4,
  inChannels: 1,
  classes: 2,
  padding: "same",
  block: ["conv", "activation"],
  normalisation: "none",
  negativeSlope: 0,
  dropout: 0,
  bottleneckDropout: 0,
  upChannels: "halve",
  concat: "skip-first",
  headKernel: 1,
  initialisation: "he",
};
/** As the two versions before wrote it, letter by letter. */
const CARD_0_1 = {
  format: 1,
  version: "0.1.0",
  preset: "pelvis",
  unet: UNET,
  labels: [
    { id: 0, name: "background" },
    { id: 5, name: "prostate" },
  ],
  input: { mode: "pad", normalise: "zscore", over: "slice", canvas: { width: 8, height: 6 } },
  trainedOn: "keras_slices data set, 2 volumes of 2 patients",
  synthetic: true,
  seed: 1,
  steps: 16,
  patients: { train: 2, validate: 1, test: 1 },
  validation: { foregroundMeanDice: 0.5, convention: "Hard Dice" },
  intendedUse: "Research only",
};
const CARD_0_2 = {
  ...CARD_0_1,
  version: "0.2.0",
  input: { ...CARD_0_1.input, orientation: "LSP", spacingMm: { width: 2, height: 1 }, neighbours: 1 },
};

/** What they lack. */
const LATER = {
  ...NO_CARD_PARTS,
  unet: { ...UNET, deepSupervision: 0, blockKind: "plain", attention: false },
  inference: { mirrored: [], networks: 1, temperature: null, precision: "float32", keepLargest: [] },
};

describe("readModelCard()", () => {
  test("gives back what cardMetadata() wrote", () => {
    const card = makeCard(FULL_PARTS);
    expect(readModelCard(modelWith(cardMetadata(card)), "model.onnx")).toEqual(card);
  });

  test("reads the cards of 0.1.0 and 0.2.0; of what they lack it says that nobody knows", () => {
    expect(readModelCard(modelOf(CARD_0_2), "model.onnx")).toEqual({ ...CARD_0_2, ...LATER });
    expect(readModelCard(modelOf(CARD_0_1), "model.onnx")).toEqual({
      ...CARD_0_1,
      ...LATER,
      input: { ...CARD_0_1.input, orientation: null, spacingMm: null, neighbours: 0 },
      data: null,
      metrics: [],
      limits: [],
      licence: null,
      testSeen: {
        during: "unknown",
        note: "The model does not say whether its test patients were looked at",
      },
    });
  });

  test("reads a card with keys of a later version", () => {
    expect(readModelCard(modelOf({ ...CARD_0_2, later: 1 }), "model.onnx").version).toBe("0.2.0");
  });

  test("names everything that is wrong with a card", () => {
    const { data } = FULL_PARTS;
    const card = {
      ...CARD_0_2,
      data: { ...data, digest: "md5:1", cases: { ...data!.cases, train: ["case_004"] } },
      testSeen: { during: "lunch", note: "" },
    };
    expect(() => readModelCard(modelOf(card), "model.onnx")).toThrow(
      expect.objectContaining({
        code: "bad-model",
        message: 'Cannot apply "model.onnx": its card does not have the expected form',
        problems: [
          'data.digest: must be "sha256:" and 64 hexadecimal digits',
          "data.cases.train.0: must be 16 hexadecimal digits",
          expect.stringMatching(/^testSeen\.during: /),
        ],
      }),
    );
  });

  test("says of a model without a card that it has none", () => {
    expect(() => readModelCard(modelWith({}), "other.onnx")).toThrow(
      'Cannot apply "other.onnx": the model carries no "hipmri" card in its metadata',
    );
    expect(() => readModelCard(Uint8Array.of(1, 2), "x.onnx")).toThrow(
      'Cannot read "x.onnx": expected an ONNX model, got something else',
    );
  });
});
