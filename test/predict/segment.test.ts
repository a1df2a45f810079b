import { describe, expect, it } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import type { Affine } from "../../src/nifti/affine.ts";
import { makeNodeRuntime } from "../../src/node/runtime.ts";
import { type ModelCard, PLAIN_INPUT } from "../../src/predict/card.ts";
import { exportModel } from "../../src/predict/export.ts";
import { makeCanvas } from "../../src/predict/fit.ts";
import { makePredictor } from "../../src/predict/predictor.ts";
import { segmentVolume } from "../../src/predict/segment.ts";
import { specifyNetwork } from "../../src/unet/network.ts";
import { initialParameters, initialStatistics } from "../../src/unet/parameters.ts";
import { type AxisCodes, parseAxisCodes, reorient } from "../../src/volume/orient.ts";
import type { IntensityVolume } from "../../src/volume/volume.ts";
import { makeCard, TINY_UNET } from "../support/model-card.ts";
import { hipErrorOf } from "../support/nifti.ts";

const runtime = makeNodeRuntime({ threads: 1 });
const FACTS = { name: "x.nii", isPlaced: true, hasSpacing: true };

function cardOf(input: Partial<ModelCard["input"]>, channels = 1): ModelCard {
  return makeCard({
    unet: { ...TINY_UNET, inChannels: channels },
    input: {
      mode: "pad",
      normalise: "zscore",
      over: "volume",
      canvas: { width: 8, height: 8 },
      ...PLAIN_INPUT,
      ...input,
    },
  });
}

function predictorOf(card: ModelCard) {
  const { input } = makeCanvas(card.unet, card.input.canvas);
  const spec = specifyNetwork(card.unet, [1, card.unet.inChannels, input.height, input.width]);
  const weights = {
    parameters: initialParameters(spec.parameters, { seed: 4, initialisation: "he" }),
    statistics: initialStatistics(spec.statistics),
  };
  return makePredictor(runtime, exportModel(card, spec, weights), "model.onnx");
}

/** Oblique: 20 degrees about the head axis, unequal spacings. */
const AFFINE: Affine = [
  [1.4 * Math.cos(0.35), -2 * Math.sin(0.35), 0, -31],
  [1.4 * Math.sin(0.35), 2 * Math.cos(0.35), 0, 12],
  [0, 0, 3, -7],
  [0, 0, 0, 1],
];

const random = makeRandom(5, "volume");
const VOLUME: IntensityVolume = {
  kind: "intensity",
  grid: { shape: [9, 12, 7], spacingMm: [1.4, 2, 3], affine: AFFINE },
  data: Float32Array.from({ length: 9 * 12 * 7 }, () => random.normal()),
};

const ALL_CODES: readonly AxisCodes[] = ["L", "R", "A", "P", "S", "I"].flatMap((a) =>
  ["L", "R", "A", "P", "S", "I"].flatMap((b) =>
    ["L", "R", "A", "P", "S", "I"].flatMap((c) => parseAxisCodes(a + b + c) ?? []),
  ),
);

describe("segmentVolume()", () => {
  it.each([
    ["coronal", { orientation: "LSP" }, 1],
    ["coronal with resampling", { orientation: "LSP", spacingMm: { width: 1.1, height: 2.2 } }, 1],
    ["axial with neighbours", { orientation: "LPS", neighbours: 1 }, 3],
    ["sagittal, by slice", { orientation: "PSL", over: "slice" }, 1],
  ] as const)(
    "gives one and the same mask for all 48 orientations of a volume: %s",
    async (_, input, channels) => {
      expect(ALL_CODES).toHaveLength(48);
      const predictor = await predictorOf(cardOf(input, channels));
      const { mask } = await segmentVolume(predictor, VOLUME, FACTS);
      expect(mask.grid).toBe(VOLUME.grid);
      expect(new Set(mask.data).size).toBeGreaterThan(1);
      for (const codes of ALL_CODES) {
        const turned = reorient(VOLUME, codes);
        const { mask: found } = await segmentVolume(predictor, turned, FACTS);
        expect(found.grid).toBe(turned.grid);
        expect(found.data, codes).toEqual(reorient(mask, codes).data);
      }
      await predictor.dispose();
    },
  );

  it("sees a volume as its slices: a coronal model's mask is that of its coronal slices", async () => {
    const predictor = await predictorOf(cardOf({ orientation: "LSP", over: "slice" }));
    const { mask } = await segmentVolume(predictor, VOLUME, FACTS);
    const slices = reorient(VOLUME, "LSP");
    const [width, height, depth] = slices.grid.shape;
    const expected = reorient(mask, "LSP").data;
    for (let i = 0; i < depth; i++) {
      const image = slices.data.slice(i * width * height, (i + 1) * width * height);
      const alone = await predictor.predict({ width, height, depth: 1, image });
      expect(alone).toEqual(expected.subarray(i * width * height, (i + 1) * width * height));
    }
    await predictor.dispose();
  });

  it("resamples to the training slices' spacing, but not by a guessed one", async () => {
    const spacingMm = { width: 0.7, height: 3 };
    const predictor = await predictorOf(cardOf({ orientation: "LSP", spacingMm }));
    const plain = await predictorOf(cardOf({ orientation: "LSP" }));
    const guessed = { ...FACTS, hasSpacing: false };
    const { mask } = await segmentVolume(predictor, VOLUME, FACTS);
    const { mask: asItIs } = await segmentVolume(plain, VOLUME, FACTS);
    expect(mask.data).not.toEqual(asItIs.data);
    expect((await segmentVolume(predictor, VOLUME, guessed)).mask.data).toEqual(asItIs.data);
    // Within a percent is the same.
    const near = await predictorOf(cardOf({ orientation: "LSP", spacingMm: { width: 1.41, height: 2.99 } }));
    expect((await segmentVolume(near, VOLUME, FACTS)).mask.data).toEqual(asItIs.data);
    for (const each of [predictor, plain, near]) await each.dispose();
  });

  it("refuses a volume where the model does not know its plane, and takes a slice", async () => {
    const predictor = await predictorOf(cardOf({ orientation: null }));
    expect(await hipErrorOf(() => segmentVolume(predictor, VOLUME, FACTS))).toEqual({
      code: "bad-image",
      message:
        'Cannot segment "x.nii": the model was trained on single slices whose plane it does not know and takes images of 2 axes, got a volume of [9, 12, 7]',
      hint: "Train with input.plane set to axial, coronal or sagittal, or cut the volume into slices as the training data were",
    });
    const grid = { ...VOLUME.grid, shape: [9, 12, 1] } as const;
    const slice = { ...VOLUME, grid, data: VOLUME.data.slice(0, 108) };
    expect((await segmentVolume(predictor, slice, FACTS)).mask.data).toHaveLength(108);
    await predictor.dispose();
  });

  it("tells how many slices are done, and stops when asked", async () => {
    const predictor = await predictorOf(cardOf({ orientation: "LSP" }));
    const seen: string[] = [];
    await segmentVolume(predictor, VOLUME, FACTS, {
      onProgress: (done, total) => seen.push(`${done}/${total}`),
    });
    expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => `${i + 1}/12`));
    const stop = new AbortController();
    stop.abort();
    await expect(segmentVolume(predictor, VOLUME, FACTS, { signal: stop.signal })).rejects.toThrow(/abort/i);
    await predictor.dispose();
  });
});
