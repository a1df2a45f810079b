/** A seeded, wholly synthetic male pelvis on MR: no patient's data went into it. */
import { makeRandom } from "../../core/random.ts";
import type { Affine } from "../../nifti/affine.ts";
import { drawBuild, drawState } from "./anatomy.ts";
import { paintBody } from "./body.ts";
import type { Canvas } from "./canvas.ts";
import { spacingMmOf } from "./canvas.ts";
import { addLattices, drawLattice, sampleLattice } from "./field.ts";
import type { PhantomOptions, PhantomSize } from "./options.ts";
import { checkPhantomOptions } from "./options.ts";
import { paintOrgans } from "./organs.ts";
import type { Pose } from "./pose.ts";
import { toBodyRows } from "./pose.ts";
import { scan } from "./scanner.ts";
import { paintSkeleton } from "./skeleton.ts";
import { paintVessels } from "./surroundings.ts";
import { drawTissues } from "./tissues.ts";

export type { PhantomCase, PhantomOptions, PhantomPatients, PhantomSize } from "./options.ts";
export {
  defaultPhantomOptions,
  PHANTOM_SIZES,
  PHANTOM_VERSION,
  planPhantom,
  splitPatients,
} from "./options.ts";

export interface PhantomVolume {
  /** Whole numbers >= 0 in arbitrary units, x * y * slices, x fastest. */
  readonly image: Float32Array;
  /** HIPMRI_LABELS, x * y * slices, x fastest. */
  readonly mask: Uint8Array;
  /** Right to left, inferior to superior, anterior to posterior. */
  readonly shape: readonly [x: number, y: number, slices: number];
  readonly spacingMm: readonly [x: number, y: number, slices: number];
  /** Voxel index to RAS+ mm; orientation "LSP". */
  readonly affine: Affine;
}

/** Length over which anatomy is bent, and by how much: for a man, and for the day. */
const WARP_SCALE_MM = 42;
const WARP_PATIENT_MM = 2.4;
const WARP_WEEK_MM = 0.9;

/**
 * One man on one day. The man depends on the seed and his index, the day on the week too; the grid size changes only
 * how finely he is sampled (and his noise and texture).
 * @param patientIndex from 0; the case number in file names is 4 more
 * @throws HipError `usage` on bad options; RangeError on a bad index or week
 */
export function makePhantomVolume(
  options: PhantomOptions,
  patientIndex: number,
  week: number,
): PhantomVolume {
  checkPhantomOptions(options);
  for (const [what, value] of [
    ["Patient index", patientIndex],
    ["Week", week],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`${what} must be an integer >= 0, got ${value}`);
  }
  const { seed, size } = options;
  const ofPatient = (what: string) => makeRandom(seed, "phantom", what, patientIndex);
  const ofWeek = (what: string) => makeRandom(seed, "phantom", what, patientIndex, week);

  const build = drawBuild(ofPatient("build"));
  const state = drawState(build, ofWeek("state"));
  const tissues = drawTissues(ofPatient("tissues"), ofWeek("tissues of the day"));
  const warp = [0, 1, 2].map((axis) =>
    sampleLattice(
      addLattices(
        drawLattice(ofPatient(`warp ${axis}`), WARP_SCALE_MM, WARP_PATIENT_MM),
        drawLattice(ofWeek(`warp of the day ${axis}`), WARP_SCALE_MM, WARP_WEEK_MM),
      ),
      size,
    ),
  );
  const fine = sampleLattice(drawLattice(ofWeek("fine texture"), 6, 0.75), size);
  const coarse = sampleLattice(drawLattice(ofWeek("coarse texture"), 15, 0.65), size);
  for (let v = 0; v < fine.length; v++) fine[v]! += coarse[v]!;
  const canvas = makeCanvas(size, state.pose, warp, fine);

  paintBody(canvas, build, tissues, ofPatient("septa"));
  paintOrgans(canvas, build, state, tissues, ofPatient("organs"), ofWeek("organs of the day"));
  paintVessels(canvas, tissues);
  paintSkeleton(canvas, tissues);
  const image = scan(canvas.signal, size, ofWeek("scanner"));
  return {
    image,
    mask: canvas.mask,
    shape: [size.x, size.y, size.slices],
    spacingMm: spacingMmOf(size),
    affine: affineOf(size),
  };
}

/** Columns run to the left, rows upwards, slices to the back; the field of view's centre is the origin. */
function affineOf(size: PhantomSize): Affine {
  const [dx, dy, ds] = spacingMmOf(size);
  return [
    [-dx, 0, 0, ((size.x - 1) / 2) * dx],
    [0, 0, -ds, ((size.slices - 1) / 2) * ds],
    [0, dy, 0, (-(size.y - 1) / 2) * dy],
    [0, 0, 0, 1],
  ];
}

/** An empty canvas whose voxels know their place in the posed and warped body. */
function makeCanvas(
  size: PhantomSize,
  pose: Pose,
  warp: readonly Float32Array[],
  texture: Float32Array,
): Canvas {
  const count = size.x * size.y * size.slices;
  const [dx, dy, ds] = spacingMmOf(size);
  const x = new Float32Array(count);
  const y = new Float32Array(count);
  const z = new Float32Array(count);
  const rows = toBodyRows(pose);
  [x, y, z].forEach((along, axis) => {
    const [ax, ay, az, offset] = rows[axis]!;
    const bend = warp[axis]!;
    let v = 0;
    for (let s = 0; s < size.slices; s++) {
      const worldY = ((size.slices - 1) / 2 - s) * ds;
      for (let j = 0; j < size.y; j++) {
        const start = ay * worldY + az * (j - (size.y - 1) / 2) * dy + offset;
        for (let i = 0; i < size.x; i++, v++) {
          along[v] = start + ax * ((size.x - 1) / 2 - i) * dx + bend[v]!;
        }
      }
    }
  });
  let warpMm = 0;
  for (const bend of warp) for (const mm of bend) warpMm = Math.max(warpMm, Math.abs(mm));
  return {
    size,
    pose,
    // The bound is per axis of the body: turned and scaled it can only reach a little farther.
    warpMm: warpMm * 1.8,
    edgeMm: (dx + dy) / 2,
    x,
    y,
    z,
    texture,
    signal: new Float32Array(count),
    mask: new Uint8Array(count),
  };
}
