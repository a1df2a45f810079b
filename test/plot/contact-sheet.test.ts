import { decode } from "fast-png";
import { describe, expect, test } from "vitest";
import { contactSheet, panelSize, type SheetRow } from "../../src/plot/contact-sheet.ts";
import { rasterToPng, toBase64 } from "../../src/plot/png.ts";
import type { Raster } from "../../src/plot/raster.ts";
import { HIPMRI_LABELS } from "../../src/volume/volume.ts";

const WIDTH = 64;
const HEIGHT = 32;

/** Prostate in the upper rows (high row numbers), predicted half as wide, over a dark image with one bright half. */
function row(truth: boolean): SheetRow {
  const image = new Float32Array(WIDTH * HEIGHT);
  const mask = new Uint8Array(WIDTH * HEIGHT);
  const prediction = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      image[y * WIDTH + x] = y >= HEIGHT / 2 ? 100 : 0;
      if (y >= 24) mask[y * WIDTH + x] = 5;
      if (y >= 24 && x < WIDTH / 2) prediction[y * WIDTH + x] = 5;
    }
  }
  return {
    title: "slice 7",
    width: WIDTH,
    height: HEIGHT,
    image,
    truth: truth ? mask : undefined,
    prediction,
    spacingMm: [1, 1],
  };
}

const at = (sheet: Raster, x: number, y: number): number[] => [
  ...sheet.rgb.subarray((y * sheet.width + x) * 3, (y * sheet.width + x) * 3 + 3),
];

// Margin 16, columns of 320 with 12 between, heading and row title of 26 each.
const LEFT = [16, 348, 680, 1012];
const TOP = 68;

describe("contactSheet", () => {
  const sheet = contactSheet([row(true)], { labels: HIPMRI_LABELS, flipVertical: true });

  test("has four columns, a title, a heading and two lines of legend", () => {
    expect(sheet.width).toBe(16 + 4 * 320 + 3 * 12 + 16);
    expect(sheet.height).toBe(16 + 26 + 26 + 160 + 12 + 2 * 26 + 16);
    expect(sheet.rgb.length).toBe(sheet.width * sheet.height * 3);
  });

  test("superior is up: the last rows of the image are at the top of the panel", () => {
    expect(at(sheet, LEFT[0]! + 5, TOP + 2)).toEqual([255, 255, 255]);
    expect(at(sheet, LEFT[0]! + 5, TOP + 157)).toEqual([0, 0, 0]);
    const unflipped = contactSheet([row(true)], { labels: HIPMRI_LABELS });
    expect(at(unflipped, LEFT[0]! + 5, TOP + 2)).toEqual([0, 0, 0]);
  });

  test("truth and prediction lie over the image, the difference stands alone", () => {
    // White mixed with 40 % of prostate's (0, 138, 96).
    expect(at(sheet, LEFT[1]! + 300, TOP + 10)).toEqual([153, 208, 191]);
    expect(at(sheet, LEFT[2]! + 300, TOP + 10)).toEqual([255, 255, 255]);
    expect(at(sheet, LEFT[3]! + 10, TOP + 10)).toEqual([74, 74, 74]);
    expect(at(sheet, LEFT[3]! + 300, TOP + 10)).toEqual([240, 168, 40]);
    expect(at(sheet, LEFT[3]! + 10, TOP + 150)).toEqual([0, 0, 0]);
  });

  test("the legend's first swatch is body's, the second line's that of correct pixels", () => {
    const legend = TOP + 160 + 12;
    expect(at(sheet, 16 + 5, legend + 5)).toEqual([141, 160, 179]);
    expect(at(sheet, 16 + 5, legend + 26 + 5)).toEqual([74, 74, 74]);
  });

  test("without any truth there are two columns and no legend of differences", () => {
    const plain = contactSheet([row(false)], { labels: HIPMRI_LABELS });
    expect([plain.width, plain.height]).toEqual([16 + 2 * 320 + 12 + 16, 16 + 26 + 26 + 160 + 12 + 26 + 16]);
  });

  test("one row without a truth beside one with: its panel says so instead of showing a difference", () => {
    const mixed = contactSheet([row(true), row(false)], { labels: HIPMRI_LABELS });
    const second = TOP + 160 + 12 + 26;
    const panel = Array.from({ length: 160 * 320 }, (_, i) =>
      at(mixed, LEFT[3]! + (i % 320), second + Math.floor(i / 320)).join(),
    );
    expect(new Set(panel)).toEqual(new Set(["0,0,0", "235,235,235"]));
  });

  test("no row at all still makes a picture, as wide as its headings, with the legend broken into three lines", () => {
    const empty = contactSheet([], { labels: HIPMRI_LABELS });
    // "Prediction" is ten glyphs of 12 less the last gap of 2.
    expect([empty.width, empty.height]).toEqual([16 + 118 + 12 + 118 + 16, 16 + 26 + 3 * 26 + 16]);
  });

  test("columns can be chosen", () => {
    const chosen = contactSheet([row(true)], {
      labels: HIPMRI_LABELS,
      columns: ["image", "truth", "prediction"],
    });
    expect(chosen.width).toBe(16 + 3 * 320 + 2 * 12 + 16);
  });

  test("the PNG holds the same pixels, and equal sheets give equal bytes", () => {
    const png = rasterToPng(sheet);
    expect(Buffer.compare(decode(png).data as Uint8Array, sheet.rgb)).toBe(0);
    const again = rasterToPng(contactSheet([row(true)], { labels: HIPMRI_LABELS, flipVertical: true }));
    expect(Buffer.compare(again, png)).toBe(0);
    expect(toBase64(png)).toBe(Buffer.from(png).toString("base64"));
  });
});

describe("panelSize", () => {
  test("square pixels are enlarged by a whole factor", () => {
    expect(panelSize({ width: 100, height: 50, spacingMm: [2, 2] }, 320)).toEqual({
      width: 300,
      height: 150,
    });
  });
  test("coronal HipMRI pixels keep their shape: the finer spacing counts", () => {
    expect(panelSize({ width: 256, height: 128, spacingMm: [1.68, 1.56] }, 320)).toEqual({
      width: 276,
      height: 128,
    });
  });
  test("a slice that is larger than the panel is not made smaller", () => {
    expect(panelSize({ width: 512, height: 512, spacingMm: [1, 1] }, 320)).toEqual({
      width: 512,
      height: 512,
    });
  });
  test("spacing that is no spacing is refused", () => {
    expect(() => panelSize({ width: 4, height: 4, spacingMm: [1, 0] }, 320)).toThrow(
      new RangeError("Spacing must be positive and finite, got 1 x 0 mm"),
    );
  });
});
