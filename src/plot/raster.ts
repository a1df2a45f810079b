/**
 * A small RGB canvas for slices and masks. A panel shows a source of `width` x `height` pixels, x fastest, in a box
 * of the canvas by nearest neighbour, so labels stay whole and pixels that are not square keep their shape.
 */
import { percentileOfSorted } from "../core/statistics.ts";
import { DIFFERENCE_COLOURS, labelColour, type Rgb } from "./colours.ts";
import { GLYPH_ADVANCE, GLYPH_HEIGHT, GLYPH_WIDTH, glyphsOf } from "./font.ts";

export interface Raster {
  readonly width: number;
  readonly height: number;
  /** height * width * 3, rows from the top. */
  readonly rgb: Uint8Array;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where a source is drawn. */
export interface Panel {
  readonly box: Box;
  /** Of the source, in its pixels. */
  readonly width: number;
  readonly height: number;
  /** Source row 0 at the bottom. */
  readonly flipVertical: boolean;
}

export interface IntensityWindow {
  /** Drawn black. */
  readonly low: number;
  /** Drawn white. */
  readonly high: number;
}

const DASH_PX = 4;

export function makeRaster(width: number, height: number, background: Rgb): Raster {
  const raster = { width, height, rgb: new Uint8Array(width * height * 3) };
  fillBox(raster, { x: 0, y: 0, width, height }, background);
  return raster;
}

export function fillBox(raster: Raster, box: Box, colour: Rgb): void {
  const x0 = Math.max(0, box.x);
  const y0 = Math.max(0, box.y);
  const x1 = Math.min(raster.width, box.x + box.width);
  const y1 = Math.min(raster.height, box.y + box.height);
  const { rgb, width } = raster;
  for (let y = y0; y < y1; y++) {
    for (let at = (y * width + x0) * 3, end = (y * width + x1) * 3; at < end; at += 3) {
      rgb[at] = colour[0];
      rgb[at + 1] = colour[1];
      rgb[at + 2] = colour[2];
    }
  }
}

/** The intensities at the 1st and 99th percentile of the finite pixels; 0 to 1 where there is none. */
export function intensityWindow(image: Float32Array): IntensityWindow {
  const sorted = image.filter((value) => Number.isFinite(value)).sort();
  if (sorted.length === 0) return { low: 0, high: 1 };
  return { low: percentileOfSorted(sorted, 1), high: percentileOfSorted(sorted, 99) };
}

/** Source column of each column of the box, and offset of the source row of each of its rows. */
function sourceIndex(panel: Panel): { readonly columns: Int32Array; readonly rows: Int32Array } {
  const { box, width, height, flipVertical } = panel;
  const columns = Int32Array.from({ length: box.width }, (_, x) =>
    Math.floor(((x + 0.5) * width) / box.width),
  );
  const rows = Int32Array.from({ length: box.height }, (_, y) => {
    const row = Math.floor(((y + 0.5) * height) / box.height);
    return (flipVertical ? height - 1 - row : row) * width;
  });
  return { columns, rows };
}

function checkSource(raster: Raster, panel: Panel, length: number): void {
  const { box, width, height } = panel;
  if (length !== width * height) {
    throw new RangeError(`Panel of ${width} x ${height} needs ${width * height} values, got ${length}`);
  }
  if (box.x < 0 || box.y < 0 || box.x + box.width > raster.width || box.y + box.height > raster.height) {
    throw new RangeError(
      `Box ${box.width} x ${box.height} at ${box.x}, ${box.y} leaves the raster of ${raster.width} x ${raster.height}`,
    );
  }
}

/** Draws a slice in grey; NaN is black, a constant image mid-grey. @param image panel.height * panel.width */
export function drawGrey(raster: Raster, panel: Panel, image: Float32Array, window: IntensityWindow): void {
  checkSource(raster, panel, image.length);
  const { columns, rows } = sourceIndex(panel);
  const { box } = panel;
  const { rgb } = raster;
  const scale = window.high > window.low ? 255 / (window.high - window.low) : 0;
  const base = scale === 0 ? 128 : 0;
  for (let y = 0; y < box.height; y++) {
    const row = rows[y]!;
    let at = ((box.y + y) * raster.width + box.x) * 3;
    for (let x = 0; x < box.width; x++) {
      const value = image[row + columns[x]!]!;
      const grey = Math.round(Math.min(255, Math.max(0, base + (value - window.low) * scale)));
      rgb[at++] = grey;
      rgb[at++] = grey;
      rgb[at++] = grey;
    }
  }
}

/** Mixes label colours into what is drawn already. @param opacity 0 (nothing) to 1 (opaque) */
export function overlayLabels(raster: Raster, panel: Panel, labels: Uint8Array, opacity: number): void {
  checkSource(raster, panel, labels.length);
  const { columns, rows } = sourceIndex(panel);
  const { box } = panel;
  const { rgb } = raster;
  for (let y = 0; y < box.height; y++) {
    const row = rows[y]!;
    for (let x = 0; x < box.width; x++) {
      const colour = labelColour(labels[row + columns[x]!]!);
      if (colour === undefined) continue;
      const at = ((box.y + y) * raster.width + box.x + x) * 3;
      for (let c = 0; c < 3; c++)
        rgb[at + c] = Math.round(rgb[at + c]! * (1 - opacity) + colour[c]! * opacity);
    }
  }
}

/**
 * Draws the edge of every label in its colour, `thickness` canvas pixels wide, inside the label. The edge of the
 * slice is no contour: the organ goes on beyond it.
 * @param options.dashed draws all edges dashed in this one colour instead
 */
export function drawContours(
  raster: Raster,
  panel: Panel,
  labels: Uint8Array,
  options: { readonly thickness?: number; readonly dashed?: Rgb } = {},
): void {
  checkSource(raster, panel, labels.length);
  const { columns, rows } = sourceIndex(panel);
  const { box } = panel;
  const { thickness = 1, dashed } = options;
  const at = (x: number, y: number): number => labels[rows[y]! + columns[x]!]!;
  for (let y = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++) {
      const label = at(x, y);
      const colour = labelColour(label);
      if (colour === undefined) continue;
      const left = at(Math.max(0, x - thickness), y);
      const right = at(Math.min(box.width - 1, x + thickness), y);
      const above = at(x, Math.max(0, y - thickness));
      const below = at(x, Math.min(box.height - 1, y + thickness));
      if (left === label && right === label && above === label && below === label) continue;
      // Along a line x + y or x - y changes: a checkerboard of small squares cuts it into dashes.
      if (dashed !== undefined && (Math.floor(x / DASH_PX) + Math.floor(y / DASH_PX)) % 2 === 1) continue;
      raster.rgb.set(dashed ?? colour, ((box.y + y) * raster.width + box.x + x) * 3);
    }
  }
}

/** How a pixel's two labels compare; undefined where both are background. */
function differenceColour(truth: number, prediction: number): Rgb | undefined {
  if (truth === prediction) return truth === 0 ? undefined : DIFFERENCE_COLOURS.correct;
  if (prediction === 0) return DIFFERENCE_COLOURS.missed;
  return truth === 0 ? DIFFERENCE_COLOURS.false : DIFFERENCE_COLOURS.wrongLabel;
}

/** Grey where truth and prediction agree, a colour for each way in which they do not. */
export function drawDifference(
  raster: Raster,
  panel: Panel,
  truth: Uint8Array,
  prediction: Uint8Array,
): void {
  checkSource(raster, panel, truth.length);
  checkSource(raster, panel, prediction.length);
  const { columns, rows } = sourceIndex(panel);
  const { box } = panel;
  for (let y = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++) {
      const source = rows[y]! + columns[x]!;
      const colour = differenceColour(truth[source]!, prediction[source]!);
      if (colour === undefined) continue;
      raster.rgb.set(colour, ((box.y + y) * raster.width + box.x + x) * 3);
    }
  }
}

/** Writes `text` with its top left corner at (x, y); a font pixel is `scale` x `scale`. What leaves the canvas is cut. */
export function drawText(
  raster: Raster,
  text: string,
  at: { readonly x: number; readonly y: number; readonly scale: number; readonly colour: Rgb },
): void {
  const { scale, colour } = at;
  glyphsOf(text).forEach((glyph, i) => {
    const left = at.x + i * GLYPH_ADVANCE * scale;
    for (let row = 0; row < GLYPH_HEIGHT; row++) {
      for (let column = 0; column < GLYPH_WIDTH; column++) {
        if ((glyph[row]! & (1 << (GLYPH_WIDTH - 1 - column))) === 0) continue;
        const x = left + column * scale;
        fillBox(raster, { x, y: at.y + row * scale, width: scale, height: scale }, colour);
      }
    }
  });
}
