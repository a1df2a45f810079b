import { describe, expect, it } from "vitest";
import type { CaseEntry, DecodedCase } from "../../src/dataset/types.ts";
import { type InputFit, PLAIN_INPUT } from "../../src/predict/card.ts";
import { makeCanvas } from "../../src/predict/fit.ts";
import { type BatchPart, makeBatch, makeSlicePicker, type SliceRef } from "../../src/train/batches.ts";
import { classLookup } from "../../src/train/validation.ts";
import { TINY_UNET } from "../support/model-card.ts";

const entry: CaseEntry = { id: "a", patient: "a", split: "train", files: [] };
const slices: SliceRef[] = Array.from({ length: 10 }, (_, slice) => ({ entry, slice }));
const options = { byLabel: [], batchSize: 4, oversample: 0, seed: 3, shuffle: true };
const draw = (pick: ReturnType<typeof makeSlicePicker>, steps: number, size = 4) =>
  Array.from({ length: steps * size }, (_, i) => pick(Math.floor(i / size), i % size).slice);

describe("makeSlicePicker()", () => {
  it("goes through all slices once a pass, in another order each pass, the same for the same seed", () => {
    const seen = draw(makeSlicePicker(slices, options), 5);
    const passes = [seen.slice(0, 10), seen.slice(10, 20)];
    for (const pass of passes)
      expect([...pass].sort((a, b) => a - b)).toEqual(slices.map(({ slice }) => slice));
    expect(passes[0]).not.toEqual(passes[1]);
    expect(draw(makeSlicePicker(slices, options), 5)).toEqual(seen);
    expect(draw(makeSlicePicker(slices, { ...options, seed: 4 }), 5)).not.toEqual(seen);
  });

  it("does not depend on which steps were asked before, so a resumed run draws the same", () => {
    const whole = makeSlicePicker(slices, { ...options, oversample: 0.5, byLabel: [slices.slice(2, 5)] });
    const late = makeSlicePicker(slices, { ...options, oversample: 0.5, byLabel: [slices.slice(2, 5)] });
    const all = draw(whole, 7);
    expect([0, 1, 2, 3].map((place) => late(6, place).slice)).toEqual(all.slice(24, 28));
  });

  it("keeps the files' order without shuffling", () => {
    expect(draw(makeSlicePicker(slices, { ...options, shuffle: false }), 3)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1,
    ]);
  });

  it("draws the oversampled share from slices that hold a label, each label as often as another", () => {
    const byLabel = [[slices[7]!], slices.slice(0, 3)];
    const pick = makeSlicePicker(slices, { ...options, oversample: 0.5, byLabel });
    const drawn = Array.from({ length: 400 }, (_, step) => [pick(step, 2).slice, pick(step, 3).slice]).flat();
    expect(new Set(drawn)).toEqual(new Set([7, 0, 1, 2]));
    const rare = drawn.filter((slice) => slice === 7).length / drawn.length;
    expect(rare).toBeGreaterThan(0.45);
    expect(rare).toBeLessThan(0.55);
  });
});

describe("makeBatch()", () => {
  const ramps: DecodedCase = {
    entry,
    width: 6,
    height: 4,
    depth: 2,
    spacingMm: [1, 1, 1],
    image: Float32Array.from({ length: 48 }, (_, i) => i),
    mask: Uint8Array.from({ length: 48 }, (_, i) => (i % 3 === 0 ? 9 : 0)),
    grid: {
      shape: [6, 4, 2],
      spacingMm: [1, 1, 1],
      affine: [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
      ],
    },
    orientation: "LPS",
    hasSpacing: true,
    isReversed: false,
    warnings: [],
  };
  const labels = [
    { id: 0, name: "background" },
    { id: 9, name: "label_9" },
  ];
  const make = (
    canvas: { readonly width: number; readonly height: number },
    seed = 1,
    fit: Partial<InputFit> = {},
    decoded: DecodedCase = { ...ramps },
    part: BatchPart = { at: 0, count: 2 },
  ) =>
    makeBatch(
      0,
      part,
      (_, place) => ({ entry, slice: place }),
      () => Promise.resolve(decoded),
      {
        unet: TINY_UNET,
        fit: { mode: "pad", normalise: "zscore", over: "slice", canvas, ...PLAIN_INPUT, ...fit },
        canvas: makeCanvas(TINY_UNET, canvas),
        classOf: classLookup(labels),
        seed,
      },
    );

  it("z-scores each slice, gives class indices and marks what is outside the image as ignored", async () => {
    const { image, labels: classes } = await make({ width: 8, height: 4 });
    expect(image).toHaveLength(2 * 8 * 4);
    const inside = [...image].filter((_, i) => i % 8 >= 1 && i % 8 <= 6);
    expect(inside.slice(0, 24).reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 4);
    expect([...classes.slice(0, 8)]).toEqual([255, 1, 0, 0, 1, 0, 0, 255]);
    // Both slices are ramps: after z-scoring they are the same.
    image.slice(32).forEach((value, i) => {
      expect(value).toBeCloseTo(image[i]!, 4);
    });
  });

  it("gives of a part what the whole batch has there", async () => {
    // Smaller than the slices, so that the tile is drawn too.
    const canvas = { width: 4, height: 4 };
    const whole = await make(canvas, 3);
    const parts = await Promise.all([0, 1].map((at) => make(canvas, 3, {}, { ...ramps }, { at, count: 1 })));
    expect(parts.flatMap(({ image }) => [...image])).toEqual([...whole.image]);
    expect(parts.flatMap(({ labels: classes }) => [...classes])).toEqual([...whole.labels]);
  });

  it("gives neighbouring slices as channels, the outermost ones repeated", async () => {
    const plain = { normalise: "none", neighbours: 1 } as const;
    const { image, labels: classes } = await make({ width: 6, height: 4 }, 1, plain);
    expect(classes).toHaveLength(2 * 4 * 6);
    const channel = (place: number, k: number): number => image[(place * 3 + k) * 24]!;
    // The slices begin with 0 and with 24.
    expect([0, 1, 2].map((k) => channel(0, k))).toEqual([0, 0, 24]);
    expect([0, 1, 2].map((k) => channel(1, k))).toEqual([0, 24, 24]);
  });

  it("cuts the tile of a slice that was drawn for a label about one of its pixels", async () => {
    const height = 40;
    const withOnePixel = (width: number): DecodedCase => {
      const mask = new Uint8Array(width * height);
      mask[33 * width + 5] = 9;
      const image = Float32Array.from({ length: width * height }, (_, i) => i);
      return { ...ramps, width, height, depth: 1, image, mask };
    };
    const holds = async (label: number | undefined, seed: number, decoded: DecodedCase): Promise<boolean> => {
      const canvas = { width: 8, height: 8 };
      const { labels: classes } = await makeBatch(
        0,
        { at: 0, count: 1 },
        () => ({ entry, slice: 0, ...(label === undefined ? {} : { label }) }),
        () => Promise.resolve(decoded),
        {
          unet: TINY_UNET,
          fit: { mode: "pad", normalise: "zscore", over: "slice", canvas, ...PLAIN_INPUT },
          canvas: makeCanvas(TINY_UNET, canvas),
          classOf: classLookup(labels),
          seed,
        },
      );
      // Outside is what a slice that is narrower than the tile leaves of it.
      expect(classes.filter((value) => value === 255)).toHaveLength(8 * Math.max(0, 8 - decoded.width));
      return classes.includes(1);
    };
    const seeds = Array.from({ length: 20 }, (_, seed) => seed);
    const count = async (width: number, label?: number): Promise<number> =>
      (await Promise.all(seeds.map((seed) => holds(label, seed, withOnePixel(width))))).filter(Boolean)
        .length;
    expect(await count(40, 9)).toBe(20);
    expect(await count(6, 9)).toBe(20);
    // Anywhere: the pixel is in few of the tiles.
    expect(await count(40)).toBeLessThan(10);
  });

  it("resamples slices to the wanted spacing: images linearly, labels by nearest neighbour", async () => {
    const spacingMm = { width: 2, height: 1 };
    const coarse = await make({ width: 4, height: 4 }, 1, { normalise: "none", spacingMm });
    // Six pixels of 1 mm become three of 2 mm, the fourth column lies outside.
    expect([...coarse.labels.subarray(0, 4)].at(-1)).toBe(255);
    expect(new Set(coarse.labels)).toEqual(new Set([0, 1, 255]));
    expect(coarse.image[1]).toBeCloseTo(2.5);
    const guessed = { ...ramps, hasSpacing: false };
    const kept = await make({ width: 6, height: 4 }, 1, { normalise: "none", spacingMm }, guessed);
    expect([...kept.image.subarray(0, 6)]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("cuts slices that are larger than the canvas at places drawn from the seed", async () => {
    const cuts = await Promise.all(
      [1, 2, 3, 4, 5].map(async (seed) => (await make({ width: 2, height: 2 }, seed)).image.join()),
    );
    expect(new Set(cuts).size).toBeGreaterThan(1);
    expect((await make({ width: 2, height: 2 }, 1)).image.join()).toBe(cuts[0]);
  });
});
