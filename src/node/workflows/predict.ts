/** `hipmri predict`: images in, masks on their own grids out. */
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { HipError } from "../../core/errors.ts";
import { mapParallel } from "../../core/parallel.ts";
import { withoutTrailingOnes } from "../../dataset/geometry.ts";
import { determinant, voxelSizesMm } from "../../nifti/affine.ts";
import { checkFinite, readNifti, readNiftiHeader } from "../../nifti/read.ts";
import type { NiftiHeader } from "../../nifti/types.ts";
import { writeMaskLike } from "../../nifti/write.ts";
import type { InputFit } from "../../predict/card.ts";
import { makePredictor, type Predictor } from "../../predict/predictor.ts";
import { coarsestAxis, fromSlices, toSlices } from "../../volume/slices.ts";
import type { Grid, LabelDefinition } from "../../volume/volume.ts";
import { makeFolder, writeFileAtomic } from "../atomic.ts";
import { openFile } from "../files.ts";
import { gzip, inflateGzip } from "../inflate.ts";
import { makeNodeRuntime } from "../runtime.ts";
import { readModelFile } from "./model-file.ts";
import { type PlannedMask, planMasks } from "./predict-inputs.ts";

/** Headers read at once. */
const AT_ONCE = 8;

export interface PredictOptions {
  /** A run folder or a model.onnx. */
  readonly model: string;
  /** NIfTI files, and folders that hold some. */
  readonly inputs: readonly string[];
  readonly out: string;
  /** Default: as many as there are processors. */
  readonly threads?: number | undefined;
  /** Is told after each image, also one that failed. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly warn?: (message: string) => void;
  /** Aborted: the image under way is finished, then the promise rejects. */
  readonly signal?: AbortSignal;
}

export interface PredictedMask {
  readonly input: string;
  readonly mask: string;
  /** Foreground labels of the model, those that were not found too. */
  readonly labels: readonly { readonly name: string; readonly voxels: number; readonly ml: number }[];
  readonly warnings: readonly string[];
}

export interface PredictFailure {
  readonly input: string;
  readonly error: HipError;
}

export interface Prediction {
  readonly outputs: readonly PredictedMask[];
  /** Images that could not be segmented; none of them has a mask. */
  readonly failures: readonly PredictFailure[];
}

/** One error for all failures; a single one keeps its own. */
export function failuresError(failures: readonly PredictFailure[], total: number): HipError | undefined {
  const [first] = failures;
  if (first === undefined) return undefined;
  if (failures.length === 1) return first.error;
  const { code, hint } = first.error;
  return new HipError(code, `${failures.length} of ${total} images could not be segmented`, {
    problems: failures.map(({ error }) => error.message),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The image's grid: 1D and 2D images have one slice. @param over what one image of the training data was */
function gridOf({ shape: stated, affine }: NiftiHeader, name: string, over: InputFit["over"]): Grid {
  const shape = withoutTrailingOnes(stated);
  if (shape.length > 3) {
    throw new HipError(
      "bad-image",
      `Cannot segment "${name}": an image must have at most 3 axes, got [${stated.join(", ")}]`,
      { hint: "Write each frame or channel as a file of its own" },
    );
  }
  if (shape.length === 3 && over === "slice") {
    // Nothing says in which plane those slices lay: cutting in another one would give masks that mean nothing.
    throw new HipError(
      "bad-image",
      `Cannot segment "${name}": the model was trained on single slices and takes images of 2 axes, got a volume of [${stated.join(", ")}]`,
      { hint: "Cut the volume into slices as the training data were (same plane), one file each" },
    );
  }
  const [x = 1, y = 1, z = 1] = shape;
  return { shape: [x, y, z], spacingMm: voxelSizesMm(affine), affine };
}

/** Reads the header alone, so that all unfit files are known before the model is at work. */
async function checkHeader({ input }: PlannedMask, over: InputFit["over"]): Promise<HipError | undefined> {
  try {
    const source = await openFile(input);
    try {
      gridOf(await readNiftiHeader(source, { name: input, inflate: inflateGzip }), input, over);
    } finally {
      await source.close();
    }
    return undefined;
  } catch (error) {
    if (error instanceof HipError) return error;
    throw error;
  }
}

function countLabels(
  mask: Uint8Array,
  header: NiftiHeader,
  labels: readonly LabelDefinition[],
): PredictedMask["labels"] {
  const counts = new Float64Array(256);
  for (let i = 0; i < mask.length; i++) counts[mask[i]!]!++;
  const voxelMl = Math.abs(determinant(header.affine)) / 1000;
  return labels
    .filter(({ id }) => id !== 0)
    .map(({ id, name }) => {
      const voxels = counts[id]!;
      return { name, voxels, ml: Number((voxels * voxelMl).toPrecision(6)) };
    });
}

async function segment(predictor: Predictor, { input, mask: path }: PlannedMask): Promise<PredictedMask> {
  const source = await openFile(input);
  let image: Awaited<ReturnType<typeof readNifti>>;
  try {
    image = await readNifti(source, { name: input, inflate: inflateGzip });
  } finally {
    await source.close();
  }
  const { header, values } = image;
  const grid = gridOf(header, input, predictor.card.input.over);
  checkFinite(values, { name: input, shape: header.shape });
  const axis = coarsestAxis(grid);
  const { width, height, depth, data } = toSlices(values, grid.shape, axis);
  const mask = fromSlices(await predictor.predict({ width, height, depth, image: data }), grid.shape, axis);
  await makeFolder(dirname(path));
  await writeFileAtomic(path, gzip(writeMaskLike(header, mask)));
  return {
    input,
    mask: path,
    labels: countLabels(mask, header, predictor.card.labels),
    warnings: header.warnings,
  };
}

/**
 * Segments images: X.nii.gz gives OUT/X.nii.gz, uint8, with the image's own shape and affine. Volumes are cut into
 * slices across their coarsest axis; a model of single slices takes none. An image that cannot be used is reported among `failures`; the others are
 * segmented all the same.
 * @throws HipError "not-found", "bad-model", "disk"; "usage" where masks would collide or replace an input. Then
 *   nothing has been written.
 */
export async function predictInputs(options: PredictOptions): Promise<Prediction> {
  const { warn, signal } = options;
  const model = await readModelFile(options.model);
  const plan = await planMasks(options.inputs, options.out);
  const outputs: PredictedMask[] = [];
  const failures: PredictFailure[] = [];
  const threads = options.threads ?? availableParallelism();
  const predictor = await makePredictor(makeNodeRuntime({ threads }), model.bytes, model.path);
  try {
    const { over } = predictor.card.input;
    const faults = await mapParallel(plan, AT_ONCE, (planned) => checkHeader(planned, over));
    for (const [i, planned] of plan.entries()) {
      signal?.throwIfAborted();
      try {
        const fault = faults[i];
        if (fault !== undefined) throw fault;
        const output = await segment(predictor, planned);
        for (const warning of output.warnings) warn?.(`"${planned.input}": ${warning}`);
        outputs.push(output);
      } catch (error) {
        // A full disk fails every image: go on with what concerns this one only.
        if (!(error instanceof HipError) || error.code === "disk") throw error;
        failures.push({ input: planned.input, error });
      }
      options.onProgress?.(i + 1, plan.length);
    }
  } finally {
    await predictor.dispose();
  }
  return { outputs, failures };
}
