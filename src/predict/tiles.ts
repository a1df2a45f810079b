/**
 * One slice covered by overlapping tiles and put together again, row of tiles by row of tiles: what is held is one
 * tile high and one slice wide, however large the slice is.
 */
import type { UnetConfig } from "../unet/config.ts";
import { type Canvas, type Size, tileStarts, tileWeights } from "./fit.ts";

export interface Tile {
  readonly slice: number;
  readonly x: number;
  readonly y: number;
}

/** Every tile of a stack, slice by slice, downwards and then to the right. */
export function planTiles(size: Size, depth: number, output: Size): readonly Tile[] {
  const across = tileStarts(size.width, output.width);
  const along = tileStarts(size.height, output.height);
  return Array.from({ length: depth }, (_, slice) =>
    along.flatMap((y) => across.map((x) => ({ slice, x, y }))),
  ).flat();
}

/** Finished rows of a slice: their scores [classes, rows, width], valid until the next call. */
export type OnRows = (rows: {
  readonly slice: number;
  readonly y: number;
  readonly height: number;
  readonly scores: Float32Array;
}) => void;

/** Takes tiles in the order of planTiles() and gives the rows that no later tile touches: weighted means of scores. */
export function makeBlender(
  size: Size,
  { output }: Canvas,
  { classes }: Pick<UnetConfig, "classes">,
  onRows: OnRows,
): { add(tile: Tile, scores: Float32Array, offset: number): void } {
  const { width, height } = size;
  const starts = tileStarts(height, output.height);
  const last = tileStarts(width, output.width).at(-1)!;
  const bandHeight = Math.min(height, output.height);
  const sum = new Float32Array(classes * bandHeight * width);
  const weight = new Float32Array(bandHeight * width);
  const finished = new Float32Array(classes * bandHeight * width);
  const across = tileWeights(output.width);
  const along = tileWeights(output.height);

  /** Adds weight * scores to the tile's place in the band, which begins at the tile's first row. */
  function blend({ x, y }: Tile, scores: Float32Array, offset: number): void {
    const firstX = Math.max(0, -x);
    const lastX = Math.min(output.width, width - x);
    const firstY = Math.max(0, -y);
    const lastY = Math.min(output.height, height - y);
    for (let row = firstY; row < lastY; row++) {
      const at = (row - firstY) * width + x;
      for (let column = firstX; column < lastX; column++) {
        weight[at + column]! += across[column]! * along[row]!;
      }
      for (let k = 0; k < classes; k++) {
        const from = offset + (k * output.height + row) * output.width;
        const to = k * bandHeight * width + at;
        for (let column = firstX; column < lastX; column++) {
          sum[to + column]! += scores[from + column]! * across[column]! * along[row]!;
        }
      }
    }
  }

  /** Gives the band's first rows and moves the rest up. */
  function finishRows(slice: number, y: number, rows: number): void {
    const scores = finished.subarray(0, classes * rows * width);
    for (let k = 0; k < classes; k++) {
      const band = k * bandHeight * width;
      for (let i = 0; i < rows * width; i++) scores[k * rows * width + i] = sum[band + i]! / weight[i]!;
      sum.copyWithin(band, band + rows * width, band + bandHeight * width);
      sum.fill(0, band + (bandHeight - rows) * width, band + bandHeight * width);
    }
    weight.copyWithin(0, rows * width);
    weight.fill(0, (bandHeight - rows) * width);
    onRows({ slice, y, height: rows, scores });
  }

  return {
    add(tile, scores, offset) {
      blend(tile, scores, offset);
      if (tile.x !== last) return;
      const y = Math.max(0, tile.y);
      const next = starts[starts.indexOf(tile.y) + 1];
      finishRows(tile.slice, y, next === undefined ? bandHeight : next - y);
    },
  };
}
