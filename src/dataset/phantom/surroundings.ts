/** What surrounds the organs unlabelled and looks like them: loops of gut, vessels, the roots of the penis. */
import type { Random } from "../../core/random.ts";
import type { Canvas } from "./canvas.ts";
import { paint } from "./canvas.ts";
import type { Point, Shape } from "./shapes.ts";
import { ellipsoid, mirror, shrink, tube } from "./shapes.ts";
import type { Tissues } from "./tissues.ts";

/** Loops of gut above the bladder; some are as bright as urine, some as grey as the prostate. */
export function paintBowel(canvas: Canvas, tissues: Tissues, ofPatient: Random, ofScan: Random): void {
  for (let loop = 0; loop < 11; loop++) {
    let at: Point = [
      ofPatient.between(-70, 70) + 6 * ofScan.normal(),
      ofPatient.between(-25, 65),
      ofPatient.between(62, 112) + 5 * ofScan.normal(),
    ];
    const points: Point[] = [at];
    const radii = [ofScan.between(9, 15)];
    for (let bend = 0; bend < 3; bend++) {
      at = [
        Math.max(-80, Math.min(80, at[0] + ofScan.between(-32, 32))),
        Math.max(-30, Math.min(68, at[1] + ofScan.between(-28, 28))),
        Math.max(58, at[2] + ofScan.between(-14, 16)),
      ];
      points.push(at);
      radii.push(ofScan.between(8, 15));
    }
    const shape = tube(points, radii);
    const kind = ofScan.uniform();
    const filling = kind < 0.3 ? tissues.bowelFluid : kind < 0.8 ? tissues.bowelContent : tissues.gas;
    paint(canvas, shape, tissues.bowelWall);
    const content = { signal: filling.signal * ofScan.between(0.7, 1.25), texture: filling.texture };
    paint(canvas, shrink(shape, 2.8), content);
  }
}

/** Vessels, cords and the penis: small things of the gland's grey or of bone's black. */
export function paintVessels(canvas: Canvas, tissues: Tissues): void {
  const artery = tube(
    [
      [48, -10, 115],
      [62, 28, 50],
      [66, 52, 8],
      [70, 62, -40],
      [80, 45, -110],
    ],
    [5, 5, 4.5, 4.5, 4],
  );
  const vein = tube(
    [
      [40, -20, 115],
      [55, 20, 50],
      [55, 48, 8],
      [58, 58, -40],
      [72, 42, -110],
    ],
    [6, 6, 6, 5.5, 5],
  );
  const crus = tube(
    [
      [34, 6, -62],
      [14, 28, -58],
      [5, 52, -62],
      [4, 78, -62],
    ],
    [5, 7, 7, 7],
  );
  for (const side of [(shape: Shape) => shape, mirror]) {
    paint(canvas, side(artery), tissues.artery);
    paint(canvas, side(vein), tissues.vein);
    paint(canvas, side(crus), tissues.bulb);
    paint(canvas, side(ellipsoid([14, 62, -88], [12, 13, 16])), tissues.testis);
  }
}
