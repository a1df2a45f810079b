import { expect, test } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import { sizeOf } from "../../src/graph/value.ts";
import { readModelMetadata } from "../../src/onnx/model.ts";
import { type ModelCard, readModelCard } from "../../src/predict/card.ts";
import { exportModel } from "../../src/predict/export.ts";
import { observeRanges } from "../../src/predict/quantise.ts";
import { float32Of, type Tensors } from "../../src/runtime/runtime.ts";
import type { UnetConfig } from "../../src/unet/config.ts";
import { specifyNetwork } from "../../src/unet/network.ts";
import { initialParameters, initialStatistics } from "../../src/unet/parameters.ts";
import { presets } from "../../src/unet/presets.ts";
import { runtime } from "../support/check.ts";
import { makeCard } from "../support/model-card.ts";

const SMALL = { levels: 2, baseWidth: 8, maxWidth: 32 } as const;
const networks: Readonly<Record<string, UnetConfig>> = {
  "without a norm": { ...presets.seed, ...SMALL },
  "with instance norm": { ...presets.pelvis, ...SMALL },
  "with batch norm after its activations": { ...presets.sakboonyara, ...SMALL },
  "with batch norm before them": { ...presets.kaggle, ...SMALL },
  "without padding": { ...presets.ronneberger, ...SMALL },
  "of residual blocks with gates": { ...presets.pelvis, ...SMALL, blockKind: "residual", attention: true },
};

function setUp(unet: UnetConfig, changes: Partial<ModelCard> = {}) {
  const canvas = unet.padding === "same" ? { width: 32, height: 24 } : { width: 36, height: 20 };
  const card = makeCard({ unet, input: { ...makeCard().input, canvas }, ...changes });
  const spec = specifyNetwork(unet, [1, 1, 96, 96]);
  const parameters = initialParameters(spec.parameters, { seed: 1, initialisation: "he" });
  const random = makeRandom(5, "weights");
  // Scales, biases and statistics that would be 1 or 0 at the start are not.
  for (const { kind, offset, shape } of spec.parameters) {
    if (kind === "weight") continue;
    for (let i = offset; i < offset + sizeOf(shape); i++) parameters[i]! += random.between(-0.3, 0.3);
  }
  const statistics = initialStatistics(spec.statistics).map((value) => value + random.between(-0.3, 0.3));
  const weights = { parameters, statistics };
  return { card, spec, weights };
}

function images(count: number, seed: number): Tensors {
  const random = makeRandom(seed, "images");
  const shape = [count, 1, 60, 76];
  // Structures of several sizes, and noise, which alone differs from image to image.
  const data = Float32Array.from({ length: count * 60 * 76 }, (_, i) => {
    const [row, column] = [Math.floor(i / 76), i % 76];
    return Math.sin(row / 9) + Math.cos(column / 7) + Math.sin((row + column) / 3) + 0.2 * random.normal();
  });
  return { image: { dtype: "float32", shape, data } };
}

async function logitsOf(bytes: Uint8Array, feeds: Tensors): Promise<Float32Array> {
  const program = await runtime.load(bytes);
  try {
    return float32Of(await program.run(feeds), "logits");
  } finally {
    await program.dispose();
  }
}

const norm = (all: Float32Array): number => Math.sqrt(all.reduce((sum, x) => sum + x * x, 0));

/** Weights drawn at random make scores that nearly cancel out; those that are scaled anew by norms most. */
const LARGEST_ERROR = { none: 0.06, batch: 0.06, instance: 0.16 } as const;

test.each(Object.entries(networks))("a network %s keeps its scores in 8-bit integers", async (_, unet) => {
  const { card, spec, weights } = setUp(unet);
  const observation = observeRanges(card, spec, weights);
  const observer = await observation.observing(runtime).load(observation.bytes);
  const seen = images(2, 1);
  // The observed model is the model.
  const exact = await logitsOf(exportModel(card, spec, weights), seen);
  const observed = float32Of(await observer.run(seen), "logits");
  expect(norm(observed.map((x, i) => x - exact[i]!)) / norm(exact)).toBeLessThan(1e-5);
  await observer.dispose();

  const bytes = observation.exportQuantised(card);
  // Other images, another batch.
  const others = images(3, 2);
  const [expected, found] = [
    await logitsOf(exportModel(card, spec, weights), others),
    await logitsOf(bytes, others),
  ];
  const error = norm(found.map((x, i) => x - expected[i]!)) / norm(expected);
  expect(error).toBeGreaterThan(1e-4);
  expect(error).toBeLessThan(LARGEST_ERROR[unet.normalisation]);
});

test("the model carries its card and what stands beside it, and is the same each time", async () => {
  const { card, spec, weights } = setUp(networks["without a norm"]!);
  const build = async (): Promise<Uint8Array> => {
    const observation = observeRanges(card, spec, weights);
    const observer = await observation.observing(runtime).load(observation.bytes);
    await observer.run(images(1, 1));
    await observer.dispose();
    return observation.exportQuantised(
      { ...card, inference: { ...card.inference, precision: "int8" } },
      { passport: "{}" },
    );
  };
  const [first, second] = [await build(), await build()];
  expect(first).toEqual(second);
  expect(readModelMetadata(first)).toMatchObject({ passport: "{}" });
  expect(readModelCard(first, "model.onnx").inference.precision).toBe("int8");
  // A byte a weight instead of four.
  expect(first.length).toBeLessThan(exportModel(card, spec, weights).length / 2);
});

test("mirrored copies are rounded, too, and their weights stored once", async () => {
  const plain = setUp(networks["without a norm"]!);
  const inference = { ...makeCard().inference, mirrored: ["width" as const] };
  const { card, spec, weights } = setUp(networks["without a norm"]!, { inference });
  const rounded = async (own: ModelCard): Promise<Uint8Array> => {
    const observation = observeRanges(own, spec, weights);
    const observer = await observation.observing(runtime).load(observation.bytes);
    await observer.run(images(1, 1));
    await observer.dispose();
    return observation.exportQuantised(own);
  };
  const bytes = await rounded(card);
  const [expected, found] = [
    await logitsOf(exportModel(card, spec, weights), images(2, 2)),
    await logitsOf(bytes, images(2, 2)),
  ];
  const error = norm(found.map((x, i) => x - expected[i]!)) / norm(expected);
  expect(error).toBeGreaterThan(1e-4);
  expect(error).toBeLessThan(LARGEST_ERROR.none);
  // The nodes of the second copy, not its weights.
  const one = await rounded(plain.card);
  expect(bytes.length - one.length).toBeLessThan(0.5 * one.length);
});

test("no network is rounded before an image was seen", () => {
  const { card, spec, weights } = setUp(networks["without a norm"]!);
  expect(() => observeRanges(card, spec, weights).exportQuantised(card)).toThrow("before any image was seen");
});
