/** Residual blocks, attention gates and deep supervision. */
import { describe, expect, test } from "vitest";
import { input } from "../../src/graph/build.ts";
import { segmentationLoss } from "../../src/loss/loss.ts";
import type { UnetConfig } from "../../src/unet/config.ts";
import { buildInferenceNetwork, buildTrainingNetwork, specifyNetwork } from "../../src/unet/network.ts";
import { initialParameters, initialStatistics, parameterCount } from "../../src/unet/parameters.ts";
import { presets } from "../../src/unet/presets.ts";
import { directionalErrors, drawFeeds, inputsOf } from "../support/check.ts";
import { evaluate } from "../support/evaluate.ts";

const SMALL: UnetConfig = { ...presets.pelvis, levels: 2, baseWidth: 2, maxWidth: 8, classes: 3 };

function build(config: UnetConfig, extent = 8) {
  const spec = specifyNetwork(config, [1, 1, extent, extent]);
  const flat = input("parameters", [parameterCount(spec.parameters)]);
  const image = input("image", [1, 1, extent, extent]);
  return { spec, ...buildTrainingNetwork(image, flat, config, spec) };
}

describe.each<readonly [string, UnetConfig]>([
  ["residual blocks", { ...SMALL, blockKind: "residual" }],
  ["attention gates", { ...SMALL, attention: true }],
  ["both, with deep supervision", { ...SMALL, blockKind: "residual", attention: true, deepSupervision: 1 }],
])("%s", (_, config) => {
  test("keep the size, and the gradient is the slope in a random direction", () => {
    const { logits, auxiliary } = build(config);
    expect(logits.shape).toEqual([1, 3, 8, 8]);
    const labels = input("labels", [1, 8, 8], "uint8");
    const loss = segmentationLoss(logits, labels, { crossEntropy: 1, dice: 1 }, auxiliary);
    const feeds = drawFeeds([loss]);
    for (const error of Object.values(directionalErrors(loss, feeds))) expect(error).toBeLessThan(1e-4);
  });

  test("apply with nothing but the image", () => {
    const { spec } = build(config);
    const weights = {
      parameters: initialParameters(spec.parameters, { seed: 1, initialisation: "he" }),
      statistics: initialStatistics(spec.statistics),
    };
    const logits = buildInferenceNetwork(input("image", [1, 1, 8, 8]), weights, config, spec);
    expect(inputsOf([logits]).map(({ attrs }) => attrs.name)).toEqual(["image"]);
  });
});

test("a residual block whose convolutions give nothing passes its input on", () => {
  const config: UnetConfig = {
    ...SMALL,
    levels: 1,
    blockKind: "residual",
    normalisation: "none",
    negativeSlope: 0,
    block: ["conv", "activation", "conv", "activation"],
    baseWidth: 1,
    classes: 2,
  };
  const { spec, logits } = build(config, 4);
  const parameters = new Float64Array(parameterCount(spec.parameters));
  const set = (name: string, values: readonly number[]): void =>
    parameters.set(values, spec.parameters.find((each) => each.name === name)!.offset);
  // Nothing comes up from below, so that the last block sees [skip, 0].
  set("decoder0.shortcut.weight", [1, 0]);
  set("head.weight", [1, -1]);
  const image = Float64Array.from({ length: 16 }, (_, i) => i - 8);
  const [found] = evaluate([logits], { parameters, image });
  const positive = Array.from(image, (value) => Math.max(value, 0));
  expect(Array.from(found!)).toEqual([...positive, ...positive.map((value) => -value + 0)]);
});

test("a gate of weight 0 halves the skip connection", () => {
  const base: UnetConfig = { ...SMALL, levels: 1, normalisation: "none", block: ["conv"], baseWidth: 1 };
  const run = (attention: boolean): number[] => {
    const { spec, logits } = build({ ...base, attention }, 4);
    const parameters = new Float64Array(parameterCount(spec.parameters));
    const middle = (name: string, channel: number): void => {
      parameters[spec.parameters.find((each) => each.name === name)!.offset + 9 * channel + 4] = 1;
    };
    middle("encoder0.conv0.weight", 0);
    middle("decoder0.conv0.weight", 0);
    parameters[spec.parameters.find((each) => each.name === "head.weight")!.offset] = 1;
    const image = Float64Array.from({ length: 16 }, (_, i) => i);
    return Array.from(evaluate([logits], { parameters, image })[0]!.subarray(0, 16));
  };
  expect(run(true)).toEqual(run(false).map((value) => value / 2));
});

describe("deep supervision", () => {
  const config: UnetConfig = {
    ...presets.pelvis,
    levels: 3,
    baseWidth: 2,
    maxWidth: 8,
    classes: 3,
    deepSupervision: 2,
  };

  test("judges the levels below the finest, each at half the size", () => {
    const { auxiliary, spec } = build(config, 16);
    expect(auxiliary.map(({ shape }) => shape)).toEqual([
      [1, 3, 8, 8],
      [1, 3, 4, 4],
    ]);
    const heads = spec.parameters.filter(({ name }) => name.startsWith("head")).map(({ name }) => name);
    expect(heads).toEqual([
      "head2.weight",
      "head2.bias",
      "head1.weight",
      "head1.bias",
      "head.weight",
      "head.bias",
    ]);
  });

  test("weighs each level half as much as the one before, against the share of labels", () => {
    const fine = input("fine", [1, 2, 2, 2]);
    const coarse = input("coarse", [1, 2, 1, 1]);
    const labels = input("labels", [1, 2, 2], "uint8");
    const weights = { crossEntropy: 1, dice: 0 };
    const feeds = {
      fine: Float64Array.of(1, 2, -1, 0, 0, 1, 1, 2),
      coarse: Float64Array.of(0.5, -0.5),
      labels: Uint8Array.of(0, 1, 1, 1),
    };
    const [whole, finest] = evaluate(
      [segmentationLoss(fine, labels, weights, [coarse]), segmentationLoss(fine, labels, weights)],
      feeds,
    );
    const log = (x: number, y: number): number => x - Math.log(Math.exp(x) + Math.exp(y));
    const below = -(0.25 * log(0.5, -0.5) + 0.75 * log(-0.5, 0.5));
    expect(whole![0]).toBeCloseTo((2 / 3) * finest![0]! + (1 / 3) * below, 6);
  });
});

test("label smoothing spreads certainty over all labels, of labelled pixels alone", () => {
  const logits = input("logits", [1, 2, 1, 3]);
  const labels = input("labels", [1, 1, 3], "uint8");
  const feeds = { logits: Float64Array.of(2, 0, 1, -1, 0, 3), labels: Uint8Array.of(0, 1, 255) };
  const [found] = evaluate(
    [segmentationLoss(logits, labels, { crossEntropy: 1, dice: 0, labelSmoothing: 0.2 })],
    feeds,
  );
  const log = (x: number, y: number): number => x - Math.log(Math.exp(x) + Math.exp(y));
  const first = -(0.9 * log(2, -1) + 0.1 * log(-1, 2));
  const second = -(0.1 * log(0, 0) + 0.9 * log(0, 0));
  expect(found![0]).toBeCloseTo((first + second) / 2, 6);
});
