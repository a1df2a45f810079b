import { describe, expect, test } from "vitest";
import { input } from "../../src/graph/build.ts";
import type { Shape } from "../../src/graph/value.ts";
import { buildModel } from "../../src/onnx/model.ts";
import type { UnetConfig } from "../../src/unet/config.ts";
import {
  buildInferenceNetwork,
  buildTrainingNetwork,
  type NetworkSpec,
  specifyNetwork,
  type TrainingNetwork,
} from "../../src/unet/network.ts";
import { initialParameters, initialStatistics, parameterCount } from "../../src/unet/parameters.ts";
import { PRESET_NAMES, presets } from "../../src/unet/presets.ts";
import { inputsOf } from "../support/check.ts";

function build(config: UnetConfig, shape: Shape): TrainingNetwork & { readonly spec: NetworkSpec } {
  const spec = specifyNetwork(config, shape);
  const flat = input("parameters", [parameterCount(spec.parameters)]);
  return { ...buildTrainingNetwork(input("image", shape), flat, config, spec), spec };
}

function initialWeights(spec: NetworkSpec, config: UnetConfig) {
  return {
    parameters: initialParameters(spec.parameters, { seed: 1, initialisation: config.initialisation }),
    statistics: initialStatistics(spec.statistics),
  };
}

describe("specification", () => {
  test("dropout before the convolution masks the channels that come in", () => {
    const config: UnetConfig = {
      ...presets.seed,
      levels: 1,
      baseWidth: 4,
      dropout: 0.5,
      block: ["dropout", "conv", "activation"],
    };
    const { dropouts } = build(config, [2, 1, 8, 8]);
    expect(dropouts.map(({ shape }) => shape)).toEqual([
      [2, 1, 1, 1],
      [2, 4, 1, 1],
      [2, 8, 1, 1],
    ]);
  });
  test.each(PRESET_NAMES)("%s: the same for every image size and batch", (name) => {
    const config = presets[name];
    const [small, large] = config.padding === "valid" ? [188, 572] : [32, 256];
    expect(specifyNetwork(config, [1, 1, small, small])).toEqual(
      specifyNetwork(config, [3, 1, large, small]),
    );
  });
  test.each(PRESET_NAMES)("%s: parameters and statistics lie end to end under names of their own", (name) => {
    const extent = presets[name].padding === "valid" ? 572 : 64;
    const { parameters, statistics } = specifyNetwork(presets[name], [1, 1, extent, extent]);
    let end = 0;
    for (const { shape, offset } of parameters) {
      expect(offset).toBe(end);
      end += shape.reduce((product, extent) => product * extent, 1);
    }
    end = 0;
    for (const { channels, offset } of statistics) {
      expect(offset).toBe(end);
      end += 2 * channels;
    }
    const names = [...parameters, ...statistics].map((each) => each.name);
    expect(new Set(names).size).toBe(names.length);
  });
  test("the order is that of the U: down, across, up, head", () => {
    const { parameters } = specifyNetwork({ ...presets.seed, levels: 2, baseWidth: 4 }, [1, 1, 8, 8]);
    expect(parameters.map(({ name, shape }) => `${name} ${shape.join("x")}`)).toEqual([
      "encoder0.conv0.weight 4x1x3x3",
      "encoder0.conv0.bias 4",
      "encoder0.conv1.weight 4x4x3x3",
      "encoder0.conv1.bias 4",
      "encoder1.conv0.weight 8x4x3x3",
      "encoder1.conv0.bias 8",
      "encoder1.conv1.weight 8x8x3x3",
      "encoder1.conv1.bias 8",
      "bottleneck.conv0.weight 16x8x3x3",
      "bottleneck.conv0.bias 16",
      "bottleneck.conv1.weight 16x16x3x3",
      "bottleneck.conv1.bias 16",
      "decoder1.up.weight 16x8x2x2",
      "decoder1.up.bias 8",
      "decoder1.conv0.weight 8x16x3x3",
      "decoder1.conv0.bias 8",
      "decoder1.conv1.weight 8x8x3x3",
      "decoder1.conv1.bias 8",
      "decoder0.up.weight 8x4x2x2",
      "decoder0.up.bias 4",
      "decoder0.conv0.weight 4x8x3x3",
      "decoder0.conv0.bias 4",
      "decoder0.conv1.weight 4x4x3x3",
      "decoder0.conv1.bias 4",
      "head.weight 6x4x1x1",
      "head.bias 6",
    ]);
  });
});

describe("training network", () => {
  test("Ronneberger's figure: 572x572 in, a score for each label at 388x388", () => {
    expect(build(presets.ronneberger, [1, 1, 572, 572]).logits.shape).toEqual([1, 6, 388, 388]);
  });
  test.each(PRESET_NAMES.filter((name) => presets[name].padding === "same"))("%s keeps the size", (name) => {
    expect(build(presets[name], [2, 1, 64, 96]).logits.shape).toEqual([2, 6, 64, 96]);
  });
  test("channels of the image and labels are free", () => {
    const config: UnetConfig = { ...presets.seed, inChannels: 3, classes: 2 };
    expect(build(config, [1, 3, 16, 16]).logits.shape).toEqual([1, 2, 16, 16]);
  });
  test("spatial dropout masks whole channels of every block, bottleneck dropout single values", () => {
    const spatial = build({ ...presets.sakboonyara, levels: 1, baseWidth: 4 }, [2, 1, 8, 8]);
    expect(spatial.dropouts.map(({ name, rate, shape }) => ({ name, rate, shape }))).toEqual([
      { name: "encoder0.dropout0", rate: 0.25, shape: [2, 4, 1, 1] },
      { name: "bottleneck.dropout0", rate: 0.25, shape: [2, 8, 1, 1] },
      { name: "decoder0.dropout0", rate: 0.25, shape: [2, 4, 1, 1] },
    ]);
    const single = build({ ...presets.ronneberger, baseWidth: 4 }, [2, 1, 188, 204]);
    expect(single.dropouts.map(({ name, rate, shape }) => ({ name, rate, shape }))).toEqual([
      { name: "bottleneck.dropout", rate: 0.5, shape: [2, 64, 4, 5] },
    ]);
  });
  test("its inputs are the image, the parameters and the masks", () => {
    const { logits } = build({ ...presets.sakboonyara, levels: 1 }, [2, 1, 8, 8]);
    const names = inputsOf([logits]).map(({ attrs }) => attrs.name);
    expect(names.sort()).toEqual([
      "bottleneck.dropout0",
      "decoder0.dropout0",
      "encoder0.dropout0",
      "image",
      "parameters",
    ]);
  });
  test("a batch norm gives the batch's mean and variance, in the specification's order", () => {
    const { observed, spec } = build({ ...presets.kaggle, levels: 1, baseWidth: 4 }, [2, 1, 8, 8]);
    expect(spec.statistics.map(({ name, channels }) => [name, channels])).toEqual([
      ["encoder0.norm0", 4],
      ["encoder0.norm1", 4],
      ["bottleneck.norm0", 8],
      ["bottleneck.norm1", 8],
      ["decoder0.norm0", 4],
      ["decoder0.norm1", 4],
    ]);
    expect(observed.map(({ mean, variance }) => [mean.shape, variance.shape])).toEqual(
      spec.statistics.map(({ channels }) => [[channels], [channels]]),
    );
  });
  test("a rate of 0 leaves dropout out", () => {
    expect(build({ ...presets.sakboonyara, dropout: 0 }, [1, 1, 16, 16]).dropouts).toEqual([]);
  });
});

describe("inference network", () => {
  test.each(PRESET_NAMES)("%s: its only input is the image", (name) => {
    const config: UnetConfig = { ...presets[name], baseWidth: 2 };
    const shape = config.padding === "valid" ? [1, 1, 188, 188] : [1, 1, 16, 16];
    const spec = specifyNetwork(config, shape);
    const logits = buildInferenceNetwork(input("image", shape), initialWeights(spec, config), config, spec);
    expect(inputsOf([logits]).map(({ attrs }) => attrs.name)).toEqual(["image"]);
  });
  test("equal weights give equal bytes", () => {
    const config: UnetConfig = { ...presets.sakboonyara, levels: 1, baseWidth: 2 };
    const spec = specifyNetwork(config, [1, 1, 8, 8]);
    const bytes = (): Uint8Array =>
      buildModel({
        outputs: {
          logits: buildInferenceNetwork(
            input("image", [1, 1, 8, 8]),
            initialWeights(spec, config),
            config,
            spec,
          ),
        },
      });
    expect(bytes()).toEqual(bytes());
  });
});

describe("sizes that do not fit", () => {
  test("the level that cannot be halved is named", () => {
    expect(() => build(presets.seed, [1, 1, 31, 32])).toThrow(
      new RangeError(`Cannot halve "encoder0": height and width must be even, got 31 x 32`),
    );
    expect(() => build(presets.seed, [1, 1, 32, 20])).toThrow(
      new RangeError(`Cannot halve "encoder2": height and width must be even, got 8 x 5`),
    );
  });
  test("an image too small for an unpadded network is refused at the convolution it does not fill", () => {
    expect(() => build({ ...presets.ronneberger, levels: 1 }, [1, 1, 8, 8])).toThrow(
      /^Cannot add Conv "bottleneck\.conv0": a 3x3 window does not fit in 2x2 padded by \[0, 0, 0, 0\]$/,
    );
  });
  test("an image of other channels is refused at the first convolution", () => {
    const spec = specifyNetwork(presets.seed, [1, 1, 16, 16]);
    const flat = input("parameters", [parameterCount(spec.parameters)]);
    expect(() => buildTrainingNetwork(input("image", [1, 2, 16, 16]), flat, presets.seed, spec)).toThrow(
      /^Cannot add Conv "encoder0\.conv0": weight \[64, 1, 3, 3\] takes 1 channels, input \[1, 2, 16, 16\] has 2$/,
    );
  });
});

test("a specification of another network is our own mistake", () => {
  const shape = [1, 1, 16, 16];
  const spec = specifyNetwork(presets.seed, shape);
  const flat = input("parameters", [parameterCount(spec.parameters)]);
  expect(() => buildTrainingNetwork(input("image", shape), flat, presets.pelvis, spec)).toThrow(
    new Error(`internal: expected parameter "encoder0.conv0.bias", got "encoder0.norm0.scale"`),
  );
});
