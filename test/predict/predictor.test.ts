import { describe, expect, it } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import { makeNodeRuntime } from "../../src/node/runtime.ts";
import { type ModelCard, PLAIN_INPUT } from "../../src/predict/card.ts";
import { exportModel } from "../../src/predict/export.ts";
import { makeCanvas } from "../../src/predict/fit.ts";
import { makePredictor, type SliceStack } from "../../src/predict/predictor.ts";
import { specifyNetwork } from "../../src/unet/network.ts";
import { initialParameters, initialStatistics } from "../../src/unet/parameters.ts";
import { makeCard, TINY_UNET } from "../support/model-card.ts";

const runtime = makeNodeRuntime({ threads: 1 });

function modelOf(card: ModelCard): Uint8Array {
  const { input } = makeCanvas(card.unet, card.input.canvas);
  const spec = specifyNetwork(card.unet, [1, 1, input.height, input.width]);
  return exportModel(card, spec, {
    parameters: initialParameters(spec.parameters, { seed: 4, initialisation: "he" }),
    statistics: initialStatistics(spec.statistics),
  });
}

function drawStack(width: number, height: number, depth: number): SliceStack {
  const random = makeRandom(9, "stack");
  return {
    width,
    height,
    depth,
    image: Float32Array.from({ length: width * height * depth }, () => random.normal()),
  };
}

async function apply(card: ModelCard, stack: SliceStack) {
  const predictor = await makePredictor(runtime, modelOf(card), "model.onnx");
  const scores: Float32Array[] = [];
  const labels = await predictor.predict(stack, {
    onSlice(slice, of) {
      expect(slice).toBe(scores.length);
      scores.push(of.slice());
    },
  });
  await predictor.dispose();
  return { labels, scores };
}

describe("predict()", () => {
  it("tiles seamlessly: an unpadded network's overlapping tiles equal one pass over the whole image", async () => {
    const unet = { ...TINY_UNET, padding: "valid", classes: 3 } as const;
    const labels = [0, 1, 2].map((id) => ({ id, name: `label_${id}` }));
    const card = (width: number, height: number) =>
      makeCard({
        unet,
        labels,
        input: { mode: "pad", normalise: "zscore", over: "slice", canvas: { width, height }, ...PLAIN_INPUT },
      });
    const stack = drawStack(32, 48, 2);
    const whole = await apply(card(32, 48), stack);
    const tiled = await apply(card(16, 16), stack);
    for (const [slice, scores] of whole.scores.entries()) {
      const largest = scores.reduce(
        (max, value, i) => Math.max(max, Math.abs(value - tiled.scores[slice]![i]!)),
        0,
      );
      expect(largest).toBeLessThan(1e-5);
    }
    expect(tiled.labels).toEqual(whole.labels);
  });

  it("gives label ids, not class indices, on the image's own size", async () => {
    const labels = [0, 3, 200].map((id) => ({ id, name: `label_${id}` }));
    const card = makeCard({ unet: { ...TINY_UNET, classes: 3 }, labels });
    const { labels: result, scores } = await apply(card, drawStack(11, 9, 3));
    expect(result).toHaveLength(11 * 9 * 3);
    expect([0, 3, 200]).toEqual(expect.arrayContaining([...new Set(result)]));
    expect(new Set(result).size).toBeGreaterThan(1);
    const pixels = 11 * 9;
    const best = [0, 1, 2].sort((a, b) => scores[1]![b * pixels + 20]! - scores[1]![a * pixels + 20]!)[0]!;
    expect(result[pixels + 20]).toBe(labels[best]!.id);
  });

  it("gives each slice the same result alone as in a stack", async () => {
    const stack = drawStack(12, 10, 3);
    const card = makeCard();
    const together = await apply(card, stack);
    const second = stack.image.slice(120, 240);
    const alone = await apply(card, { ...stack, depth: 1, image: second });
    expect(alone.labels).toEqual(together.labels.slice(120, 240));
  });

  it("z-scores a volume as a whole where the model was trained so", async () => {
    const stack = drawStack(12, 10, 2);
    stack.image.subarray(120).forEach((value, i) => {
      stack.image[120 + i] = 5 * value + 30;
    });
    const input = {
      mode: "pad",
      normalise: "zscore",
      canvas: { width: 12, height: 10 },
      ...PLAIN_INPUT,
    } as const;
    const bySlice = await apply(makeCard({ input: { ...input, over: "slice" } }), stack);
    const byVolume = await apply(makeCard({ input: { ...input, over: "volume" } }), stack);
    expect(byVolume.scores[1]).not.toEqual(bySlice.scores[1]);
    // Brightness and contrast of a whole image change nothing but rounding.
    const brighter = { ...stack, image: stack.image.map((value) => 3 * value + 7) };
    const again = await apply(makeCard({ input: { ...input, over: "volume" } }), brighter);
    byVolume.scores[0]!.forEach((value, i) => {
      expect(again.scores[0]![i]).toBeCloseTo(value, 3);
    });
  });

  it("stretches to the canvas and back where the model was trained so", async () => {
    const input = {
      mode: "resize",
      normalise: "zscore",
      over: "slice",
      canvas: { width: 16, height: 16 },
      ...PLAIN_INPUT,
    } as const;
    const { labels, scores } = await apply(makeCard({ input }), drawStack(24, 10, 2));
    expect(labels).toHaveLength(24 * 10 * 2);
    expect(scores[0]).toHaveLength(6 * 24 * 10);
  });
});

it("makePredictor() refuses what is no model of ours", async () => {
  await expect(makePredictor(runtime, Uint8Array.of(1, 2, 3), "x.onnx")).rejects.toMatchObject({
    code: "bad-model",
  });
});
