/** One small picture of a case: the slice that tells most, with its mask upon it. */
import type { CaseVoxels } from "../dataset/doctor/examine-case.ts";
import type { Split } from "../dataset/types.ts";
import { panelSize } from "../plot/contact-sheet.ts";
import { rasterToPng, toBase64 } from "../plot/png.ts";
import {
  drawContours,
  drawGrey,
  intensityWindow,
  makeRaster,
  overlayLabels,
  type Panel,
} from "../plot/raster.ts";
import { isUpsideDown, tellingSlice } from "./sheet-rows.ts";

/** What is kept of a case until the page is made: a byte a pixel, twice. */
export interface Thumbnail {
  readonly caseId: string;
  /** An id may be in two splits. */
  readonly split: Split | null;
  /** Which slice it is, e.g. "slice 31 of 60". */
  readonly place: string;
  readonly width: number;
  readonly height: number;
  readonly spacingMm: readonly [width: number, height: number];
  /** 0 black to 255 white, row 0 on top. */
  readonly grey: Uint8Array;
  /** Label ids; undefined where the mask could not be used. */
  readonly mask: Uint8Array | undefined;
}

/** Longer sides are thinned out by a whole factor. */
const LONGEST_SIDE = 288;
/** Smaller ones are enlarged by a whole factor up to this. */
const PANEL_PX = 240;
const OPACITY = 0.22;

function greyLevels(image: Float32Array): Uint8Array {
  const { low, high } = intensityWindow(image);
  const scale = high > low ? 255 / (high - low) : 0;
  // A constant image is mid-grey; NaN becomes black.
  return Uint8Array.from(image, (value) =>
    Math.min(255, Math.max(0, scale === 0 ? 128 : (value - low) * scale)),
  );
}

/** Every n-th pixel of a slice, row 0 on top. */
function thinOut(
  slice: Uint8Array,
  size: {
    readonly width: number;
    readonly height: number;
    readonly step: number;
    readonly isFlipped: boolean;
  },
): Uint8Array {
  const { width, height, step, isFlipped } = size;
  const [w, h] = [Math.ceil(width / step), Math.ceil(height / step)];
  const out = new Uint8Array(w * h);
  for (let y = 0; y < h; y++) {
    const row = y * step;
    const from = (isFlipped ? height - 1 - row : row) * width;
    for (let x = 0; x < w; x++) out[y * w + x] = slice[from + x * step]!;
  }
  return out;
}

/** Takes from a case's voxels what its picture needs; nothing of the voxels stays in memory. */
export function takeThumbnail(voxels: CaseVoxels): Thumbnail {
  const { entry, width, height, depth, spacingMm, image, mask } = voxels;
  const area = width * height;
  const at = mask === undefined ? depth >> 1 : tellingSlice(mask, area);
  const step = Math.ceil(Math.max(width, height) / LONGEST_SIDE);
  const size = { width, height, step, isFlipped: isUpsideDown(voxels) };
  const cut = <T extends Float32Array | Uint8Array>(data: T): T =>
    data.subarray(at * area, (at + 1) * area) as T;
  return {
    caseId: entry.id,
    split: entry.split ?? null,
    place: `slice ${at + 1} of ${depth}`,
    width: Math.ceil(width / step),
    height: Math.ceil(height / step),
    spacingMm,
    grey: thinOut(greyLevels(cut(image)), size),
    mask: mask === undefined ? undefined : thinOut(cut(mask), size),
  };
}

/** The picture as a PNG file in base64, with its size. */
export function drawThumbnail(thumbnail: Thumbnail): {
  readonly base64: string;
  readonly width: number;
  readonly height: number;
} {
  const { width, height, grey, mask } = thumbnail;
  const isSpaced = thumbnail.spacingMm.every((size) => Number.isFinite(size) && size > 0);
  const spacingMm = isSpaced ? thumbnail.spacingMm : ([1, 1] as const);
  const size = panelSize({ width, height, spacingMm }, PANEL_PX);
  // Voxels that are far longer than wide must not make a picture of thousands of pixels.
  const shrink = Math.min(1, (2 * LONGEST_SIDE) / Math.max(size.width, size.height));
  const box = {
    x: 0,
    y: 0,
    width: Math.max(1, Math.round(size.width * shrink)),
    height: Math.max(1, Math.round(size.height * shrink)),
  };
  const panel: Panel = { box, width, height, flipVertical: false };
  const raster = makeRaster(box.width, box.height, [0, 0, 0]);
  drawGrey(raster, panel, Float32Array.from(grey), { low: 0, high: 255 });
  if (mask !== undefined) {
    overlayLabels(raster, panel, mask, OPACITY);
    drawContours(raster, panel, mask);
  }
  return { base64: toBase64(rasterToPng(raster)), width: box.width, height: box.height };
}
