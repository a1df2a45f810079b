import { describe, expect, test } from "vitest";
import { augment } from "../../src/augment/augment.ts";
import { type AugmentConfig, noAugmentation, standardAugmentation } from "../../src/augment/config.ts";
import { type AugmentSize, type Draw, drawAugmentation, drawShapes } from "../../src/augment/draws.ts";
import { makeRandom } from "../../src/core/random.ts";
import { input } from "../../src/graph/build.ts";
import { buildModel } from "../../src/onnx/model.ts";
import { float32Of, type Tensor } from "../../src/runtime/runtime.ts";
import { relativeError, runtime } from "../support/check.ts";
import { evaluate } from "../support/evaluate.ts";

const OUTSIDE = 255;
type Draws = Readonly<Record<string, Draw>>;

function graph(
  config: AugmentConfig,
  size: AugmentSize,
  source = { height: size.height, width: size.width },
) {
  const { batchSize: n, channels } = size;
  const shapes = drawShapes(config, size);
  return augment(
    {
      image: input("image", [n, channels, source.height, source.width]),
      labels: input("labels", [n, source.height, source.width]),
    },
    { config, size, labelSize: size, outside: OUTSIDE, draw: (name) => input(name, shapes[name]!) },
  );
}

/** Image and labels after augmentation, by the reference in float64. */
function run(
  config: AugmentConfig,
  draws: Draws,
  data: { readonly image: readonly number[]; readonly labels: readonly number[] },
  size: AugmentSize,
  source?: { readonly height: number; readonly width: number },
): { readonly image: number[]; readonly labels: number[] } {
  const { image, labels } = graph(config, size, source);
  const feeds = Object.fromEntries(
    Object.entries(draws).map(([name, draw]) => [name, Float64Array.from(draw.data)]),
  );
  const [x, y] = evaluate([image, labels], {
    ...feeds,
    image: Float64Array.from(data.image),
    labels: Float64Array.from(data.labels),
  });
  return { image: Array.from(x!), labels: Array.from(y!) };
}

const drawn = (config: AugmentConfig, size: AugmentSize, step = 0): Draws =>
  drawAugmentation(config, size, { seed: 1, step });
const SMALL: AugmentSize = { batchSize: 1, channels: 1, height: 3, width: 4 };
const IMAGE = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const LABELS = [0, 1, 2, 3, 0, 1, 2, 3, 4, 4, 255, 5];
const certain = (change: Partial<AugmentConfig>): AugmentConfig => ({
  ...noAugmentation,
  strength: 1,
  ...change,
});

/** Draws until the image is mirrored along the width. */
function mirrored(config: AugmentConfig, size: AugmentSize): Draws {
  for (let step = 0; step < 50; step++) {
    const draws = drawn(config, size, step);
    if (draws.affine!.data[0]! < 0) return draws;
  }
  throw new Error("never mirrored");
}

describe("where pixels go", () => {
  test("a mirrored image is its own mirror image, and labels go with it", () => {
    const config = certain({ mirror: { width: true, height: false } });
    const { image, labels } = run(config, mirrored(config, SMALL), { image: IMAGE, labels: LABELS }, SMALL);
    expect(image.map(Math.round)).toEqual([4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9]);
    expect(labels).toEqual([3, 2, 1, 0, 3, 2, 1, 0, 5, 255, 4, 4]);
  });

  test("a quarter turn moves columns to rows", () => {
    const size = { ...SMALL, height: 3, width: 3 };
    const config = certain({ rotation: { probability: 1, degrees: 90 } });
    const affine = { shape: [1, 3, 2], data: Float32Array.of(0, 1, -1, 0, 0, 0) };
    const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const { image, labels } = run(config, { affine }, { image: nine, labels: nine }, size);
    expect(image.map(Math.round)).toEqual([3, 6, 9, 2, 5, 8, 1, 4, 7]);
    expect(labels).toEqual(image.map(Math.round));
  });

  test("what comes from beyond the source is 0 in images and no truth in labels", () => {
    const config = certain({ shift: { probability: 1, share: 1 } });
    const affine = { shape: [1, 3, 2], data: Float32Array.of(1, 0, 0, 1, 2, 0) };
    const { image, labels } = run(config, { affine }, { image: IMAGE, labels: LABELS }, SMALL);
    expect(image.map(Math.round)).toEqual([3, 4, 0, 0, 7, 8, 0, 0, 11, 12, 0, 0]);
    expect(labels).toEqual([2, 3, 255, 255, 2, 3, 255, 255, 255, 5, 255, 255]);
  });

  test("of a larger source the middle is taken, and its margin comes in where the image is moved", () => {
    const size = { ...SMALL, height: 1, width: 2 };
    const config = certain({ shift: { probability: 1, share: 1 } });
    const source = { height: 3, width: 4 };
    const at = (x: number): Draws => ({
      affine: { shape: [1, 3, 2], data: Float32Array.of(1, 0, 0, 1, x, 0) },
    });
    const data = { image: IMAGE, labels: LABELS };
    expect(run(config, at(0), data, size, source).image.map(Math.round)).toEqual([6, 7]);
    expect(run(config, at(1), data, size, source).image.map(Math.round)).toEqual([7, 8]);
    expect(run(config, at(1), data, size, source).labels).toEqual([2, 3]);
  });

  test("no label is made up: nearest neighbours alone", () => {
    const size = { batchSize: 4, channels: 1, height: 16, width: 12 };
    const config = certain({
      rotation: { probability: 1, degrees: 40 },
      scale: { probability: 1, low: 0.7, high: 1.4 },
      elastic: { probability: 1, pixels: 4 },
    });
    const labels = Array.from({ length: 4 * 16 * 12 }, (_, i) => (i % 12 < 6 ? 1 : 7));
    const found = run(config, drawn(config, size), { image: labels, labels }, size);
    expect(new Set(found.labels)).toEqual(new Set([1, 7, OUTSIDE]));
    // Images are interpolated, labels are not: where both are inside and far from an edge they agree.
    expect(found.image.some((value) => value > 1.01 && value < 6.99)).toBe(true);
  });
});

describe("how bright they are", () => {
  const size = { batchSize: 6, channels: 2, height: 8, width: 10 };
  const random = makeRandom(5, "test image");
  const image = Array.from({ length: 6 * 2 * 80 }, () => Math.fround(random.normal()));
  const labels = Array.from({ length: 6 * 80 }, () => random.integer(3));
  const perImage = (values: readonly number[], i: number): number[] => values.slice(160 * i, 160 * (i + 1));
  const mean = (x: readonly number[]): number => x.reduce((sum, value) => sum + value, 0) / x.length;
  const deviation = (x: readonly number[]): number =>
    Math.sqrt(mean(x.map((value) => (value - mean(x)) ** 2)));
  const changed = (config: AugmentConfig) => run(config, drawn(config, size), { image, labels }, size);

  test("brightness multiplies by its factor", () => {
    const config = certain({ brightness: { probability: 1, low: 0.75, high: 1.25 } });
    const factors = drawn(config, size).brightness!.data;
    const found = changed(config).image;
    expect(new Set(factors).size).toBe(6);
    for (const [i, value] of found.entries()) {
      expect(value).toBeCloseTo(image[i]! * factors[Math.floor(i / 160)]!, 6);
    }
  });

  test("contrast keeps the range, gamma and bias keep mean and deviation", () => {
    const contrast = changed(certain({ contrast: { probability: 1, low: 1.2, high: 1.25 } })).image;
    const gamma = changed(
      certain({ gamma: { probability: 1, negativeProbability: 0.5, low: 0.7, high: 1.5 } }),
    ).image;
    const bias = changed(certain({ bias: { probability: 1, strength: 0.5 } })).image;
    for (let i = 0; i < 6; i++) {
      const before = perImage(image, i);
      expect(Math.max(...perImage(contrast, i))).toBeCloseTo(Math.max(...before), 6);
      expect(deviation(perImage(contrast, i))).toBeGreaterThan(deviation(before));
      for (const after of [perImage(gamma, i), perImage(bias, i)]) {
        expect(mean(after)).toBeCloseTo(mean(before), 4);
        expect(deviation(after)).toBeCloseTo(deviation(before), 4);
        expect(relativeError(after, before)).toBeGreaterThan(0.01);
      }
    }
  });

  test("noise has the deviation that was drawn, and spares the others", () => {
    const config = certain({ noise: { probability: 0.5, deviation: 0.2 } });
    const found = changed(config).image;
    const noise = found.map((value, i) => value - image[i]!);
    const spared = Array.from({ length: 6 }, (_, i) => perImage(noise, i).every((value) => value === 0));
    expect(spared).toContain(true);
    expect(spared).toContain(false);
    expect(deviation(noise)).toBeLessThan(0.2);
  });

  test("blur and low resolution take away detail, and no brightness", () => {
    for (const config of [
      certain({ blur: { probability: 1, low: 0.8, high: 1 } }),
      certain({ lowResolution: { probability: 1, low: 0.5 } }),
    ]) {
      const found = changed(config).image;
      // Noise has detail alone: half of it and more goes.
      if (config.blur.probability === 1) expect(deviation(found)).toBeLessThan(0.6 * deviation(image));
      expect(relativeError(found, image)).toBeGreaterThan(0.1);
    }
  });
});

describe("draws", () => {
  const size = { batchSize: 4, channels: 1, height: 16, width: 12 };
  const all = certain({
    ...standardAugmentation,
    elastic: { probability: 1, pixels: 3 },
    bias: { probability: 1, strength: 0.3 },
  });

  test("are a function of seed and step", () => {
    expect(drawn(all, size, 3)).toEqual(drawn(all, size, 3));
    expect(drawn(all, size, 3)).not.toEqual(drawn(all, size, 4));
    expect(Object.keys(drawn(all, size)).sort()).toEqual(Object.keys(drawShapes(all, size)).sort());
  });

  test("of a part of a batch are those that the whole batch has there", () => {
    const whole = drawn(all, size, 3);
    for (const at of [0, 1, 2, 3]) {
      const part = drawAugmentation(all, { ...size, batchSize: 1 }, { seed: 1, step: 3, at });
      for (const [name, { data }] of Object.entries(part)) {
        expect(data).toEqual(whole[name]!.data.subarray(at * data.length, (at + 1) * data.length));
      }
    }
  });

  test("come as rarely as the strength says, but for mirroring, which does not depend on it", () => {
    const still = { ...all, mirror: { width: false, height: false } };
    expect(drawShapes({ ...still, strength: 0 }, size)).toEqual({});
    expect(Object.keys(drawShapes({ ...all, strength: 0 }, size))).toEqual(["affine"]);
    const many = { ...size, batchSize: 2000, height: 2, width: 2 };
    const { brightness, affine } = drawn({ ...all, strength: 0.5 }, many);
    expect(brightness!.data.filter((factor) => factor !== 1).length / 2000).toBeCloseTo(0.075, 1);
    const turned = affine!.data.filter((value, i) => i % 6 === 0 && value < 0).length;
    expect(turned / 2000).toBeCloseTo(0.5, 1);
  });

  test("of one kind do not depend on the others", () => {
    const alone = certain({ noise: all.noise });
    expect(drawn(alone, size, 2).noise).toEqual(drawn(all, size, 2).noise);
    expect(drawShapes(noAugmentation, size)).toEqual({});
  });

  test("come as often as their probability says", () => {
    const many = { ...size, batchSize: 2000, height: 2, width: 2 };
    const { brightness, gamma, sign } = drawn(all, many);
    const share = (data: Float32Array, f: (x: number) => boolean): number => data.filter(f).length / 2000;
    expect(share(brightness!.data, (x) => x !== 1)).toBeCloseTo(0.15, 1);
    expect(share(gamma!.data, (x) => x !== 1)).toBeCloseTo(1 - 0.7 * 0.9, 1);
    expect(share(sign!.data, (x) => x === -1)).toBeCloseTo(0.1, 1);
  });
});

test("ONNX Runtime computes what the reference computes, all changes at once", async () => {
  const size = { batchSize: 3, channels: 2, height: 12, width: 16 };
  const config = certain({
    ...standardAugmentation,
    rotation: { probability: 1, degrees: 20 },
    elastic: { probability: 1, pixels: 2 },
    blur: { probability: 1, low: 0.5, high: 1 },
    gamma: { probability: 1, negativeProbability: 0.5, low: 0.7, high: 1.5 },
    bias: { probability: 1, strength: 0.3 },
  });
  const { image, labels } = graph(config, size);
  const random = makeRandom(9, "source");
  const x = Float32Array.from({ length: 3 * 2 * 12 * 16 }, random.normal);
  const y = Float32Array.from({ length: 3 * 12 * 16 }, () => random.integer(4));
  const draws = drawn(config, size);
  const program = await runtime.load(buildModel({ outputs: { changed: image, moved: labels } }));
  const tensor = (shape: readonly number[], data: Float32Array): Tensor => ({
    dtype: "float32",
    shape,
    data,
  });
  const found = await program.run({
    image: tensor([3, 2, 12, 16], x),
    labels: tensor([3, 12, 16], y),
    ...Object.fromEntries(
      Object.entries(draws).map(([name, { shape, data }]) => [name, tensor(shape, data)]),
    ),
  });
  await program.dispose();
  const expected = run(config, draws, { image: Array.from(x), labels: Array.from(y) }, size);
  expect(relativeError(float32Of(found, "changed"), expected.image)).toBeLessThan(1e-4);
  const moved = Array.from(float32Of(found, "moved"));
  // A place between two pixels may be rounded either way.
  const other = moved.filter((label, i) => label !== expected.labels[i]).length;
  expect(other / moved.length).toBeLessThan(0.01);
});
