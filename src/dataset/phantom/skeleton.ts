/** The bones of a standard pelvis: femora, hip bones with their sockets, sacrum. Their label is 2. */
import type { Canvas } from "./canvas.ts";
import { paint } from "./canvas.ts";
import type { Shape } from "./shapes.ts";
import { ellipsoid, mirror, shrink, smoothStep, tube } from "./shapes.ts";
import type { Tissues } from "./tissues.ts";

export const BONE = 2;

const FEMORAL_HEAD = ellipsoid([87, 0, 0], [23, 23, 23]);
const FEMUR: readonly Shape[] = [
  FEMORAL_HEAD,
  tube(
    [
      [87, 0, 0],
      [110, -4, -15],
      [127, -9, -31],
    ],
    [15, 13, 18],
  ),
  tube(
    [
      [136, -17, -8],
      [132, -12, -32],
      [125, -5, -52],
      [113, 3, -125],
    ],
    [10, 17, 17, 14],
  ),
  // Lesser trochanter.
  ellipsoid([109, -20, -52], [10, 9, 10]),
];

/** The socket: a bowl of bone around the head, open to the side, the front and below. */
const ACETABULUM: Shape = {
  low: [50, -37, -37],
  high: [124, 37, 37],
  distanceMm(x, y, z) {
    const dx = x - 87;
    const r = Math.sqrt(dx * dx + y * y + z * z);
    const opening = (0.72 * dx + 0.25 * y - 0.65 * z) / (r + 1e-6);
    return Math.max(26 - r, r - 35, 30 * (opening - 0.2));
  },
};

/** The wing: a plate that runs from the front spine back and inwards to the sacrum, and flares upwards. */
const WING: Shape = {
  low: [30, -95, 18],
  high: [160, 52, 130],
  distanceMm(x, y, z) {
    const back = 48 - y;
    const rise = z - 30;
    const middle = 116 - 0.0044 * back * back + 0.22 * rise;
    const across = Math.abs(x - middle) / Math.sqrt(1 + (0.0088 * back) ** 2 + 0.05);
    const half = 5.5 + 5 * (1 - smoothStep(0, 35, rise)) + 4 * smoothStep(50, 85, -y);
    const front = y - 14 - 0.42 * rise;
    const behind = -y - 30 - 1.1 * rise;
    return Math.max(across - half, front, behind, 20 - z);
  },
};

const HIP_BONE: readonly Shape[] = [
  ACETABULUM,
  WING,
  // Superior ramus to the symphysis, then the inferior ramus down to the ischial tuberosity and up its pillar.
  tube(
    [
      [66, 24, 4],
      [40, 44, 2],
      [16, 58, -12],
    ],
    [13, 8, 10],
  ),
  tube(
    [
      [11, 57, -14],
      [11, 52, -34],
    ],
    [8.5, 8.5],
  ),
  tube(
    [
      [13, 48, -36],
      [32, 20, -54],
      [53, -22, -66],
    ],
    [7.5, 6, 10],
  ),
  tube(
    [
      [76, -24, -8],
      [66, -36, -34],
      [56, -34, -62],
    ],
    [15, 12, 14],
  ),
];

/** A wedge that tapers from the promontory to the coccyx along a backward curve. */
const SACRUM: Shape = {
  low: [-60, -118, -16],
  high: [60, -40, 128],
  distanceMm(x, y, z) {
    const up = smoothStep(-15, 100, z);
    const half = 7 + 47 * up;
    const middle = -57 - 28 * Math.sin(Math.PI * Math.min(1, Math.max(0, (z + 15) / 125))) ** 1.2 + 8 * up;
    const depth = (6 + 13 * up) * (1 - 0.25 * (x / 60) ** 2);
    const sideways = Math.abs(x) / half;
    const deep = Math.abs(y - middle - 0.06 * Math.abs(x)) / depth;
    const reach = (sideways ** 3 + deep ** 3) ** (1 / 3);
    return Math.max((reach - 1) * Math.min(half, depth), -14 - z, z - 88);
  },
};
/** The lowest lumbar vertebra above its disc. */
const VERTEBRA = ellipsoid([0, -54, 112], [30, 22, 19]);
const DISC = ellipsoid([0, -54, 91], [27, 19, 6]);

/** Cortex dark, marrow bright; the red marrow of the axial bones darker than the fatty marrow of the femora. */
export function paintSkeleton(canvas: Canvas, tissues: Tissues): void {
  paint(canvas, DISC, tissues.disc);
  const axial = [SACRUM, VERTEBRA, ...HIP_BONE, ...HIP_BONE.map(mirror)];
  const femora = [...FEMUR, ...FEMUR.map(mirror)];
  for (const shape of axial) paint(canvas, shape, tissues.cortex, BONE);
  for (const shape of axial) paint(canvas, shrink(shape, 2), tissues.redMarrow);
  for (const shape of femora) paint(canvas, shape, tissues.cortex, BONE);
  for (const shape of femora) paint(canvas, shrink(shape, 2.5), tissues.marrow);
}
