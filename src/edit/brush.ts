/** The brush and the eraser: all voxels within a radius of the pointer's way. */
import { boxOf, mapTriple, type SlicePlane, type Triple } from "./box.ts";
import type { Pen } from "./pen.ts";
import { checkLabel, checkRange, type EditVolume, type IntensityRange } from "./volume.ts";

export interface Brush {
  /** What is painted; 0 erases. */
  readonly label: number;
  /** Round on voxels of any spacing. However small, the voxel under the pointer is painted. */
  readonly radiusMm: number;
  /** A disc within this slice; without it a sphere. */
  readonly plane?: SlicePlane;
  /** Only voxels with such intensities change. */
  readonly range?: IntensityRange;
  /** Only voxels with these labels change: `[0]` paints over the background alone, `[5]` erases label 5 alone. */
  readonly over?: readonly number[];
}

/** @throws RangeError where a brush cannot paint in a volume of the shape. */
export function checkBrush({ label, radiusMm, plane, range }: Brush, shape: Triple): void {
  checkLabel(label);
  if (!Number.isFinite(radiusMm) || radiusMm < 0)
    throw new RangeError(`Radius must be a number >= 0 mm, got ${radiusMm}`);
  if (plane !== undefined) boxOf(plane, shape);
  if (range !== undefined) checkRange(range);
}

/**
 * Paints the voxels whose centres lie within the radius of the straight way between two points, so that no gap is left
 * however fast the pointer goes.
 * @param way.from in voxels, not rounded: voxel centres are whole numbers. Parts outside the volume are left out.
 * The coordinate across the brush's plane does not count.
 */
export function paintWay(
  volume: EditVolume,
  pen: Pen,
  way: { readonly brush: Brush; readonly from: Triple; readonly to: Triple },
): void {
  const { brush } = way;
  const onPlane = (point: Triple): Triple =>
    mapTriple((axis) => (axis === brush.plane?.axis ? brush.plane.slice : point[axis]));
  const [from, to] = [onPlane(way.from), onPlane(way.to)];
  if (![...from, ...to].every(Number.isFinite))
    throw new RangeError(`Points must be finite, got ${from.join(", ")} and ${to.join(", ")}`);
  paintCapsule(volume, pen, { brush, from, to });
  paintLine(volume, pen, { brush, from, to });
}

interface Way {
  readonly brush: Brush;
  readonly from: Triple;
  readonly to: Triple;
}

function paintCapsule({ image, shape, spacingMm }: EditVolume, pen: Pen, { brush, from, to }: Way): void {
  const { label, radiusMm, plane, range } = brush;
  const reach = mapTriple((axis) => (axis === plane?.axis ? 0 : radiusMm / spacingMm[axis] + 1e-6));
  const low = mapTriple((axis) => Math.max(0, Math.ceil(Math.min(from[axis], to[axis]) - reach[axis])));
  const high = mapTriple((axis) =>
    Math.min(shape[axis] - 1, Math.floor(Math.max(from[axis], to[axis]) + reach[axis])),
  );
  const [nx, ny] = shape;
  const [sx, sy, sz] = spacingMm;
  // The way in mm, and what a voxel's place along it is divided by; a way of no length is a point.
  const [wx, wy, wz] = mapTriple((axis) => (to[axis] - from[axis]) * spacingMm[axis]);
  const lengthSquared = wx * wx + wy * wy + wz * wz;
  const perLength = lengthSquared === 0 ? 0 : 1 / lengthSquared;
  // A voxel on the very edge belongs to the disc, whatever rounding makes of it.
  const most = radiusMm * radiusMm * (1 + 1e-9);
  const [lowest, highest] = range ?? [0, 0];
  for (let z = low[2]; z <= high[2]; z++) {
    const pz = (z - from[2]) * sz;
    for (let y = low[1]; y <= high[1]; y++) {
      const py = (y - from[1]) * sy;
      const row = nx * (y + ny * z);
      for (let x = low[0]; x <= high[0]; x++) {
        const px = (x - from[0]) * sx;
        const along = (px * wx + py * wy + pz * wz) * perLength;
        const share = along < 0 ? 0 : along > 1 ? 1 : along;
        const dx = px - share * wx;
        const dy = py - share * wy;
        const dz = pz - share * wz;
        if (dx * dx + dy * dy + dz * dz > most) continue;
        const i = row + x;
        if (range === undefined || (image[i]! >= lowest && image[i]! <= highest)) pen.put(i, label);
      }
    }
  }
}

/** The voxels under the pointer itself, which a brush finer than the voxels would miss. */
function paintLine({ image, shape }: EditVolume, pen: Pen, { brush, from, to }: Way): void {
  const [nx, ny, nz] = shape;
  const { label, range } = brush;
  // Steps of half a voxel meet each voxel that the way goes through for longer than that.
  const steps = Math.max(...mapTriple((axis) => Math.ceil(2 * Math.abs(to[axis] - from[axis]))), 1);
  for (let step = 0; step <= steps; step++) {
    const share = step / steps;
    const [x, y, z] = mapTriple((axis) => Math.round(from[axis] + share * (to[axis] - from[axis])));
    if (x < 0 || y < 0 || z < 0 || x >= nx || y >= ny || z >= nz) continue;
    const i = x + nx * (y + ny * z);
    if (range === undefined || (image[i]! >= range[0] && image[i]! <= range[1])) pen.put(i, label);
  }
}
