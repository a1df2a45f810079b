import { describe, expect, test } from "vitest";
import { input } from "../../src/graph/build.ts";
import { sizeOf } from "../../src/graph/value.ts";
import type { UnetConfig } from "../../src/unet/config.ts";
import { specifyNetwork } from "../../src/unet/network.ts";
import {
  initialParameters,
  initialStatistics,
  type ParameterSpec,
  parameterCount,
  sliceParameter,
  statisticCount,
} from "../../src/unet/parameters.ts";
import { presets } from "../../src/unet/presets.ts";
import { evaluate } from "../support/evaluate.ts";

const specify = (config: UnetConfig) => specifyNetwork(config, [1, 1, 64, 64]);
const he = { seed: 3, initialisation: "he" } as const;
const pytorch = { seed: 3, initialisation: "pytorch" } as const;

/** The part of the flat vector that is one parameter. */
function partOf(flat: Float32Array, { offset, shape }: ParameterSpec): Float32Array {
  return flat.subarray(offset, offset + sizeOf(shape));
}
/** expect().toEqual() takes seconds for a million numbers. */
const isSame = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);
const largest = (data: Float32Array): number => data.reduce((most, x) => Math.max(most, x), -Infinity);

function moments(data: Float32Array): { mean: number; variance: number } {
  const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
  return { mean, variance: data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length };
}
/** Enough draws that the estimate of their variance is good to a few per cent. */
const isLarge = ({ kind, shape }: ParameterSpec): boolean => kind === "weight" && sizeOf(shape) >= 10_000;

describe("initial parameters", () => {
  const { parameters } = specify({ ...presets.seed, baseWidth: 32 });

  test("the same seed gives the same numbers, another seed others", () => {
    const flat = initialParameters(parameters, he);
    expect(isSame(initialParameters(parameters, he), flat)).toBe(true);
    const other = initialParameters(parameters, { ...he, seed: 4 });
    for (const each of parameters.filter(({ kind }) => kind === "weight")) {
      expect(isSame(partOf(other, each), partOf(flat, each)), each.name).toBe(false);
    }
  });

  test("He: weights have mean 0 and variance 2 / fan-in, biases are 0", () => {
    const flat = initialParameters(parameters, he);
    const large = parameters.filter(isLarge);
    expect(large.length).toBeGreaterThan(5);
    for (const each of large) {
      const { mean, variance } = moments(partOf(flat, each));
      const expected = 2 / each.fanIn;
      // Four standard errors of a mean and of a normal variance.
      const draws = sizeOf(each.shape);
      expect(Math.abs(mean), each.name).toBeLessThan(4 * Math.sqrt(expected / draws));
      expect(Math.abs(variance / expected - 1), each.name).toBeLessThan(4 * Math.sqrt(2 / draws));
    }
    for (const each of parameters.filter(({ kind }) => kind === "bias")) {
      expect(partOf(flat, each).every((x) => x === 0)).toBe(true);
    }
  });

  test("PyTorch: weights and biases fill the range up to 1 / sqrt(fan-in) evenly", () => {
    const flat = initialParameters(parameters, pytorch);
    for (const each of parameters) {
      const bound = Math.fround(1 / Math.sqrt(each.fanIn));
      const data = partOf(flat, each);
      expect(largest(data.map(Math.abs)), each.name).toBeLessThanOrEqual(bound);
      if (!isLarge(each)) continue;
      // A uniform distribution's variance is bound^2 / 3; the fourth moment gives its standard error.
      expect(Math.abs(moments(data).variance / (bound ** 2 / 3) - 1), each.name).toBeLessThan(
        4 * Math.sqrt(0.8 / data.length),
      );
      expect(largest(data), each.name).toBeGreaterThan(0.99 * bound);
      expect(largest(data.map((x) => -x)), each.name).toBeGreaterThan(0.99 * bound);
    }
    const bias = parameters.find(({ name }) => name === "bottleneck.conv0.bias")!;
    expect(new Set(partOf(flat, bias)).size).toBeGreaterThan(100);
  });

  test("fan-ins are the products that one result sums over; PyTorch counts an up-convolution's results", () => {
    const fanIns = (config: UnetConfig) =>
      Object.fromEntries(specify(config).parameters.map(({ name, fanIn }) => [name, fanIn]));
    const ours = fanIns({ ...presets.seed, initialisation: "he" });
    expect(ours["encoder0.conv0.weight"]).toBe(9);
    expect(ours["encoder0.conv0.bias"]).toBe(9);
    expect(ours["encoder1.conv0.weight"]).toBe(64 * 9);
    expect(ours["decoder0.conv0.weight"]).toBe(128 * 9);
    expect(ours["decoder0.up.weight"]).toBe(128);
    expect(ours["head.weight"]).toBe(64);
    const theirs = fanIns({ ...presets.seed, initialisation: "pytorch" });
    expect(theirs["decoder0.up.weight"]).toBe(64 * 4);
    expect(theirs["decoder0.up.bias"]).toBe(64 * 4);
    const isUp = (name: string): boolean => name.includes(".up.");
    for (const name of Object.keys(ours)) expect(theirs[name] === ours[name], name).toBe(!isUp(name));
  });

  test.each([he, pytorch])("a norm starts as nothing: scale 1, shift 0 ($initialisation)", (options) => {
    const { parameters } = specify({ ...presets.pelvis, initialisation: options.initialisation });
    const flat = initialParameters(parameters, options);
    const scales = parameters.filter(({ name }) => name.endsWith(".scale"));
    const shifts = parameters.filter(({ name }) => name.endsWith(".shift"));
    expect([scales.length, shifts.length]).toEqual([18, 18]);
    for (const each of scales) expect(partOf(flat, each).every((x) => x === 1)).toBe(true);
    for (const each of shifts) expect(partOf(flat, each).every((x) => x === 0)).toBe(true);
  });

  test.each([he, pytorch])(
    "one level more moves no draw of the parameters that stay ($initialisation)",
    (options) => {
      const config: UnetConfig = { ...presets.seed, baseWidth: 8, initialisation: options.initialisation };
      const before = specify(config).parameters;
      const after = specify({ ...config, levels: 4 }).parameters;
      const flatBefore = initialParameters(before, options);
      const flatAfter = initialParameters(after, options);
      const stay = before.filter(({ name }) => !name.startsWith("bottleneck"));
      expect(stay.length).toBe(before.length - 4);
      expect(after.length).toBe(before.length + 10);
      for (const each of stay) {
        const same = after.find(({ name }) => name === each.name)!;
        expect(isSame(partOf(flatAfter, same), partOf(flatBefore, each)), each.name).toBe(true);
      }
    },
  );

  test("no two parameters of one shape are drawn alike", () => {
    const flat = initialParameters(parameters, he);
    const firsts = parameters.filter(({ kind }) => kind === "weight").map((each) => partOf(flat, each)[0]);
    expect(new Set(firsts).size).toBe(firsts.length);
  });
});

test("running statistics start at mean 0 and variance 1", () => {
  const { statistics } = specify({ ...presets.kaggle, levels: 1, baseWidth: 2 });
  const flat = initialStatistics(statistics);
  expect(Array.from(flat.subarray(0, 8))).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
  expect(Array.from(flat.subarray(8, 16))).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
  expect(flat.length).toBe(statisticCount(statistics));
  expect(initialStatistics([])).toEqual(new Float32Array(0));
});

test("a parameter is cut out of the flat vector at its offset and shape", () => {
  const flat = input("parameters", [10]);
  const value = sliceParameter(flat, { offset: 3, shape: [2, 1, 3] });
  expect(value.shape).toEqual([2, 1, 3]);
  const [data] = evaluate([value], { parameters: Float64Array.from({ length: 10 }, (_, i) => i) });
  expect(Array.from(data!)).toEqual([3, 4, 5, 6, 7, 8]);
  expect(parameterCount([])).toBe(0);
});
