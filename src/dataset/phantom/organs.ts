/** Bladder (3), rectum (4), prostate (5), and the unlabelled neighbours that look like them. */
import type { Random } from "../../core/random.ts";
import type { Build, State } from "./anatomy.ts";
import { RECTUM_COURSE } from "./anatomy.ts";
import type { Canvas, Tissue } from "./canvas.ts";
import { paint } from "./canvas.ts";
import type { Point, Shape } from "./shapes.ts";
import { ellipsoid, shrink, tube } from "./shapes.ts";
import { paintBowel } from "./surroundings.ts";
import type { Tissues } from "./tissues.ts";

export const BLADDER = 3;
export const RECTUM = 4;
export const PROSTATE = 5;

/** Radius in mm of a ball of `ml`. */
function ballRadiusMm(ml: number): number {
  return Math.cbrt((ml * 1000 * 3) / (4 * Math.PI));
}

/** A chestnut: an ellipsoid that narrows to its apex below and is flattened behind. */
function chestnut(centre: Point, radii: Point): Shape {
  const [cx, cy, cz] = centre;
  const [rx, ry, rz] = radii;
  const least = Math.min(rx, ry, rz);
  return {
    low: [cx - 1.1 * rx, cy - 1.1 * ry, cz - rz],
    high: [cx + 1.1 * rx, cy + 1.1 * ry, cz + rz],
    distanceMm(x, y, z) {
      const uz = (z - cz) / rz;
      const narrow = 1.04 + 0.16 * Math.max(-1, Math.min(1, uz));
      const ux = (x - cx) / (rx * narrow);
      const uy = (y - cy) / (ry * narrow * (y < cy ? 0.92 : 1.06));
      const reach = Math.sqrt(ux * ux + uy * uy + uz * uz);
      const steep = Math.sqrt((ux / rx) ** 2 + (uy / ry) ** 2 + (uz / rz) ** 2);
      return steep === 0 ? -least : (reach * (reach - 1)) / steep;
    },
  };
}

/** Where the prostate lies on the day. */
function prostateCentre(build: Build, state: State): Point {
  return [
    build.prostateCentre[0] + state.prostateShift[0],
    build.prostateCentre[1] + state.prostateShift[1],
    build.prostateCentre[2] + state.prostateShift[2],
  ];
}

/** Everything soft inside the pelvis, in painter's order: the later covers the earlier. */
export function paintOrgans(
  canvas: Canvas,
  build: Build,
  state: State,
  tissues: Tissues,
  ofPatient: Random,
  ofScan: Random,
): void {
  paintBowel(canvas, tissues, ofPatient, ofScan);
  paintBladder(canvas, build, state, tissues);
  paintVesicles(canvas, build, state, tissues, ofPatient);
  paintProstate(canvas, build, state, tissues, ofPatient);
  paintRectum(canvas, build, state, tissues);
}

/** The bladder stands on the prostate and grows upwards and forwards as it fills. */
function paintBladder(canvas: Canvas, build: Build, state: State, tissues: Tissues): void {
  const r = ballRadiusMm(state.bladderMl);
  const [fx, fy, fz] = build.bladderForm;
  // A half-empty bladder is flat: it keeps its base and loses its dome.
  const dome = (state.bladderMl / 200) ** 0.12;
  const radii: Point = [(r * fx) / Math.sqrt(dome), (r * fy) / Math.sqrt(dome), r * fz * dome];
  const [px, py, pz] = prostateCentre(build, state);
  const rz = ballRadiusMm(build.prostateMl) * build.prostateForm[2];
  const centre: Point = [0.5 * px + state.bladderLeanMm, py + 7 + 0.12 * r, pz + rz + radii[2] - 7];
  const bladder = ellipsoid(centre, radii);
  paint(canvas, bladder, tissues.bladderWall, BLADDER);
  paint(canvas, shrink(bladder, 3.2), tissues.urine);
}

/** Two convoluted glands behind the bladder, as bright as it is or as dark as the prostate. */
function paintVesicles(canvas: Canvas, build: Build, state: State, tissues: Tissues, random: Random): void {
  const [px, py, pz] = prostateCentre(build, state);
  const r = ballRadiusMm(build.prostateMl);
  const length = build.vesicleMm;
  const thick = build.vesicleRadiusMm;
  const behind = py - r * build.prostateForm[1] * 0.75;
  const top = pz + r * build.prostateForm[2] * 0.85;
  const tissue: Tissue = {
    signal: tissues.vesicle.signal * random.between(0.7, 1.25),
    texture: tissues.vesicle.texture,
  };
  for (const side of [-1, 1]) {
    const shape = tube(
      [
        [px + side * 4, behind, top],
        [px + side * (4 + length * 0.5), behind - 5, top + random.between(3, 9)],
        [px + side * (4 + length), behind - 9, top + random.between(5, 16)],
      ],
      [thick * 0.8, thick, thick * 0.85],
    );
    paint(canvas, shape, tissues.bladderWall);
    paint(canvas, shrink(shape, 1.2), tissue);
  }
}

function paintProstate(canvas: Canvas, build: Build, state: State, tissues: Tissues, random: Random): void {
  const centre = prostateCentre(build, state);
  const [cx, cy, cz] = centre;
  const r = ballRadiusMm(build.prostateMl);
  const radii: Point = [r * build.prostateForm[0], r * build.prostateForm[1], r * build.prostateForm[2]];
  // The plexus of veins before and beside the gland, and the bulb below it: prostate-like, but body.
  paint(canvas, ellipsoid([cx, cy + radii[1] + 3, cz - 4], [17, 6, 13]), tissues.venousPlexus);
  for (const side of [-1, 1]) {
    const beside: Point = [
      cx + side * (radii[0] + 2),
      cy - random.between(-4, 8),
      cz + random.between(-6, 8),
    ];
    paint(canvas, ellipsoid(beside, [5, 9, random.between(7, 13)]), tissues.venousPlexus);
  }
  paint(canvas, ellipsoid([0, 14, -62], [13, 17, 9]), tissues.bulb);
  // Urethra and its sphincter below the apex go on in the gland's own grey.
  paint(
    canvas,
    tube(
      [
        [cx, cy, cz],
        [0, 8, -56],
      ],
      [8, 6.5],
    ),
    tissues.transitionZone,
  );

  paint(canvas, chestnut(centre, radii), tissues.peripheralZone, PROSTATE);
  const inner = 0.62 + 0.16 * random.uniform();
  const zone = ellipsoid(
    [cx, cy + radii[1] * 0.22, cz + radii[2] * 0.2],
    [radii[0] * inner, radii[1] * inner, radii[2] * inner],
  );
  paint(canvas, zone, tissues.transitionZone);
  if (build.medianLobeMm > 0) {
    const lobe = ellipsoid([cx, cy + 2, cz + radii[2] - 4], [9, 9, 4 + build.medianLobeMm]);
    paint(canvas, lobe, tissues.transitionZone, PROSTATE);
  }
  for (let nodule = 0; nodule < 4; nodule++) {
    const at: Point = [
      cx + radii[0] * random.between(-0.45, 0.45),
      cy + radii[1] * random.between(-0.2, 0.5),
      cz + radii[2] * random.between(-0.3, 0.5),
    ];
    const size = random.between(3, 6.5);
    const signal = tissues.transitionZone.signal * random.between(0.72, 1.3);
    paint(canvas, ellipsoid(at, [size, size, size]), { signal, texture: 0.1 });
  }
  if (!build.markers) return;
  for (let seed = 0; seed < 3; seed++) {
    const at: Point = [
      cx + radii[0] * random.between(-0.5, 0.5),
      cy + radii[1] * random.between(-0.5, 0.5),
      cz + radii[2] * (seed - 1) * 0.5,
    ];
    paint(canvas, ellipsoid(at, [2, 2, 3.2]), tissues.marker);
  }
}

/** The rectum up to its bend; above it the sigmoid colon looks alike but is not labelled. */
function paintRectum(canvas: Canvas, build: Build, state: State, tissues: Tissues): void {
  const swing = build.rectumSwingMm;
  const course = RECTUM_COURSE.map(([x, y, z], i): Point => {
    return [x + swing * Math.sin((Math.PI * i) / 5), y, z];
  });
  const radii = state.rectumRadii;
  const [, topY, topZ] = course[5]!;
  const sigmoid = tube(
    [course[5]!, [-8, topY + 6, topZ + 16], [-34, topY + 24, topZ + 26], [-58, topY + 48, topZ + 34]],
    [radii[5]!, 13, 14, 12],
  );
  paint(canvas, sigmoid, tissues.rectumWall);
  paint(canvas, shrink(sigmoid, 3.4), tissues.stool);

  const rectum = tube(course, radii);
  paint(canvas, rectum, tissues.rectumWall, RECTUM);
  // Stool lies where it is on the day; gas floats to the front, for the man lies on his back.
  for (const [content, tissue, forward] of [
    [state.stool, tissues.stool, -0.1],
    [state.gas, tissues.gas, 0.3],
  ] as const) {
    const at = Math.min(4.99, content.at * 5);
    const i = Math.floor(at);
    const t = at - i;
    const radius = (radii[i]! + t * (radii[i + 1]! - radii[i]!)) * content.fill;
    const [ax, ay, az] = course[i]!;
    const [bx, by, bz] = course[i + 1]!;
    const centre: Point = [ax + t * (bx - ax), ay + t * (by - ay) + forward * radius, az + t * (bz - az)];
    paint(canvas, ellipsoid(centre, [radius, radius * 0.9, radius * 1.7]), tissue);
  }
}
