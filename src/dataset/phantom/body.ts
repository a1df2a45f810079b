/** The body around the organs: outline, skin, fat, muscle with its septa, the pelvic cavity. Its label is 1. */
import type { Random } from "../../core/random.ts";
import type { Build } from "./anatomy.ts";
import type { Canvas } from "./canvas.ts";
import { drawLattice, sampleLattice } from "./field.ts";
import { smoothStep } from "./shapes.ts";
import type { Tissues } from "./tissues.ts";

export const BODY = 1;

const SKIN_MM = 2;

/**
 * Distance along the ray from the centre to a rounded oval's edge: negative inside.
 * @param square 0 for an ellipse, towards 1 for a rectangle with round corners
 */
function oval(dx: number, dy: number, a: number, b: number, square: number): number {
  const ux = (dx / a) ** 2;
  const uy = (dy / b) ** 2;
  const round = Math.sqrt(ux + uy);
  const reach = round + square * (Math.sqrt(Math.sqrt(ux * ux + uy * uy)) - round);
  return reach < 1e-3 ? -Math.min(a, b) : Math.sqrt(dx * dx + dy * dy) * (1 - 1 / reach);
}

/** Signed distance (mm, negative inside) to the skin: trunk, two thighs below the groin, scrotum. */
function makeOutline(build: Build): (x: number, y: number, z: number) => number {
  const { hipMm, bellyMm } = build;
  return (x, y, z) => {
    // Most of the grid is air: far from the skin any distance will do.
    if (Math.abs(x) > hipMm + 8 || y > 110 + Math.max(0, bellyMm) || y < -130) return 8;
    const waist = smoothStep(-10, 110, z);
    const trunkHalf = hipMm * (1 - 0.11 * waist);
    const front = 86 + bellyMm * waist;
    const back = 114 - 8 * smoothStep(0, 100, z);
    // The cleft between the buttocks.
    const cleft = 22 * Math.exp(-((x / 9) ** 2)) * (1 - smoothStep(-20, 40, z));
    const middle = y + 6;
    const trunk =
      middle > 0 ? oval(x, middle, trunkHalf, front + 6, 0.2) : oval(x, middle, trunkHalf, back - 6, 0.45);
    // Below the perineum the trunk closes like the bottom of a bowl.
    const floor = -66 - z - 0.12 * Math.abs(y - 10) + 0.1 * Math.abs(x);
    const closed = Math.max(middle < 0 ? trunk + cleft : trunk, floor);
    if (z > 10) return closed;
    const half = hipMm * 0.485;
    const thigh = oval(Math.abs(x) - hipMm * 0.505, y + 8, half, 90, 0.2);
    const scrotum = Math.sqrt((x / 30) ** 2 + ((y - 62) / 30) ** 2 + ((z + 84) / 34) ** 2);
    // The thigh withdraws into the trunk towards the hip, so that no step shows at its top.
    const leg = thigh + 40 * smoothStep(-45, 10, z);
    return Math.min(softMin(closed, leg, 14), (scrotum - 1) * 30);
  };
}

/** Least of two distances with a rounded seam. */
function softMin(a: number, b: number, seamMm: number): number {
  const blend = Math.max(0, seamMm - Math.abs(a - b)) / seamMm;
  return Math.min(a, b) - blend * blend * seamMm * 0.25;
}

/** Signed distance to the wall of the pelvic cavity: a funnel from the pelvic floor up into the belly. */
function cavityMm(x: number, y: number, z: number): number {
  if (z < -52) return -52 - z + 10;
  const low = 13 + 0.4 * (Math.min(z, 0) + 52);
  const high = 28 * smoothStep(-12, 45, z) + 42 * smoothStep(50, 110, z);
  const radius = low + high;
  const middle = -20 + 12 * smoothStep(-50, 10, z);
  const depth = Math.min(radius / 0.62, 80);
  return oval(x, y - middle, radius, depth, 0.2) * 0.85;
}

/**
 * Paints everything that is not an organ or a bone into an empty canvas.
 * @param random draws the septa between muscles and the strands in the pelvic fat
 */
export function paintBody(canvas: Canvas, build: Build, tissues: Tissues, random: Random): void {
  const { x, y, z, texture, signal, mask, edgeMm } = canvas;
  const outline = makeOutline(build);
  const septa = sampleLattice(drawLattice(random, 34, 1), canvas.size);
  const strands = sampleLattice(drawLattice(random, 13, 1), canvas.size);
  const { skin, fat, muscle, pelvicFat, levator } = tissues;
  const perEdge = 1 / edgeMm;
  const cover = (distance: number): number => Math.min(1, Math.max(0, 0.5 - distance * perEdge));
  for (let v = 0; v < signal.length; v++) {
    const px = x[v]!;
    const py = y[v]!;
    const pz = z[v]!;
    const distance = outline(px, py, pz);
    const inside = cover(distance);
    if (inside <= 0) continue;
    if (distance < 0) mask[v] = BODY;
    const grain = texture[v]!;
    // Fat is thick over the buttocks and the flanks, thin over the groin.
    const padding =
      build.fatMm * (0.55 + 0.5 * smoothStep(20, -90, py) + 0.45 * smoothStep(70, 150, Math.abs(px)));
    const toMuscle = distance + SKIN_MM + padding + 2.5 * strands[v]!;
    let value = skin.signal;
    value += cover(distance + SKIN_MM) * (fat.signal * (1 + fat.texture * grain) - value);
    if (toMuscle > edgeMm && pz > 0) {
      signal[v] = inside * value;
      continue;
    }
    // Muscles run down and inwards: so do the sheets of fat between them.
    const sheet = Math.sin((Math.abs(px) + 0.35 * pz + 0.5 * py) / 9 + 2.2 * septa[v]!);
    const septum = Math.max(0, 1 - Math.abs(sheet) / 0.22) * smoothStep(-1, 0.6, septa[v]!);
    const flesh = muscle.signal * (1 + muscle.texture * grain);
    value += cover(toMuscle) * (flesh + 0.7 * septum * (fat.signal - flesh) - value);
    // Fat wedge between the sitting bone and the pelvic floor.
    const wedge = Math.sqrt(((Math.abs(px) - 37) / 19) ** 2 + ((py + 36) / 34) ** 2 + ((pz + 46) / 27) ** 2);
    value += cover((wedge - 1) * 20) * (pelvicFat.signal * (1 + pelvicFat.texture * grain) - value);
    // The cavity ends a muscle's thickness under the fat of the belly.
    const cavity = Math.max(cavityMm(px, py, pz), toMuscle + 11);
    if (pz < 14) value += cover(cavity - 5.5) * (levator.signal * (1 + levator.texture * grain) - value);
    const strand = 0.4 * Math.max(0, 1 - Math.abs(strands[v]!) / 0.22);
    const filler = pelvicFat.signal * (1 + pelvicFat.texture * grain) * (1 - strand);
    value += cover(cavity) * (filler - value);
    signal[v] = inside * value;
  }
}
