/**
 * A label filled in between the slices in which it was drawn: shape-based interpolation (Raya, Udupa: "Shape-based
 * interpolation of multidimensional objects", IEEE Trans. Medical Imaging 9, 1990). Each drawn slice becomes a map of
 * distances to the label's edge, positive inside; between two slices the maps are averaged by nearness, and the label
 * is where the average is not negative. Outlines change smoothly that way; two that do not overlap shrink to nothing
 * between each other.
 */
import { HipError } from "../core/errors.ts";
import { PlanarDistances } from "../volume/distance-transform.ts";
import {
  type Axis,
  boxOfValue,
  checkPlane,
  mapTriple,
  rowStarts,
  sizeOf,
  type Triple,
  type VoxelBox,
} from "./box.ts";
import type { Pen } from "./pen.ts";
import { checkLabel, type EditVolume } from "./volume.ts";

export interface InterpolateOptions {
  readonly label: number;
  readonly axis: Axis;
  /**
   * The slices that were drawn: those between them are made anew. Without it, every slice that holds the label counts
   * as drawn, and only empty slices between them are filled.
   */
  readonly keySlices?: readonly number[];
}

/**
 * @param options.to what voxels of the label become in which the new shape is not
 * @throws HipError where there are no two drawn slices, or one of them is empty; RangeError
 */
export function interpolateSlices(
  volume: EditVolume,
  pen: Pen,
  options: InterpolateOptions & { readonly to: number },
): void {
  const { mask, shape } = volume;
  const { label, axis } = options;
  checkLabel(label);
  checkLabel(options.to);
  const box = boxOfValue(mask, shape, label);
  const keys = keySlicesOf(volume, options, box);
  if (box === undefined) return;
  const maps = new Map<number, Float64Array>();
  const mapOf = (slice: number): Float64Array => {
    const made = maps.get(slice) ?? signedDistances(volume, { label, box, axis, slice });
    maps.set(slice, made);
    return made;
  };
  for (const [gap, from] of keys.slice(0, -1).entries()) {
    const to = keys[gap + 1]!;
    if (to - from < 2) continue;
    fillGap(volume, pen, {
      ...options,
      box,
      from: mapOf(from),
      to: mapOf(to),
      between: [from, to],
      erased: options.to,
    });
    maps.delete(from);
  }
}

/** Slices across an axis that hold a label, ascending. */
export function drawnSlices(
  { mask, shape }: Pick<EditVolume, "mask" | "shape">,
  label: number,
  axis: Axis,
): readonly number[] {
  const [width, height] = shape;
  const step = [1, width, width * height][axis]!;
  const isDrawn = new Uint8Array(shape[axis]);
  for (let at = mask.indexOf(label); at >= 0; at = mask.indexOf(label, at + 1))
    isDrawn[Math.floor(at / step) % shape[axis]] = 1;
  return [...isDrawn.keys()].filter((slice) => isDrawn[slice] === 1);
}

/** Ascending, each once. */
function keySlicesOf(
  volume: EditVolume,
  { label, axis, keySlices }: InterpolateOptions,
  box: VoxelBox | undefined,
): readonly number[] {
  const drawn = drawnSlices(volume, label, axis);
  const keys = keySlices === undefined ? drawn : [...new Set(keySlices)].sort((a, b) => a - b);
  for (const slice of keys) checkPlane({ axis, slice }, volume.shape);
  const empty = keys.filter((slice) => !drawn.includes(slice));
  if (empty.length > 0)
    throw new HipError(
      "bad-mask",
      `Cannot interpolate label ${label}: slice ${empty.join(", ")} across axis ${axis} holds none of it`,
      { hint: "Draw the label there, or leave the slice out" },
    );
  if (keys.length < 2 || box === undefined)
    throw new HipError(
      "bad-mask",
      `Cannot interpolate label ${label}: it must be drawn in two slices across axis ${axis}, found ${keys.length}`,
      { hint: "Draw the label in the first and the last slice at least" },
    );
  return keys;
}

interface KeySlice {
  readonly label: number;
  /** Holds the label in all slices. */
  readonly box: VoxelBox;
  readonly axis: Axis;
  readonly slice: number;
}

/** The axes within a slice, the faster one in memory first. */
const withinSlice = (axis: Axis): readonly [Axis, Axis] =>
  axis === 0 ? [1, 2] : axis === 1 ? [0, 2] : [0, 1];

/**
 * Distance from the centre of each pixel of a slice's box to the label's edge, mm, negative outside. The edge runs
 * between pixels, so it is marked on a grid twice as fine, on the edge's middles and corners: the nearest point of an
 * edge is always one of them. What lies beyond the volume counts as outside, as it does in the metrics.
 */
function signedDistances({ mask, shape, spacingMm }: EditVolume, key: KeySlice): Float64Array {
  const { label, box, axis, slice } = key;
  const [u, v] = withinSlice(axis);
  const size = sizeOf(box);
  const strides: Triple = [1, shape[0], shape[0] * shape[1]];
  const [width, height] = [size[u], size[v]];
  const start = box.first[u] * strides[u] + box.first[v] * strides[v] + slice * strides[axis];
  const inside = new Uint8Array(width * height);
  for (let row = 0, pixel = 0; row < height; row++)
    for (let column = 0; column < width; column++, pixel++)
      inside[pixel] = mask[start + column * strides[u] + row * strides[v]] === label ? 1 : 0;
  // The centre of pixel (column, row) is at (2 column + 1, 2 row + 1).
  const fine: Triple = [2 * width + 1, 2 * height + 1, 1];
  const edges = edgesOf(inside, width, height);
  const distances = new PlanarDistances(edges, fine, [spacingMm[u] / 2, spacingMm[v] / 2, 1]);
  distances.prepare(0);
  const signed = new Float64Array(width * height);
  for (let row = 0, pixel = 0; row < height; row++) {
    let at = (2 * row + 1) * fine[0] + 1;
    for (let column = 0; column < width; column++, pixel++, at += 2) {
      const distanceMm = Math.sqrt(distances.squared[at]!);
      signed[pixel] = inside[pixel] === 1 ? distanceMm : -distanceMm;
    }
  }
  return signed;
}

/** Marks middles and corners of the edges between inside and outside on a grid of (2 width + 1) x (2 height + 1). */
function edgesOf(inside: Uint8Array, width: number, height: number): Uint8Array {
  const fineWidth = 2 * width + 1;
  const edges = new Uint8Array(fineWidth * (2 * height + 1));
  const mark = (at: number, step: number): void => {
    edges[at - step] = 1;
    edges[at] = 1;
    edges[at + step] = 1;
  };
  for (let row = 0, pixel = 0; row < height; row++) {
    for (let column = 0; column < width; column++, pixel++) {
      if (inside[pixel] === 0) continue;
      const at = (2 * row + 1) * fineWidth + 2 * column + 1;
      if (column === 0 || inside[pixel - 1] === 0) mark(at - 1, fineWidth);
      if (column + 1 === width || inside[pixel + 1] === 0) mark(at + 1, fineWidth);
      if (row === 0 || inside[pixel - width] === 0) mark(at - fineWidth, 1);
      if (row + 1 === height || inside[pixel + width] === 0) mark(at + fineWidth, 1);
    }
  }
  return edges;
}

interface Gap {
  readonly label: number;
  readonly erased: number;
  readonly box: VoxelBox;
  readonly axis: Axis;
  /** The drawn slices on both sides, and their maps. */
  readonly between: readonly [from: number, to: number];
  readonly from: Float64Array;
  readonly to: Float64Array;
}

/** An average that is 0 but for rounding is 0: there the new edge runs through the voxel. */
const ROUNDING_MM = 1e-9;

function fillGap({ mask, shape }: EditVolume, pen: Pen, gap: Gap): void {
  const { label, erased, box, axis, from, to } = gap;
  const [first, last] = gap.between;
  const inner: VoxelBox = {
    first: mapTriple((each) => (each === axis ? first + 1 : box.first[each])),
    last: mapTriple((each) => (each === axis ? last - 1 : box.last[each])),
  };
  const [width, height] = sizeOf(inner);
  const [u, v] = withinSlice(axis);
  // A step along an axis goes so far in the maps; across the slices they do not change.
  const step = mapTriple((each) => (each === u ? 1 : each === v ? sizeOf(box)[u] : 0));
  const shares = Float64Array.from({ length: last - first }, (_, i) => (i + 1) / (last - first));
  // In memory's order, whatever the axis is.
  for (const [row, start] of rowStarts(inner, shape).entries()) {
    const y = row % height;
    const z = (row - y) / height;
    let pixel = y * step[1] + z * step[2];
    for (let x = 0; x < width; x++, pixel += step[0]) {
      const share = shares[axis === 0 ? x : axis === 1 ? y : z]!;
      const isInside = (1 - share) * from[pixel]! + share * to[pixel]! >= -ROUNDING_MM;
      if (isInside) pen.put(start + x, label);
      else if (mask[start + x] === label) pen.put(start + x, erased);
    }
  }
}
