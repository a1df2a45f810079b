/** Turning, scaling, moving, mirroring and bending: where each pixel of the result lies in the source. */
import { add, constant, gridSample, matMul, mul, reshape, slice, sub, transpose } from "../graph/build.ts";
import type { Value } from "../graph/value.ts";
import { CONTROL_POINTS } from "./draws.ts";
import { splineMatrix } from "./matrices.ts";

interface Extent {
  readonly height: number;
  readonly width: number;
}

/** Pixels of an image counted from its middle, as rows [x, y, 1]; [1, height * width, 3]. */
function pixelGrid({ height, width }: Extent): Value {
  const data = new Float32Array(3 * height * width);
  for (let i = 0; i < height * width; i++) {
    data[3 * i] = (i % width) - (width - 1) / 2;
    data[3 * i + 1] = Math.floor(i / width) - (height - 1) / 2;
    data[3 * i + 2] = 1;
  }
  return constant(data, [1, height * width, 3]);
}

/** Displacements in pixels, [N, height, width, 2], from control points [N, 2, 5, 5]. */
function displacement(control: Value, { height, width }: Extent): Value {
  return transpose(splineField(control, { height, width }), [0, 2, 3, 1]);
}

/** A smooth field [N, C, height, width] from control points [N, C, 5, 5]. */
export function splineField(control: Value, { height, width }: Extent): Value {
  const along = constant(splineMatrix(height, CONTROL_POINTS), [height, CONTROL_POINTS]);
  const across = constant(splineMatrix(width, CONTROL_POINTS), [width, CONTROL_POINTS]);
  return matMul(matMul(along, control), transpose(across, [1, 0]));
}

/** The middle of a field, of the size `to`. */
function middle(field: Value, to: Extent): Value {
  const rows = field.shape[1]! - to.height;
  const columns = field.shape[2]! - to.width;
  return slice(field, [0, rows / 2, columns / 2, 0], [0, rows / 2, columns / 2, 0]);
}

/**
 * Samples source images [N, C, H, W] and labels [N, H', W'] at bent grids. Source and result share their middle;
 * both differences in size must be even. What lies outside the source is 0 in images and `outside` in labels.
 * @param draws affine [N, 3, 2] and perhaps elastic [N, 2, 5, 5]
 */
export function bend(
  source: { readonly image: Value; readonly labels: Value },
  draws: { readonly affine: Value; readonly elastic: Value | undefined },
  result: { readonly image: Extent; readonly labels: Extent; readonly outside: number },
): { readonly image: Value; readonly labels: Value } {
  const field = draws.elastic === undefined ? undefined : displacement(draws.elastic, result.image);
  const sample = (from: Value, to: Extent, mode: "linear" | "nearest"): Value => {
    const [n, , height, width] = from.shape as readonly [number, number, number, number];
    const moved = reshape(matMul(pixelGrid(to), draws.affine), [n, to.height, to.width, 2]);
    const places = field === undefined ? moved : add(moved, middle(field, to));
    const unit = constant(Float32Array.of(2 / Math.max(width - 1, 1), 2 / Math.max(height - 1, 1)));
    return gridSample(from, mul(places, unit), mode);
  };
  const [n, height, width] = source.labels.shape as readonly [number, number, number];
  // Zero is what lies outside, so labels are counted from `outside`.
  const counted = sub(reshape(source.labels, [n, 1, height, width]), result.outside);
  const labels = add(sample(counted, result.labels, "nearest"), result.outside);
  return {
    image: sample(source.image, result.image, "linear"),
    labels: reshape(labels, [n, result.labels.height, result.labels.width]),
  };
}
