/**
 * How large the piece of surface is that passes between eight voxels (in 2D: four), by which of them are inside.
 * The figures of 3D are those of google-deepmind/surface-distance 0.1 (Apache-2.0), lookup_tables.py: each code's
 * triangles as normals with the length of their area, of which an area needs the magnitudes alone.
 */

/**
 * By code 0 to 127, the others being their complements (255 - code): normals, each as three digits in units of 1/8.
 */
const NORMALS =
  ",111,111,220 220,111,202 202,111 111,111 222 400,111,111 111,202 202,111 222 400,220 220," +
  "111 222 400,111 222 400,400 400,111,022 022,111 111,040 111 222,111 111,004 111 222,111 111 111," +
  "111 111 222 222,111 111,022 022 111,111 202 202,022 111 202 333,111 220 220,022 111 220 333," +
  "111 111 222 400,111 222 400,111,111 111,022 022,040 111 222,111 111,111 202 202,022 022 111," +
  "022 111 202 333,111 111,111 111 111,004 111 222,111 111 222 222,111 220 220,111 111 222 400," +
  "022 111 220 333,111 222 400,220 220,040 111 222,040 111 222,040 040,111 220 220,111 202 220 333," +
  "040 111 111 222,040 111 222,111 220 220,040 111 111 222,111 202 220 333,040 111 222," +
  "220 220 220 220,111 220 220,111 220 220,220 220,111,111 111,111 111,111 220 220,022 022," +
  "004 111 222,022 022 111,022 111 220 333,111 111,111 111 111,111 202 202,111 111 222 400," +
  "040 111 222,111 111 222 222,022 111 202 333,111 222 400,202 202,004 111 222,111 202 202," +
  "111 202 220 333,004 111 222,004 004,004 111 111 222,004 111 222,111 202 202,004 111 111 222," +
  "202 202 202 202,111 202 202,111 202 220 333,004 111 222,111 202 202,202 202,111 111,111 111 111," +
  "022 022 111,040 111 111 222,022 022 111,004 111 111 222,022 022 022 022,022 022 111,111 111 111," +
  "111 111 111 111,004 111 111 222,111 111 111,040 111 111 222,111 111 111,022 022 111,111 111," +
  "111 222 400,111 111 222 222,022 111 202 333,040 111 222,022 111 220 333,004 111 222,022 022 111," +
  "022 022,111 111 222 400,111 111 111,111 202 202,111 111,111 220 220,111 111,111 111,111";

/** Area in mm^2 by code; bit 7 is the voxel at (x, y, z), bit 6 at (x, y, z + 1), bit 5 at (x, y + 1, z), bit 3 at (x + 1, y, z). */
export function surfaceAreasMm2([sx, sy, sz]: readonly [number, number, number]): Float64Array {
  const areas = new Float64Array(256);
  for (const [code, normals] of NORMALS.split(",").entries()) {
    for (const normal of normals === "" ? [] : normals.split(" ")) {
      const [x, y, z] = [...normal].map((digit) => Number(digit) / 8);
      areas[code]! += Math.hypot(x! * sy * sz, y! * sx * sz, z! * sx * sy);
    }
    areas[255 - code] = areas[code]!;
  }
  return areas;
}

/** Contour length in mm by code; bit 3 is the pixel at (x, y), bit 2 at (x, y + 1), bit 1 at (x + 1, y), bit 0 at (x + 1, y + 1). */
export function contourLengthsMm([sx, sy]: readonly [number, number]): Float64Array {
  const corner = Math.hypot(sx, sy) / 2;
  // One inside, or one outside: half a diagonal. Two side by side: the border between them. Two across: two corners.
  return Float64Array.from({ length: 16 }, (_, code) => {
    const inside = [8, 4, 2, 1].filter((bit) => (code & bit) !== 0).length;
    if (inside === 0 || inside === 4) return 0;
    if (inside !== 2) return corner;
    if (code === 0b0011 || code === 0b1100) return sy;
    if (code === 0b0101 || code === 0b1010) return sx;
    return 2 * corner;
  });
}
