import { describe, expect, test } from "vitest";
import { input } from "../../src/graph/build.ts";
import { inputExtentFor, outputExtent, type UnetConfig, widthAt } from "../../src/unet/config.ts";
import { buildTrainingNetwork, specifyNetwork } from "../../src/unet/network.ts";
import { parameterCount } from "../../src/unet/parameters.ts";
import { PRESET_NAMES, presets } from "../../src/unet/presets.ts";

/** The height of the logits of a network that is really built, or undefined where it cannot be. */
function builtExtent(config: UnetConfig, extent: number): number | undefined {
  const shape = [1, 1, extent, extent];
  try {
    const spec = specifyNetwork(config, shape);
    const flat = input("parameters", [parameterCount(spec.parameters)]);
    return buildTrainingNetwork(input("image", shape), flat, config, spec).logits.shape[2];
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

test("Ronneberger's Figure 1: 572 pixels in, 388 out", () => {
  expect(outputExtent(presets.ronneberger, 572)).toBe(388);
  expect(inputExtentFor(presets.ronneberger, 388)).toBe(572);
  expect(inputExtentFor(presets.ronneberger, 387)).toBe(572);
  expect(inputExtentFor(presets.ronneberger, 389)).toBe(588);
  expect(outputExtent(presets.ronneberger, 572 + 8)).toBeUndefined();
});

test("the smallest unpadded network of 4 levels gives 4 pixels from 188", () => {
  expect(outputExtent(presets.ronneberger, 172)).toBeUndefined();
  expect(outputExtent(presets.ronneberger, 188)).toBe(4);
  expect(inputExtentFor(presets.ronneberger, 1)).toBe(188);
});

test("a 3x3 head without padding takes two pixels more", () => {
  const config: UnetConfig = { ...presets.ronneberger, headKernel: 3 };
  expect(outputExtent(config, 572)).toBe(386);
  expect(inputExtentFor(config, 388)).toBe(588);
});

describe.each(PRESET_NAMES.filter((name) => presets[name].padding === "same"))("%s is padded", (name) => {
  const config = presets[name];
  test.each([64, 128, 144, 256])("%d pixels stay as many", (extent) => {
    expect(outputExtent(config, extent)).toBe(extent);
    expect(inputExtentFor(config, extent)).toBe(extent);
  });
  test("what no level can halve is refused, and enlarged to what fits", () => {
    const step = 2 ** config.levels;
    expect(outputExtent(config, 64 + step / 2)).toBeUndefined();
    expect(inputExtentFor(config, 65)).toBe(64 + step);
    expect(inputExtentFor(config, 1)).toBe(step);
  });
});

test.each([
  ["padded", { ...presets.seed, levels: 2, baseWidth: 1 }, 1, 20],
  ["unpadded, 2 levels", { ...presets.ronneberger, levels: 2, baseWidth: 1 }, 1, 60],
  ["unpadded, 2 levels, 3x3 head", { ...presets.ronneberger, levels: 2, baseWidth: 1, headKernel: 3 }, 1, 60],
  ["unpadded, one convolution a block", { ...presets.ronneberger, levels: 2, block: ["conv"] }, 1, 40],
] as const)("the extents told are those of a network that is built: %s", (_, config, from, to) => {
  const extents = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const told = extents.map((extent) => outputExtent(config, extent));
  expect(told).toEqual(extents.map((extent) => builtExtent(config, extent)));
  expect(told.filter((extent) => extent !== undefined).length).toBeGreaterThan(2);
});

test("the input told is the smallest that covers what is wanted", () => {
  const config: UnetConfig = { ...presets.ronneberger, levels: 2 };
  for (let wanted = 1; wanted <= 40; wanted++) {
    const extent = inputExtentFor(config, wanted);
    expect(outputExtent(config, extent)).toBeGreaterThanOrEqual(wanted);
    for (let smaller = 1; smaller < extent; smaller++) {
      expect(outputExtent(config, smaller) ?? 0).toBeLessThan(wanted);
    }
  }
});

test("widths double at each level down to the widest", () => {
  const widths = [0, 1, 2, 3, 4].map((level) => widthAt(presets.ronneberger, level));
  expect(widths).toEqual([64, 128, 256, 512, 1024]);
  const narrow: UnetConfig = { ...presets.pelvis, maxWidth: 100 };
  expect([0, 1, 2, 3, 4].map((level) => widthAt(narrow, level))).toEqual([16, 32, 64, 100, 100]);
});
