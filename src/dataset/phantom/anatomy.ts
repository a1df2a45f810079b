/** One man's build, and the state he is in on the day of a scan. Lengths in mm, volumes in ml. */
import type { Random } from "../../core/random.ts";
import type { Pose } from "./pose.ts";
import { makePose } from "./pose.ts";
import type { Point } from "./shapes.ts";

/** What stays the same from week to week. */
export interface Build {
  /** Stature along x, y, z against a standard man. */
  readonly scale: Point;
  readonly tiltRad: number;
  /** Half the breadth at the hips. */
  readonly hipMm: number;
  readonly bellyMm: number;
  readonly fatMm: number;
  readonly prostateMl: number;
  /** Left-right, front-back and up-down radius against a ball of that volume; their product is 1. */
  readonly prostateForm: Point;
  readonly prostateCentre: Point;
  /** How far the transition zone bulges up into the bladder. */
  readonly medianLobeMm: number;
  readonly markers: boolean;
  readonly bladderMl: number;
  readonly bladderForm: Point;
  readonly rectumMm: number;
  /** Sideways swing of the rectum. */
  readonly rectumSwingMm: number;
  readonly vesicleMm: number;
  readonly vesicleRadiusMm: number;
}

/** What changes from week to week. */
export interface State {
  readonly pose: Pose;
  readonly prostateShift: Point;
  readonly bladderMl: number;
  readonly bladderLeanMm: number;
  /** Radius of the rectum at its points from the anus upwards, mm. */
  readonly rectumRadii: readonly number[];
  /** Where along the rectum gas and stool lie, 0 at the anus to 1, and how much of the width they fill. */
  readonly gas: { readonly at: number; readonly fill: number };
  readonly stool: { readonly at: number; readonly fill: number };
}

/** The rectum's course from the anus to the bend where the sigmoid colon begins, in a standard man. */
export const RECTUM_COURSE: readonly Point[] = [
  [0, -36, -62],
  [0, -33, -42],
  [0, -39, -24],
  [0, -44, -4],
  [0, -52, 16],
  [0, -57, 36],
];

export function drawBuild(random: Random): Build {
  const stature = bounded(random, 1, 0.035, 0.93, 1.07);
  const squareForm = (spread: number, base: Point): Point => {
    const raw = base.map((r) => r * bounded(random, 1, spread, 0.8, 1.25));
    const mean = Math.cbrt(raw[0]! * raw[1]! * raw[2]!);
    return [raw[0]! / mean, raw[1]! / mean, raw[2]! / mean];
  };
  return {
    scale: [
      stature * bounded(random, 1, 0.02, 0.96, 1.04),
      stature * bounded(random, 1, 0.025, 0.95, 1.05),
      stature * bounded(random, 1, 0.03, 0.94, 1.06),
    ],
    tiltRad: bounded(random, 0, 0.06, -0.13, 0.13),
    hipMm: bounded(random, 164, 7, 150, 180),
    bellyMm: bounded(random, 8, 8, -6, 28),
    fatMm: bounded(random, 17, 6, 8, 32),
    prostateMl: 38 * Math.exp(bounded(random, 0, 0.25, -0.35, 0.5)),
    prostateForm: squareForm(0.07, [1.2, 0.9, 0.95]),
    prostateCentre: [
      bounded(random, 0, 1.5, -3, 3),
      bounded(random, 6, 3, 0, 12),
      bounded(random, -15, 4, -23, -7),
    ],
    medianLobeMm: Math.max(0, bounded(random, 2, 5, -8, 12)),
    markers: random.uniform() < 0.4,
    bladderMl: 155 * Math.exp(bounded(random, 0, 0.3, -0.6, 0.6)),
    bladderForm: squareForm(0.08, [1.14, 0.98, 0.9]),
    rectumMm: bounded(random, 12.5, 1.3, 10, 15.5),
    rectumSwingMm: bounded(random, 0, 6, -12, 12),
    vesicleMm: bounded(random, 27, 4, 19, 35),
    vesicleRadiusMm: bounded(random, 5.5, 1.2, 3.5, 8),
  };
}

export function drawState(build: Build, random: Random): State {
  const fullness = bounded(random, 1, 0.17, 0.7, 1.4);
  const rectumRadii = RECTUM_COURSE.map((_, i) => {
    // The sphincter keeps the anal canal narrow whatever lies above it.
    const rest = i < 2 ? 0.72 : 1;
    const filling = i < 2 ? 1 : fullness * bounded(random, 1, 0.16, 0.65, 1.4);
    return build.rectumMm * rest * filling;
  });
  const behindProstate = (rectumRadii[2]! + rectumRadii[3]!) / 2 - build.rectumMm;
  const shift = (sd: number): number => bounded(random, 0, sd, -2.2 * sd, 2.2 * sd);
  return {
    // The table, not the pelvis, is the scanner's centre: the body lies 8 mm in front of it.
    pose: makePose([shift(4), 8 + shift(4), shift(5)], build.scale, [
      build.tiltRad + shift(0.025),
      shift(0.025),
      shift(0.025),
    ]),
    prostateShift: [shift(0.8), 0.5 * behindProstate + shift(1.2), shift(1.5)],
    bladderMl: build.bladderMl * Math.exp(shift(0.35)),
    bladderLeanMm: shift(5),
    rectumRadii,
    gas: { at: random.between(0.3, 0.95), fill: random.between(0.2, 0.75) },
    stool: { at: random.between(0.35, 1), fill: random.between(0.3, 0.8) },
  };
}

/** A normal draw held inside [low, high]. */
function bounded(random: Random, mean: number, sd: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, mean + sd * random.normal()));
}
