import { describe, expect, test } from "vitest";
import type { UnetConfig } from "../../src/unet/config.ts";
import { type NetworkSpec, specifyNetwork } from "../../src/unet/network.ts";
import { parameterCount, statisticCount } from "../../src/unet/parameters.ts";
import { PRESET_NAMES, presets } from "../../src/unet/presets.ts";
import { readCounts } from "../support/golden.ts";

function specify(config: UnetConfig): NetworkSpec {
  const extent = config.padding === "valid" ? 572 : 64;
  return specifyNetwork(config, [1, config.inChannels, extent, extent]);
}
const count = (config: UnetConfig): number => parameterCount(specify(config).parameters);

test("every name is a preset", () => {
  expect(Object.keys(presets).sort()).toEqual([...PRESET_NAMES].sort());
});

test.each([
  ["seed", 7_696_518],
  // Ronneberger's figure with its own two labels has 31,030,658 when it takes one channel.
  ["ronneberger", 31_030_918],
  ["sakboonyara", 31_036_806],
  ["ptrblck", 36_953_670],
  ["kaggle", 31_036_806],
  ["pelvis", 1_942_374],
] as const)("%s has %d parameters", (name, parameters) => {
  expect(count(presets[name])).toBe(parameters);
});

describe("PyTorch's networks have as many numbers", () => {
  const counts = readCounts();
  test("every preset is among them", () => {
    expect(new Set(counts.map(({ preset }) => preset))).toEqual(new Set(PRESET_NAMES));
  });
  test.each(counts.map((each) => [each.title, each] as const))(
    "%s",
    (_, { preset, config, parameters, statistics }) => {
      const spec = specify({ ...presets[preset], ...config });
      expect(parameterCount(spec.parameters)).toBe(parameters);
      expect(statisticCount(spec.statistics)).toBe(statistics);
    },
  );
  test.each(counts.filter(({ title, preset }) => title === preset))(
    "$title was counted as the preset is",
    ({ preset, config }) => {
      expect({ ...presets[preset], ...config }).toEqual(presets[preset]);
    },
  );
});

test("one level less leaves out the widest level: Ronneberger's without its fourth is the seed's", () => {
  const dropped: UnetConfig = { ...presets.ronneberger, levels: 3 };
  expect(count(dropped)).toBe(count(presets.seed));
  // Lowest block 512 -> 1024 -> 1024, up-convolution 1024 -> 512 (2x2) and block 1024 -> 512 -> 512, with biases.
  const lowest = 1024 * 512 * 9 + 1024 + 1024 * 1024 * 9 + 1024;
  const up = 1024 * 512 * 4 + 512;
  const decoder = 512 * 1024 * 9 + 512 + 512 * 512 * 9 + 512;
  expect(count(presets.ronneberger) - count(dropped)).toBe(lowest + up + decoder);
});

test("a convolution has a bias where no norm follows it, and only there", () => {
  const biased = (config: UnetConfig): string[] =>
    specify(config)
      .parameters.map(({ name }) => name)
      .filter((name) => name.startsWith("encoder0") && name.endsWith(".bias"));
  expect(biased(presets.seed)).toEqual(["encoder0.conv0.bias", "encoder0.conv1.bias"]);
  expect(biased(presets.sakboonyara)).toEqual(["encoder0.conv0.bias", "encoder0.conv1.bias"]);
  expect(biased(presets.kaggle)).toEqual([]);
  expect(biased(presets.pelvis)).toEqual([]);
  expect(biased({ ...presets.pelvis, normalisation: "none" })).toHaveLength(2);
});
