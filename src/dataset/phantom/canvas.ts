/** A volume being painted: every voxel knows where it lies in the body, what it shines like and what it is. */
import { FIELD_OF_VIEW_MM } from "./field.ts";
import type { PhantomSize } from "./options.ts";
import type { Pose } from "./pose.ts";
import { toWorld } from "./pose.ts";
import type { Shape } from "./shapes.ts";

/** Signal relative to urine's usual 1, and the relative depth of its texture. */
export interface Tissue {
  readonly signal: number;
  readonly texture: number;
}

export interface Canvas {
  readonly size: PhantomSize;
  readonly pose: Pose;
  /** Farthest that the warp moves a voxel, mm. */
  readonly warpMm: number;
  /** Width of a soft edge: a pixel of the slice, mm. */
  readonly edgeMm: number;
  /** Each voxel's place in the body's own frame, mm. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly z: Float32Array;
  /** Unit normal, smooth over a few mm. */
  readonly texture: Float32Array;
  readonly signal: Float32Array;
  readonly mask: Uint8Array;
}

/** mm between voxel centres along x, y and slices. */
export function spacingMmOf(size: PhantomSize): readonly [number, number, number] {
  const fov = FIELD_OF_VIEW_MM;
  return [fov.x / size.x, fov.y / size.y, fov.slices / size.slices];
}

/**
 * Paints a solid over what is there: its signal blends in over one pixel (partial volume), its label covers the voxels
 * whose centre lies inside.
 */
export function paint(canvas: Canvas, shape: Shape, tissue: Tissue, label?: number): void {
  const { size, x, y, z, texture, signal, mask } = canvas;
  const [x0, x1, y0, y1, s0, s1] = voxelBox(canvas, shape);
  const { distanceMm } = shape;
  const perEdge = 1 / canvas.edgeMm;
  for (let s = s0; s <= s1; s++) {
    for (let j = y0; j <= y1; j++) {
      const row = (s * size.y + j) * size.x;
      for (let v = row + x0; v <= row + x1; v++) {
        const distance = distanceMm(x[v]!, y[v]!, z[v]!);
        const cover = 0.5 - distance * perEdge;
        if (cover <= 0) continue;
        const own = tissue.signal * (1 + tissue.texture * texture[v]!);
        signal[v] = cover >= 1 ? own : signal[v]! + cover * (own - signal[v]!);
        if (label !== undefined && distance < 0) mask[v] = label;
      }
    }
  }
}

/** First and last voxel along x, y and slices that the solid can touch. */
function voxelBox(canvas: Canvas, shape: Shape): [number, number, number, number, number, number] {
  const { size } = canvas;
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let corner = 0; corner < 8; corner++) {
    const world = toWorld(canvas.pose, [
      (corner & 1 ? shape.high : shape.low)[0],
      (corner & 2 ? shape.high : shape.low)[1],
      (corner & 4 ? shape.high : shape.low)[2],
    ]);
    for (let axis = 0; axis < 3; axis++) {
      low[axis] = Math.min(low[axis]!, world[axis]!);
      high[axis] = Math.max(high[axis]!, world[axis]!);
    }
  }
  const [dx, dy, ds] = spacingMmOf(size);
  const margin = canvas.warpMm + canvas.edgeMm;
  // Columns run to the left (-x), rows upwards (+z), slices to the back (-y).
  const range = (from: number, to: number, step: number, count: number): [number, number] => [
    Math.max(0, Math.floor((from - margin) / step + (count - 1) / 2)),
    Math.min(count - 1, Math.ceil((to + margin) / step + (count - 1) / 2)),
  ];
  return [
    ...range(-high[0]!, -low[0]!, dx, size.x),
    ...range(low[2]!, high[2]!, dy, size.y),
    ...range(-high[1]!, -low[1]!, ds, size.slices),
  ];
}
