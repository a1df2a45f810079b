/** Contact sheet: one row a slice, its image, truth, prediction and their difference side by side. */
import { unreachable } from "../core/errors.ts";
import { DIFFERENCE_COLOURS, labelColour, type Rgb } from "./colours.ts";
import { fitText, GLYPH_HEIGHT, textWidthPx } from "./font.ts";
import {
  drawContours,
  drawDifference,
  drawGrey,
  drawText,
  fillBox,
  intensityWindow,
  makeRaster,
  overlayLabels,
  type Panel,
  type Raster,
} from "./raster.ts";

/** "contours": the truth's edges in the labels' colours, the prediction's dashed in white over them. */
export type SheetColumn = "image" | "truth" | "prediction" | "contours" | "difference";

export interface SheetRow {
  /** "": none, and no line for it. */
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** height * width, row-major, x fastest. */
  readonly image: Float32Array;
  readonly truth: Uint8Array | undefined;
  readonly prediction: Uint8Array;
  readonly spacingMm: readonly [width: number, height: number];
}

export interface SheetOptions {
  /** Label 0, the background, is not in the legend. */
  readonly labels: readonly { readonly id: number; readonly name: string }[];
  /** All four, or image and prediction where no row has a truth. */
  readonly columns?: readonly SheetColumn[];
  /** Row 0 at the bottom: coronal HipMRI slices count from inferior to superior. */
  readonly flipVertical?: boolean;
  /** A slice is enlarged by the largest whole factor whose longer side stays within this, by at least 1. Default 320. */
  readonly panelWidthPx?: number;
  /** false: no legend, where one stands elsewhere. */
  readonly hasLegend?: boolean;
}

const BACKGROUND: Rgb = [24, 24, 27];
const TEXT: Rgb = [235, 235, 235];
const FRAME: Rgb = [110, 110, 115];
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
const SCALE = 2;
const TEXT_HEIGHT = GLYPH_HEIGHT * SCALE;
const MARGIN = 16;
const GAP = 12;
const LINE = TEXT_HEIGHT + 8;
const SWATCH = 14;
const PANEL_WIDTH_PX = 320;
const OPACITY = 0.4;

const HEADINGS: Readonly<Record<SheetColumn, string>> = {
  image: "Image",
  truth: "Truth",
  prediction: "Prediction",
  contours: "Truth, prediction dashed",
  difference: "Difference",
};

interface LegendEntry {
  readonly name: string;
  readonly colour: Rgb;
}

/** Canvas size of a slice: the finer spacing gets a whole number of canvas pixels, the other keeps the aspect. */
export function panelSize(
  row: Pick<SheetRow, "width" | "height" | "spacingMm">,
  panelWidthPx: number,
): { readonly width: number; readonly height: number } {
  const [across, down] = row.spacingMm;
  if (!(across > 0 && down > 0 && Number.isFinite(across) && Number.isFinite(down))) {
    throw new RangeError(`Spacing must be positive and finite, got ${across} x ${down} mm`);
  }
  const fine = Math.min(across, down);
  const width = (row.width * across) / fine;
  const height = (row.height * down) / fine;
  const factor = Math.max(1, Math.floor(panelWidthPx / Math.max(width, height)));
  return { width: Math.round(width * factor), height: Math.round(height * factor) };
}

function legendEntries(options: SheetOptions, columns: readonly SheetColumn[]): LegendEntry[][] {
  const labels = options.labels.flatMap(({ id, name }): LegendEntry[] => {
    const colour = labelColour(id);
    return colour === undefined ? [] : [{ name, colour }];
  });
  const differences: LegendEntry[] = [
    { name: "correct", colour: DIFFERENCE_COLOURS.correct },
    { name: "missed", colour: DIFFERENCE_COLOURS.missed },
    { name: "false", colour: DIFFERENCE_COLOURS.false },
    { name: "wrong label", colour: DIFFERENCE_COLOURS.wrongLabel },
  ];
  return columns.includes("difference") ? [labels, differences] : [labels];
}

interface PlacedEntry extends LegendEntry {
  readonly x: number;
  readonly line: number;
}

/** Breaks each group of the legend into lines of at most `width` pixels; every group starts a line. */
function placeLegend(groups: readonly (readonly LegendEntry[])[], width: number): PlacedEntry[] {
  const placed: PlacedEntry[] = [];
  let line = 0;
  for (const group of groups) {
    let x = 0;
    for (const entry of group) {
      const name = fitText(entry.name, width - SWATCH - 8, SCALE);
      const needed = SWATCH + 8 + textWidthPx(name, SCALE);
      if (x > 0 && x + needed > width) {
        x = 0;
        line++;
      }
      placed.push({ ...entry, name, x: MARGIN + x, line });
      x += needed + 20;
    }
    line++;
  }
  return placed;
}

function drawMask(raster: Raster, panel: Panel, image: Float32Array, mask: Uint8Array): void {
  drawGrey(raster, panel, image, intensityWindow(image));
  overlayLabels(raster, panel, mask, OPACITY);
  drawContours(raster, panel, mask);
}

function drawPanel(raster: Raster, column: SheetColumn, row: SheetRow, panel: Panel): void {
  const { box } = panel;
  fillBox(raster, { x: box.x - 1, y: box.y - 1, width: box.width + 2, height: box.height + 2 }, FRAME);
  fillBox(raster, box, BLACK);
  switch (column) {
    case "image":
      drawGrey(raster, panel, row.image, intensityWindow(row.image));
      return;
    case "prediction":
      drawMask(raster, panel, row.image, row.prediction);
      return;
    case "truth":
    case "contours":
    case "difference":
      if (row.truth === undefined) {
        drawText(raster, "no truth", { x: box.x + 8, y: box.y + 8, scale: SCALE, colour: TEXT });
      } else if (column === "truth") {
        drawMask(raster, panel, row.image, row.truth);
      } else if (column === "contours") {
        drawGrey(raster, panel, row.image, intensityWindow(row.image));
        drawContours(raster, panel, row.truth, { thickness: 2 });
        drawContours(raster, panel, row.prediction, { dashed: WHITE });
      } else {
        drawDifference(raster, panel, row.truth, row.prediction);
      }
      return;
    default:
      unreachable(column);
  }
}

/** Draws the sheet; `rasterToPng` makes a file of it. Superior is up where `flipVertical` is set on coronal slices. */
export function contactSheet(rows: readonly SheetRow[], options: SheetOptions): Raster {
  const hasTruth = rows.some((row) => row.truth !== undefined);
  const columns =
    options.columns ??
    (hasTruth
      ? (["image", "truth", "prediction", "difference"] as const)
      : (["image", "prediction"] as const));
  const sizes = rows.map((row) => panelSize(row, options.panelWidthPx ?? PANEL_WIDTH_PX));
  const widest = Math.max(
    ...columns.map((c) => textWidthPx(HEADINGS[c], SCALE)),
    ...sizes.map((s) => s.width),
  );
  const inner = columns.length * (widest + GAP) - GAP;
  const legend = options.hasLegend === false ? [] : placeLegend(legendEntries(options, columns), inner);
  const legendLines = legend.reduce((most, entry) => Math.max(most, entry.line + 1), 0);
  const bodyHeight = sizes.reduce(
    (sum, size, i) => sum + (rows[i]!.title === "" ? 0 : LINE) + size.height + GAP,
    0,
  );
  const raster = makeRaster(
    inner + 2 * MARGIN,
    MARGIN + LINE + bodyHeight + legendLines * LINE + MARGIN,
    BACKGROUND,
  );
  const left = (column: number): number => MARGIN + column * (widest + GAP);
  columns.forEach((column, i) => {
    drawText(raster, HEADINGS[column], { x: left(i), y: MARGIN, scale: SCALE, colour: TEXT });
  });
  let y = MARGIN + LINE;
  rows.forEach((row, i) => {
    const size = sizes[i]!;
    if (row.title !== "") {
      drawText(raster, fitText(row.title, inner, SCALE), { x: MARGIN, y: y + 4, scale: SCALE, colour: TEXT });
      y += LINE;
    }
    columns.forEach((column, k) => {
      drawPanel(raster, column, row, {
        box: { x: left(k), y, width: size.width, height: size.height },
        width: row.width,
        height: row.height,
        flipVertical: options.flipVertical ?? false,
      });
    });
    y += size.height + GAP;
  });
  for (const { name, colour, x, line } of legend) {
    const top = y + line * LINE;
    fillBox(raster, { x: x - 1, y: top - 1, width: SWATCH + 2, height: SWATCH + 2 }, FRAME);
    fillBox(raster, { x, y: top, width: SWATCH, height: SWATCH }, colour);
    drawText(raster, name, { x: x + SWATCH + 8, y: top, scale: SCALE, colour: TEXT });
  }
  return raster;
}
