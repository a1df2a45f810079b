import { describe, expect, test } from "vitest";
import { fitText, glyphsOf, textWidthPx } from "../../src/plot/font.ts";
import {
  drawContours,
  drawDifference,
  drawGrey,
  drawText,
  intensityWindow,
  makeRaster,
  overlayLabels,
  type Panel,
  type Raster,
} from "../../src/plot/raster.ts";

const BLACK = [0, 0, 0] as const;

function pixel(raster: Raster, x: number, y: number): number[] {
  return [...raster.rgb.subarray((y * raster.width + x) * 3, (y * raster.width + x) * 3 + 3)];
}

function panel(width: number, height: number, factor = 1, flipVertical = false): Panel {
  return { box: { x: 0, y: 0, width: width * factor, height: height * factor }, width, height, flipVertical };
}

describe("grey images", () => {
  test("are windowed: low is black, high white, outside is clipped, between is linear", () => {
    const raster = makeRaster(5, 1, BLACK);
    drawGrey(raster, panel(5, 1), Float32Array.of(-10, 0, 60, 100, 900), { low: 0, high: 100 });
    expect([0, 1, 2, 3, 4].map((x) => pixel(raster, x, 0)[0])).toEqual([0, 0, 153, 255, 255]);
  });

  test("a constant image is mid-grey and NaN black", () => {
    const raster = makeRaster(2, 1, BLACK);
    const image = Float32Array.of(7, Number.NaN);
    drawGrey(raster, panel(2, 1), image, intensityWindow(image));
    expect(pixel(raster, 0, 0)).toEqual([128, 128, 128]);
    expect(pixel(raster, 1, 0)).toEqual([0, 0, 0]);
  });

  test("the window is the 1st and the 99th percentile of what is finite", () => {
    const image = Float32Array.from({ length: 102 }, (_, i) => (i === 101 ? Number.POSITIVE_INFINITY : i));
    expect(intensityWindow(image)).toEqual({ low: 1, high: 99 });
    expect(intensityWindow(Float32Array.of(Number.NaN))).toEqual({ low: 0, high: 1 });
  });

  test("are enlarged by nearest neighbour, and flipped so that row 0 is at the bottom", () => {
    const raster = makeRaster(4, 4, BLACK);
    drawGrey(raster, panel(2, 2, 2, true), Float32Array.of(0, 85, 170, 255), { low: 0, high: 255 });
    const rows = [0, 1, 2, 3].map((y) => [0, 1, 2, 3].map((x) => pixel(raster, x, y)[0]));
    expect(rows).toEqual([
      [170, 170, 255, 255],
      [170, 170, 255, 255],
      [0, 0, 85, 85],
      [0, 0, 85, 85],
    ]);
  });

  test("a source of another length and a box outside the canvas are refused", () => {
    const raster = makeRaster(4, 4, BLACK);
    const window = { low: 0, high: 1 };
    expect(() => drawGrey(raster, panel(2, 2), new Float32Array(3), window)).toThrow(
      new RangeError("Panel of 2 x 2 needs 4 values, got 3"),
    );
    expect(() => drawGrey(raster, panel(5, 1), new Float32Array(5), window)).toThrow(
      new RangeError("Box 5 x 1 at 0, 0 leaves the raster of 4 x 4"),
    );
  });
});

describe("labels", () => {
  test("an overlay mixes the label's colour in by its opacity and leaves the background alone", () => {
    const raster = makeRaster(2, 1, [100, 100, 100]);
    overlayLabels(raster, panel(2, 1), Uint8Array.of(0, 4), 0.5);
    expect(pixel(raster, 0, 0)).toEqual([100, 100, 100]);
    // Rectum is (213, 94, 0): halfway from 100.
    expect(pixel(raster, 1, 0)).toEqual([157, 97, 50]);
  });

  test("a contour is the label's rim, inside it; the edge of the slice is none", () => {
    const raster = makeRaster(5, 4, BLACK);
    // A 3x3 square of prostate that touches the lower edge.
    // biome-ignore format: rows of the picture
    drawContours(raster, panel(5, 4), Uint8Array.of(
      0, 0, 0, 0, 0,
      0, 5, 5, 5, 0,
      0, 5, 5, 5, 0,
      0, 5, 5, 5, 0,
    ));
    const drawn = [0, 1, 2, 3].map((y) =>
      [0, 1, 2, 3, 4].map((x) => (pixel(raster, x, y).join() === "0,138,96" ? "#" : ".")).join(""),
    );
    expect(drawn).toEqual([".....", ".###.", ".#.#.", ".#.#."]);
  });

  test("a dashed contour is cut into pieces of one colour", () => {
    const raster = makeRaster(16, 16, BLACK);
    const square = Uint8Array.from({ length: 256 }, (_, i) =>
      i % 16 > 0 && i % 16 < 15 && i > 15 && i < 240 ? 5 : 0,
    );
    drawContours(raster, panel(16, 16), square, { dashed: [255, 255, 255] });
    const upper = Array.from({ length: 14 }, (_, x) => (pixel(raster, x + 1, 1)[0] === 255 ? "#" : ".")).join(
      "",
    );
    expect(upper).toBe("###....####...");
  });

  test("the difference map tells correct, missed, false and wrong label apart", () => {
    const raster = makeRaster(5, 1, BLACK);
    drawDifference(raster, panel(5, 1), Uint8Array.of(0, 2, 3, 0, 5), Uint8Array.of(0, 2, 0, 1, 4));
    expect([0, 1, 2, 3, 4].map((x) => pixel(raster, x, 0))).toEqual([
      [0, 0, 0],
      [74, 74, 74],
      [240, 168, 40],
      [61, 125, 255],
      [255, 255, 255],
    ]);
  });
});

describe("text", () => {
  test("is drawn glyph by glyph, with a column between", () => {
    const raster = makeRaster(11, 9, BLACK);
    drawText(raster, "Tl", { x: 0, y: 0, scale: 1, colour: [255, 255, 255] });
    const drawn = Array.from({ length: 9 }, (_, y) =>
      Array.from({ length: 11 }, (_, x) => (pixel(raster, x, y)[0] === 255 ? "#" : ".")).join(""),
    );
    expect(drawn).toEqual([
      "#####..##..",
      "..#.....#..",
      "..#.....#..",
      "..#.....#..",
      "..#.....#..",
      "..#.....#..",
      "..#....###.",
      "...........",
      "...........",
    ]);
  });

  test("what leaves the canvas is cut, not written into the next row", () => {
    const raster = makeRaster(4, 9, BLACK);
    drawText(raster, "--", { x: 2, y: 0, scale: 1, colour: [255, 255, 255] });
    const lit = Array.from({ length: 36 }, (_, i) => i).filter((i) => raster.rgb[i * 3] === 255);
    expect(lit).toEqual([3 * 4 + 3]);
  });

  test("accents are dropped, and a character the font lacks is a box", () => {
    expect(glyphsOf("é")).toEqual(glyphsOf("e"));
    expect(glyphsOf("×")).toEqual(glyphsOf("x"));
    expect(glyphsOf("中")).toEqual([Uint8Array.of(31, 17, 17, 17, 17, 17, 31, 0, 0)]);
  });

  test("text that is too wide is cut with two dots and then fits", () => {
    expect(textWidthPx("abc", 2)).toBe(34);
    expect(fitText("prostate", 47, 1)).toBe("prostate");
    expect(fitText("prostate", 46, 1)).toBe("prost..");
    expect(textWidthPx(fitText("prostate", 46, 1), 1)).toBeLessThanOrEqual(46);
    expect(fitText("prostate", 3, 1)).toBe("");
  });
});
