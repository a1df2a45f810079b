/** What a file's header says, in the few facts that the doctor compares. */
import { type Affine, voxelSizesMm } from "../../nifti/affine.ts";
import { type ImageHeader, isPlaced, statesSpacing } from "../../volume/image.ts";
import { type AxisCodes, axisCodesOf, type Plane, planeOf } from "../../volume/orient.ts";
import { planSlices } from "../../volume/slices.ts";
import type { Grid } from "../../volume/volume.ts";
import { AFFINE_TOLERANCE, affineDifference, withoutTrailingOnes } from "../geometry.ts";
import type { FileProblem } from "./findings.ts";

export interface HeaderFacts {
  readonly file: string;
  readonly caseId: string;
  /** Without trailing 1s. */
  readonly shape: readonly number[];
  readonly spacingMm: readonly [number, number, number];
  readonly affine: Affine;
  /** Undefined where the affine does not span space. */
  readonly codes: AxisCodes | undefined;
  readonly isPlaced: boolean;
  /** Whether the file states the size of its voxels, and not what programs make up. */
  readonly isSized: boolean;
  /** Of the slices that training cuts; undefined of a 2D image that states no place. */
  readonly plane: Plane | undefined;
  /** The largest angle between a voxel axis and the axis of the body that it is named after. */
  readonly obliqueDegrees: number;
  readonly format: string;
  readonly dtype: string;
  readonly warnings: readonly string[];
}

/** The grid of an image of 1 to 3 axes. */
export function gridOf({
  shape,
  affine,
  spacingMm,
}: Pick<ImageHeader, "shape" | "affine" | "spacingMm">): Grid {
  const [x = 1, y = 1, z = 1] = withoutTrailingOnes(shape);
  return { shape: [x, y, z], spacingMm, affine };
}

export function factsOf(header: ImageHeader, file: string, caseId: string): HeaderFacts {
  const { affine, format, dtype, warnings } = header;
  const shape = withoutTrailingOnes(header.shape);
  const spacingMm = voxelSizesMm(affine);
  const codes = axisCodesOf(affine);
  const placed = isPlaced(header);
  const plan = planSlices(gridOf({ shape, affine, spacingMm }), { isPlaced: placed });
  return {
    file,
    caseId,
    shape,
    spacingMm,
    affine,
    codes,
    isPlaced: placed,
    // What is neither placed nor of any size but 1 mm has a header that was made up or lost.
    isSized: statesSpacing(header) && (placed || spacingMm.some((mm) => mm !== 1)),
    plane: plan.orientation === undefined ? undefined : planeOf(plan.orientation),
    obliqueDegrees: placed ? obliqueDegrees(affine) : 0,
    format,
    dtype,
    warnings,
  };
}

function obliqueDegrees(affine: Affine): number {
  const sizes = voxelSizesMm(affine);
  const cosines = ([0, 1, 2] as const).map(
    (axis) => Math.max(...affine.slice(0, 3).map((row) => Math.abs(row[axis]!))) / sizes[axis],
  );
  const smallest = Math.min(...cosines);
  // A direction of length 0 has no angle.
  return smallest > 0 ? (180 / Math.PI) * Math.acos(Math.min(1, smallest)) : 0;
}

const REMEDY_GRID =
  "Resample the mask onto the image's grid with nearest neighbour, or correct the wrong header";
const formatShape = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/** What is wrong with one image's header, and with how its mask lies on it. */
export function headerProblems(
  image: HeaderFacts,
  mask: HeaderFacts | undefined,
  mostAxes: 2 | 3,
): readonly FileProblem[] {
  const problems: FileProblem[] = [];
  const { file, caseId, shape, spacingMm } = image;
  if (shape.length > mostAxes) {
    problems.push({
      code: "wrong-axes",
      file,
      caseId,
      message: `Image "${file}" must have at most ${mostAxes} axes, got ${formatShape(shape)}`,
      remedy:
        mostAxes === 2
          ? "Give volumes in a layout of volumes, such as imagesTr and labelsTr"
          : "Write each frame or channel as a file of its own",
    });
  }
  const used = spacingMm.slice(0, shape.length);
  if (!used.every((size) => Number.isFinite(size) && size > 0)) {
    problems.push({
      code: "bad-spacing",
      file,
      caseId,
      message: `The voxel size of image "${file}" must be > 0 mm along each axis, got [${used.join(", ")}]`,
      remedy: "Correct pixdim or the affine in its header",
    });
  }
  if (mask !== undefined) problems.push(...gridProblems(image, mask));
  return problems;
}

function gridProblems(image: HeaderFacts, mask: HeaderFacts): readonly FileProblem[] {
  const about = { file: mask.file, caseId: mask.caseId };
  if (`${image.shape}` !== `${mask.shape}`) {
    const message = `Mask "${mask.file}" has shape ${formatShape(mask.shape)}, its image "${image.file}" ${formatShape(image.shape)}`;
    return [{ ...about, code: "grid-mismatch", message, remedy: REMEDY_GRID }];
  }
  const largest = affineDifference(image.affine, mask.affine);
  if (largest <= AFFINE_TOLERANCE) return [];
  if (image.isPlaced !== mask.isPlaced) {
    const silent = image.isPlaced ? "mask" : "image";
    const message = `Of mask "${mask.file}" and image "${image.file}" the ${silent} does not state where it lies in space`;
    const remedy = "Voxels are taken to match; check by eye that they do, then copy the header over";
    return [{ ...about, code: "half-placed", message, remedy }];
  }
  if (!image.isPlaced) {
    // Both places are assumed from the voxel sizes: they are no evidence against the mask.
    const message = `Mask "${mask.file}" and image "${image.file}" do not state where they lie, and their voxel sizes differ`;
    const remedy = "Voxels are taken to match, of the image's size; check by eye that they do";
    return [{ ...about, code: "half-placed", message, remedy }];
  }
  const by = Number(largest.toPrecision(4));
  const message = `Mask "${mask.file}" does not lie where its image "${image.file}" lies: affines differ by up to ${by}`;
  return [{ ...about, code: "grid-mismatch", message, remedy: REMEDY_GRID }];
}
