/** What the axes of a NRRD file are: places in space, numbers of one voxel, or more images. */
import type { Point } from "../nifti/affine.ts";
import { EXPORT_AGAIN, failToRead, failToUse, quoted } from "./errors.ts";
import {
  fieldOf,
  type NrrdFields,
  type NrrdVector,
  requiredField,
  vectorsIn,
  wholeField,
  wordsIn,
} from "./nrrd-fields.ts";
import { type NrrdPlace, nrrdPlace, nrrdSpace, type PlacedAxis } from "./nrrd-place.ts";
import { numberIn } from "./text-voxels.ts";

/** NRRD itself allows 16. */
const MOST_AXES = 16;

export interface NrrdAxes extends NrrdPlace {
  /** Sizes in the file's order, those of more than one number per voxel left out; x, y, z first. */
  readonly shape: readonly number[];
  /** Numbers per voxel, and the kind of axis they lie along. */
  readonly perVoxel: number;
  readonly perVoxelKind: string;
  /** Product of all sizes. */
  readonly count: number;
}

/** "extra": another image, e.g. a point in time. "component": another number of the same voxel. */
type Role = "space" | "extra" | "component";

interface Axis extends PlacedAxis {
  readonly role: Role;
  readonly kind: string;
}

/** One value an axis; undefined where the field is not there. */
function perAxis<T>(nrrd: NrrdFields, field: string, count: number, values: readonly T[]): readonly T[] {
  if (values.length === count) return values;
  const what = `"${field}" must have ${count} values, one an axis, got ${values.length}`;
  return failToRead(nrrd.name, what, EXPORT_AGAIN);
}

function sizesOf(nrrd: NrrdFields): readonly number[] {
  const dimension = wholeField(nrrd, {
    field: "dimension",
    value: requiredField(nrrd, "dimension"),
    least: 1,
    most: MOST_AXES,
  });
  const most = Number.MAX_SAFE_INTEGER;
  const sizes = wordsIn(requiredField(nrrd, "sizes")).map((value) =>
    wholeField(nrrd, { field: "sizes", value, least: 1, most }),
  );
  return perAxis(nrrd, "sizes", dimension, sizes);
}

/** Kinds along which images lie side by side rather than the numbers of one voxel. */
const IMAGE_KINDS = /^(?:domain|space|none|\?\?\?|)$/;
const EXTRA_KINDS = /^(?:time|list)$/;
const SINGLE_KINDS = /^(?:scalar|stub)$/;

/** A direction of space, or the fourth of a space with time: (0,0,0,t). */
function stepOf(nrrd: NrrdFields, vector: NrrdVector): Point | "time" | undefined {
  if (vector === "none") return undefined;
  const [x = 0, y = 0, z = 0, t = 0] = vector;
  if (vector.length <= 3 || t === 0) return [x, y, z];
  if (x === 0 && y === 0 && z === 0) return "time";
  const what = `a direction must be of space or of time, got (${vector.join(",")})`;
  return failToUse(nrrd.name, what, EXPORT_AGAIN);
}

function roleOf(kind: string, step: Point | "time" | undefined, directed: boolean): Role {
  if (!IMAGE_KINDS.test(kind) && !EXTRA_KINDS.test(kind) && !SINGLE_KINDS.test(kind)) return "component";
  if (directed) return step === undefined || step === "time" ? "extra" : "space";
  return EXTRA_KINDS.test(kind) || SINGLE_KINDS.test(kind) ? "extra" : "space";
}

function axesOf(nrrd: NrrdFields, spaceDimension: number | undefined): readonly Axis[] {
  const sizes = sizesOf(nrrd);
  const listed = <T>(field: string, values: (value: string) => readonly T[]): readonly T[] | undefined => {
    const value = fieldOf(nrrd, field.replace(" ", ""));
    return value === undefined ? undefined : perAxis(nrrd, field, sizes.length, values(value));
  };
  const kinds = listed("kinds", wordsIn);
  const spacings = listed("spacings", (value) =>
    wordsIn(value).map((word) => {
      const bad = `"spacings" must be numbers, got ${quoted(value)}`;
      return numberIn(word) ?? failToRead(nrrd.name, bad, EXPORT_AGAIN);
    }),
  );
  const vectors = listed("space directions", (value) => vectorsIn(nrrd, "space directions", value));
  if (vectors !== undefined && spaceDimension === undefined)
    failToRead(
      nrrd.name,
      'it has "space directions" but neither "space" nor "space dimension"',
      EXPORT_AGAIN,
    );
  for (const vector of vectors ?? []) {
    if (vector !== "none" && vector.length !== spaceDimension) {
      const what = `"space directions" must have ${spaceDimension} numbers each, got (${vector.join(",")})`;
      failToRead(nrrd.name, what, EXPORT_AGAIN);
    }
  }
  return sizes.map((size, i) => {
    const step = stepOf(nrrd, vectors?.[i] ?? "none");
    const kind = (kinds?.[i] ?? "").toLowerCase();
    const role = roleOf(kind, step, vectors !== undefined);
    return { size, role, kind, step: step === "time" ? undefined : step, spacing: spacings?.[i] };
  });
}

/**
 * The axes of a header.
 * @throws HipError "unreadable-image": fields that contradict each other, no 2 or 3 axes of space; "bad-image": spacing
 */
export function nrrdAxes(nrrd: NrrdFields, warnings: string[]): NrrdAxes {
  const space = nrrdSpace(nrrd);
  const axes = axesOf(nrrd, space.dimension);
  const directed = fieldOf(nrrd, "spacedirections") !== undefined;
  let spatial = axes.filter(({ role }) => role === "space");
  // Without directions nothing tells a fourth axis of domain apart: it is one more image after the other.
  if (!directed) spatial = spatial.slice(0, 3);
  if (spatial.length < 2 || spatial.length > 3) {
    const what = `an image has 2 or 3 axes in space, got ${spatial.length} of ${axes.length} axes`;
    failToRead(nrrd.name, what, "Convert it to one 2D or 3D image a file");
  }
  const lastSpatial = axes.lastIndexOf(spatial.at(-1)!);
  // A list that runs faster than space holds numbers of one voxel, whatever it is called.
  const inVoxel = axes.filter(
    (axis, i) => !spatial.includes(axis) && (axis.role === "component" || i < lastSpatial),
  );
  const extra = axes.filter((axis) => !spatial.includes(axis) && !inVoxel.includes(axis));
  const many = inVoxel.find(({ size }) => size > 1);
  const sizes = spatial.map(({ size }) => size);
  // As in NIfTI, what comes after space comes after three axes of it.
  if (sizes.length === 2 && extra.length > 0) sizes.push(1);
  return {
    shape: [...sizes, ...extra.map(({ size }) => size)],
    perVoxel: inVoxel.reduce((product, { size }) => product * size, 1),
    perVoxelKind: many === undefined ? "scalar" : many.kind || "list",
    count: axes.reduce((product, { size }) => product * size, 1),
    ...nrrdPlace(nrrd, { space, spatial, directed }, warnings),
  };
}
