/** How bright each tissue is on a T2-weighted image, urine being about 1; drawn anew for every man and every scan. */
import type { Random } from "../../core/random.ts";
import type { Tissue } from "./canvas.ts";

/** Signal, then depth of the texture. Muscle, gland and walls lie close together on purpose. */
const BASE = {
  skin: [0.3, 0.1],
  fat: [0.7, 0.06],
  pelvicFat: [0.67, 0.1],
  muscle: [0.24, 0.13],
  cortex: [0.09, 0.2],
  marrow: [0.55, 0.13],
  redMarrow: [0.42, 0.18],
  disc: [0.3, 0.15],
  urine: [0.95, 0.03],
  bladderWall: [0.29, 0.12],
  peripheralZone: [0.47, 0.12],
  transitionZone: [0.38, 0.14],
  vesicle: [0.58, 0.3],
  rectumWall: [0.31, 0.15],
  stool: [0.4, 0.4],
  gas: [0.03, 0.2],
  levator: [0.25, 0.14],
  venousPlexus: [0.6, 0.25],
  bulb: [0.62, 0.12],
  testis: [0.72, 0.08],
  vein: [0.5, 0.15],
  artery: [0.06, 0.2],
  bowelWall: [0.34, 0.15],
  bowelFluid: [0.75, 0.15],
  bowelContent: [0.42, 0.35],
  marker: [0.02, 0],
} as const satisfies Record<string, readonly [signal: number, texture: number]>;

export type TissueName = keyof typeof BASE;
export type Tissues = Readonly<Record<TissueName, Tissue>>;

const PATIENT_SPREAD = 0.08;
const SCAN_SPREAD = 0.05;

export function drawTissues(ofPatient: Random, ofScan: Random): Tissues {
  const names = Object.keys(BASE) as TissueName[];
  const drawn = names.map((name): [TissueName, Tissue] => {
    const [signal, texture] = BASE[name];
    const spread = Math.exp(PATIENT_SPREAD * ofPatient.normal() + SCAN_SPREAD * ofScan.normal());
    return [name, { signal: signal * spread, texture }];
  });
  return Object.fromEntries(drawn) as Record<TissueName, Tissue>;
}
