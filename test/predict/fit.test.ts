import { describe, expect, it } from "vitest";
import {
  makeCanvas,
  mirror,
  placeImage,
  placeLabels,
  tileStarts,
  tileWeights,
} from "../../src/predict/fit.ts";
import { presets } from "../../src/unet/presets.ts";

const same = { ...presets.seed, levels: 1, baseWidth: 2 };

describe("makeCanvas()", () => {
  it("is the image's own size where that fits a padded network, else the next multiple", () => {
    expect(makeCanvas(presets.pelvis, { width: 256, height: 144 }).input).toEqual({
      width: 256,
      height: 144,
    });
    expect(makeCanvas(presets.pelvis, { width: 50, height: 35 }).input).toEqual({ width: 64, height: 48 });
  });
  it("gives Ronneberger's 572 x 572 for a result of 388 x 388", () => {
    const size = { width: 388, height: 388 };
    expect(makeCanvas(presets.ronneberger, size)).toEqual({
      input: { width: 572, height: 572 },
      output: size,
    });
  });
});

describe("tileStarts()", () => {
  it("centres one tile on a smaller image", () => {
    expect(tileStarts(10, 16)).toEqual([-3]);
    expect(tileStarts(16, 16)).toEqual([0]);
  });
  it("covers a larger image from edge to edge with tiles that overlap by at least a half", () => {
    for (const [extent, tile] of [
      [17, 16],
      [40, 16],
      [100, 32],
      [257, 64],
    ] as const) {
      const starts = tileStarts(extent, tile);
      expect(starts[0]).toBe(0);
      expect(starts.at(-1)! + tile).toBe(extent);
      for (const [i, start] of starts.slice(1).entries())
        expect(start - starts[i]!).toBeLessThanOrEqual(tile / 2);
    }
  });
});

it("tileWeights() is highest in the middle and never 0", () => {
  const [a, b, c, d] = tileWeights(4);
  expect([a, b]).toEqual([d, c]);
  expect(a! / b!).toBeCloseTo(Math.exp(-4));
  expect(Math.min(...tileWeights(33))).toBeGreaterThan(0);
});

it("mirror() does not repeat the border pixel and bounces as often as needed", () => {
  // ... 2 1 | 0 1 2 3 | 2 1 0 1 ...
  expect([-2, -1, 0, 3, 4, 5, 6, 7].map((i) => mirror(i, 4))).toEqual([2, 1, 0, 3, 2, 1, 0, 1]);
  expect(mirror(-5, 1)).toBe(0);
});

describe("placeImage() and placeLabels()", () => {
  // A slice of 3 x 2 pixels:  1 2 3
  //                           4 5 6
  const slice = Float32Array.of(1, 2, 3, 4, 5, 6);
  const size = { width: 3, height: 2 };
  const asIs = { shift: 0, scale: 1 };

  it("centre the slice, scale it and fill with zeros in a padded network", () => {
    const canvas = makeCanvas(same, { width: 5, height: 2 }); // 6 x 2
    const batch = new Float32Array(12).fill(9);
    const placement = { canvas, x: tileStarts(3, 6)[0]!, y: 0, isMirrored: false };
    placeImage(slice, size, { shift: 1, scale: 2 }, placement, { batch, offset: 0 });
    expect([...batch]).toEqual([0, 0, 2, 4, 0, 0, 0, 6, 8, 10, 0, 0]);
  });

  it("show an unpadded network the margin mirrored, as Ronneberger's Figure 2", () => {
    const canvas = { input: { width: 7, height: 4 }, output: size };
    const batch = new Float32Array(28);
    placeImage(slice, size, asIs, { canvas, x: 0, y: 0, isMirrored: true }, { batch, offset: 0 });
    const upper = [3, 2, 1, 2, 3, 2, 1];
    const lower = [6, 5, 4, 5, 6, 5, 4];
    expect([...batch]).toEqual([...lower, ...upper, ...lower, ...upper]);
  });

  it("cut a tile out of a larger slice", () => {
    const canvas = { input: { width: 2, height: 2 }, output: { width: 2, height: 2 } };
    const batch = new Float32Array(4);
    placeImage(slice, size, asIs, { canvas, x: 1, y: 0, isMirrored: false }, { batch, offset: 0 });
    expect([...batch]).toEqual([2, 3, 5, 6]);
  });

  it("map label ids to class indices and mark what lies outside the image", () => {
    const canvas = { input: { width: 4, height: 3 }, output: { width: 4, height: 3 } };
    const classOf = new Uint8Array(256).fill(255);
    classOf.set([0, 1], 0);
    classOf[7] = 2;
    const batch = new Uint8Array(12);
    const labels = Uint8Array.of(0, 1, 7, 7, 1, 0);
    placeLabels(
      labels,
      size,
      { canvas, x: -1, y: 0, isMirrored: false },
      { batch, offset: 0, classOf, outside: 255 },
    );
    expect([...batch]).toEqual([255, 0, 1, 2, 255, 2, 1, 0, 255, 255, 255, 255]);
  });
});
