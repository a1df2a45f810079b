/**
 * Solids as signed distances in mm (negative inside), in the body's own frame: origin midway between the femoral
 * heads, x to the man's right, y to the front, z upwards. Formulas for the ellipsoid bound and the round cone axis
 * distance follow from geometry; they are exact near the surface, which is all that partial volume needs.
 */

export type Point = readonly [x: number, y: number, z: number];

export interface Shape {
  /** A box that holds the solid. */
  readonly low: Point;
  readonly high: Point;
  readonly distanceMm: (x: number, y: number, z: number) => number;
}

export function ellipsoid(centre: Point, radii: Point): Shape {
  const [cx, cy, cz] = centre;
  const [rx, ry, rz] = radii;
  return {
    low: [cx - rx, cy - ry, cz - rz],
    high: [cx + rx, cy + ry, cz + rz],
    distanceMm(x, y, z) {
      const ux = (x - cx) / rx;
      const uy = (y - cy) / ry;
      const uz = (z - cz) / rz;
      const k0 = Math.sqrt(ux * ux + uy * uy + uz * uz);
      const k1 = Math.sqrt((ux / rx) ** 2 + (uy / ry) ** 2 + (uz / rz) ** 2);
      return k1 === 0 ? -Math.min(rx, ry, rz) : (k0 * (k0 - 1)) / k1;
    },
  };
}

/** A tube through `points` whose radius runs linearly between `radii`; its ends are round. */
export function tube(points: readonly Point[], radii: readonly number[]): Shape {
  const segments: number[][] = [];
  for (let i = 0; i + 1 < points.length; i++) {
    const [ax, ay, az] = points[i]!;
    const [bx, by, bz] = points[i + 1]!;
    const [dx, dy, dz] = [bx - ax, by - ay, bz - az];
    const squared = dx * dx + dy * dy + dz * dz;
    segments.push([ax, ay, az, dx, dy, dz, 1 / squared, radii[i]!, radii[i + 1]! - radii[i]!]);
  }
  const flat = Float64Array.from(segments.flat());
  const widest = Math.max(...radii);
  const along = (axis: 0 | 1 | 2): number[] => points.map((point) => point[axis]);
  return {
    low: [Math.min(...along(0)) - widest, Math.min(...along(1)) - widest, Math.min(...along(2)) - widest],
    high: [Math.max(...along(0)) + widest, Math.max(...along(1)) + widest, Math.max(...along(2)) + widest],
    distanceMm(x, y, z) {
      let nearest = Number.POSITIVE_INFINITY;
      for (let s = 0; s < flat.length; s += 9) {
        const px = x - flat[s]!;
        const py = y - flat[s + 1]!;
        const pz = z - flat[s + 2]!;
        const dx = flat[s + 3]!;
        const dy = flat[s + 4]!;
        const dz = flat[s + 5]!;
        const t = Math.min(1, Math.max(0, (px * dx + py * dy + pz * dz) * flat[s + 6]!));
        const distance =
          Math.sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2 + (pz - t * dz) ** 2) -
          flat[s + 7]! -
          t * flat[s + 8]!;
        if (distance < nearest) nearest = distance;
      }
      return nearest;
    },
  };
}

/** The same solid shrunk by `byMm` on all sides: what lies under a wall or a cortex of that thickness. */
export function shrink(shape: Shape, byMm: number): Shape {
  return { ...shape, distanceMm: (x, y, z) => shape.distanceMm(x, y, z) + byMm };
}

/** The solid on the other side of the body. */
export function mirror(shape: Shape): Shape {
  return {
    low: [-shape.high[0], shape.low[1], shape.low[2]],
    high: [-shape.low[0], shape.high[1], shape.high[2]],
    distanceMm: (x, y, z) => shape.distanceMm(-x, y, z),
  };
}

/** 0 below `low`, 1 above `high`, smooth between. */
export function smoothStep(low: number, high: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return t * t * (3 - 2 * t);
}
