/** An image in any orientation in, its mask on the very same grid out. */
import { HipError } from "../core/errors.ts";
import { inverseOf, isIdentity, type Reorientation, reorientData, reorientGrid } from "../volume/orient.ts";
import { planSlices, type SlicePlan } from "../volume/slices.ts";
import type { Grid, IntensityVolume, LabelVolume } from "../volume/volume.ts";
import type { ModelCard } from "./card.ts";
import type { Predictor, PredictWatcher } from "./predictor.ts";

/** What the image's file says of itself. */
export interface ImageFacts {
  /** For messages. */
  readonly name: string;
  /** Whether the file states where its axes point. */
  readonly isPlaced: boolean;
  /** Whether it is a picture (PNG), which is taken upright. */
  readonly isPicture?: boolean;
  /** Whether the file states the size of its voxels. */
  readonly hasSpacing: boolean;
}

/**
 * How an image is cut into the slices that a model was trained on.
 * @throws HipError "bad-image" for a volume where the model does not know in which plane it learnt.
 */
export function planForModel(card: ModelCard, grid: Grid, facts: ImageFacts): SlicePlan {
  const { name, isPlaced, isPicture = false } = facts;
  const { orientation } = card.input;
  if (orientation === null && !grid.shape.includes(1)) {
    // Nothing says in which plane its slices lay: cutting in another one would give masks that mean nothing.
    throw new HipError(
      "bad-image",
      `Cannot segment "${name}": the model was trained on single slices whose plane it does not know and takes images of 2 axes, got a volume of [${grid.shape.join(", ")}]`,
      {
        hint: "Train with input.plane set to axial, coronal or sagittal, or cut the volume into slices as the training data were",
      },
    );
  }
  return planSlices(grid, { isPlaced, isPicture, wanted: orientation ?? undefined });
}

/** How many slices of an image the model will see. */
export function sliceCount(grid: Grid, { turn }: SlicePlan): number {
  return reorientGrid(grid, turn).shape[2];
}

async function predictTurned(
  predictor: Predictor,
  { grid, data }: IntensityVolume,
  turn: Reorientation,
  options: { readonly hasSpacing: boolean; readonly watcher: PredictWatcher },
): Promise<LabelVolume> {
  const turned = reorientGrid(grid, turn);
  const [width, height, depth] = turned.shape;
  // A copy of a large image is worth avoiding.
  const isAsWanted = isIdentity(turn);
  const image = isAsWanted ? data : reorientData(data, grid.shape, turn);
  const { spacingMm } = turned;
  const { hasSpacing, watcher } = options;
  const labels = await predictor.predict({ width, height, depth, image, spacingMm, hasSpacing }, watcher);
  const mask = isAsWanted ? labels : reorientData(labels, turned.shape, inverseOf(turn));
  return { kind: "label", grid, data: mask };
}

/**
 * Segments a volume or a 2D image: it is brought to the model's slices, and the mask is brought back, voxel for voxel.
 * @throws HipError "bad-image" as planForModel()
 */
export async function segmentVolume(
  predictor: Predictor,
  volume: IntensityVolume,
  facts: ImageFacts,
  watcher: PredictWatcher = {},
): Promise<{ readonly mask: LabelVolume; readonly warnings: readonly string[] }> {
  const { turn, warning } = planForModel(predictor.card, volume.grid, facts);
  const mask = await predictTurned(predictor, volume, turn, { hasSpacing: facts.hasSpacing, watcher });
  return { mask, warnings: warning === undefined ? [] : [warning] };
}
