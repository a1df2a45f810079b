/** Where the voxels of a NRRD file lie. */
import type { Affine, Point } from "../nifti/affine.ts";
import { EXPORT_AGAIN, failToRead, failToUse, quoted } from "./errors.ts";
import { fieldOf, type NrrdFields, vectorsIn, wholeField, wordsIn } from "./nrrd-fields.ts";
import { across, affineFrom, type PatientSpace } from "./open-image.ts";

const SPACES: Readonly<Record<string, PatientSpace>> = {
  "right-anterior-superior": "RAS",
  ras: "RAS",
  "left-anterior-superior": "LAS",
  las: "LAS",
  "left-posterior-superior": "LPS",
  lps: "LPS",
};

export interface NrrdPlace {
  readonly affine: Affine;
  readonly affineSource: "file" | "pixdim" | "assumed";
}

/** An axis of space. */
export interface PlacedAxis {
  readonly size: number;
  /** From one voxel to the next, where the file has "space directions". */
  readonly step: Point | undefined;
  readonly spacing: number | undefined;
}

export interface NrrdSpace {
  /** How many coordinates a point has. */
  readonly dimension: number | undefined;
  /** Undefined where the coordinates are not a patient's. */
  readonly patient: PatientSpace | undefined;
  /** For messages. */
  readonly stated: string;
}

/** "space" or "space dimension": how many coordinates a point has, and whether they are a patient's. */
export function nrrdSpace(nrrd: NrrdFields): NrrdSpace {
  const space = fieldOf(nrrd, "space");
  const dimension = fieldOf(nrrd, "spacedimension");
  if (space !== undefined) {
    const [, base = "", time] = /^(.*?)(-time)?$/.exec(space.toLowerCase()) ?? [];
    const short = /^(ras|las|lps)t$/.exec(base)?.[1];
    const patient = SPACES[short ?? base];
    if (patient === undefined && !/^(?:scanner-xyz|3d-(?:right|left)-handed)$/.test(base)) {
      const what = `"space" must be one of NRRD's, for instance "left-posterior-superior", got ${quoted(space)}`;
      failToRead(nrrd.name, what, EXPORT_AGAIN);
    }
    return { dimension: time !== undefined || short !== undefined ? 4 : 3, patient, stated: quoted(space) };
  }
  if (dimension === undefined) return { dimension: undefined, patient: undefined, stated: "" };
  const n = wholeField(nrrd, { field: "space dimension", value: dimension, least: 1, most: 16 });
  return { dimension: n, patient: undefined, stated: `of ${n} dimensions without a name` };
}

function originOf(nrrd: NrrdFields, dimension: number, warnings: string[]): Point {
  const value = fieldOf(nrrd, "spaceorigin");
  const [origin] = value === undefined ? [] : vectorsIn(nrrd, "space origin", value);
  if (origin === undefined || origin === "none") {
    warnings.push("No space origin is stated: taken as 0, 0, 0");
    return [0, 0, 0];
  }
  if (origin.length !== dimension) {
    const what = `"space origin" must have ${dimension} numbers, got (${origin.join(",")})`;
    failToRead(nrrd.name, what, EXPORT_AGAIN);
  }
  return [origin[0] ?? 0, origin[1] ?? 0, origin[2] ?? 0];
}

function warnOfUnits(nrrd: NrrdFields, warnings: string[]): void {
  const units = fieldOf(nrrd, "spaceunits") ?? fieldOf(nrrd, "units") ?? "";
  const odd = wordsIn(units).find((unit) => !/^(?:mm|millimet(?:er|re)s?|s|ms|none|\?\?\?|)$/i.test(unit));
  if (odd !== undefined)
    warnings.push(`The units are stated as ${quoted(odd)}: lengths are taken as millimetres, as ITK does`);
}

/** Directions from the file. Two in a plane are completed by the unit vector across them. */
function directedAffine(
  nrrd: NrrdFields,
  spatial: readonly PlacedAxis[],
  space: NrrdSpace,
  warnings: string[],
): NrrdPlace {
  const [x, y, z] = spatial.map((axis) => axis.step!);
  const origin = originOf(nrrd, space.dimension!, warnings);
  const flat = space.dimension === 2;
  const third = z ?? (flat ? ([0, 0, 1] as const) : across(x!, y!));
  // ITK, too, takes a space of no name as LPS.
  const affine = affineFrom(space.patient ?? "LPS", [x!, y!, third], origin);
  if (space.patient !== undefined) return { affine, affineSource: "file" };
  const which = space.dimension === 2 ? "The image lies in a space" : "The space is";
  warnings.push(
    `${which} ${space.stated}, which does not say where the patient's left is: assumed to be LPS, as ITK does`,
  );
  return { affine, affineSource: "pixdim" };
}

/** From spacings alone: LPS with the first voxel at 0, as ITK has it. */
function spacedAffine(nrrd: NrrdFields, spatial: readonly PlacedAxis[], warnings: string[]): NrrdPlace {
  const missing = spatial.findIndex(({ spacing }) => spacing === undefined || Number.isNaN(spacing));
  const at = (axis: 0 | 1 | 2): number => {
    const { spacing = Number.NaN, size = 1 } = spatial[axis] ?? {};
    if (Number.isNaN(spacing)) return 1;
    if (spacing > 0 && Number.isFinite(spacing)) return spacing;
    const what = `the spacing of axis ${axis} (${size} voxels) must be > 0 mm, got ${spacing}`;
    return failToUse(nrrd.name, what, "State the true voxel size, for instance by exporting the image again");
  };
  warnings.push("No orientation is stated: assumed to be LPS, as ITK does");
  if (missing >= 0) warnings.push(`No spacing is stated for axis ${missing}: taken as 1 mm`);
  const affine = affineFrom(
    "LPS",
    [
      [at(0), 0, 0],
      [0, at(1), 0],
      [0, 0, at(2)],
    ],
    [0, 0, 0],
  );
  return { affine, affineSource: missing >= 0 ? "assumed" : "pixdim" };
}

/** The affine of 2 or 3 axes of space. */
export function nrrdPlace(
  nrrd: NrrdFields,
  {
    space,
    spatial,
    directed,
  }: { readonly space: NrrdSpace; readonly spatial: readonly PlacedAxis[]; readonly directed: boolean },
  warnings: string[],
): NrrdPlace {
  warnOfUnits(nrrd, warnings);
  return directed ? directedAffine(nrrd, spatial, space, warnings) : spacedAffine(nrrd, spatial, warnings);
}
