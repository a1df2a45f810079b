/** Passports of predicted images: measured as the model saw them, slice files of one volume together. */
import { counted } from "../core/text.ts";

import { readModelMetadata } from "../onnx/model.ts";
import { measureCase } from "../passport/fingerprint.ts";
import { judgePassport } from "../passport/passport.ts";
import { PASSPORT_KEY, readFingerprint } from "../passport/read.ts";
import type { CaseFeatures, CasePassport, PassportFingerprint, Triple } from "../passport/types.ts";
import type { Predictor, SliceStack } from "../predict/predictor.ts";
import { reorientData, reorientGrid } from "../volume/orient.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { groupSlices, type Slice, stackGrid } from "./slice-set.ts";

/** undefined of models before version 0.3.0. */
export function fingerprintOf(model: Uint8Array): PassportFingerprint | undefined {
  return readFingerprint(readModelMetadata(model)?.[PASSPORT_KEY]);
}

/** A predictor that measures what it is shown and what it finds there. */
export interface MeasuringPredictor extends Predictor {
  /** Of the last prediction. */
  features(): CaseFeatures | undefined;
}

const statedSpacing = ({ spacingMm, hasSpacing, depth }: SliceStack): Triple | null => {
  if (spacingMm === undefined || hasSpacing === false) return null;
  const [width = 1, height = 1, through] = spacingMm;
  // A lone 2D slice may state no distance; nothing is judged by it then.
  return [width, height, through ?? (depth === 1 ? 1 : Number.NaN)];
};

const idsOf = (labels: readonly LabelDefinition[]): readonly number[] =>
  labels.map(({ id }) => id).filter((id) => id !== 0);

export function measuring(predictor: Predictor): MeasuringPredictor {
  let last: CaseFeatures | undefined;
  const ids = idsOf(predictor.card.labels);
  return {
    ...predictor,
    async predict(stack, watcher) {
      const mask = await predictor.predict(stack, watcher);
      const { width, height, depth, image } = stack;
      last = measureCase({ width, height, depth, image, mask, spacingMm: statedSpacing(stack) }, ids);
      return mask;
    },
    features: () => last,
  };
}

/** One slice file with what was found in it, as it lies in the file. */
export interface SlicePiece {
  readonly slice: Slice;
  readonly image: Float32Array;
  readonly mask: Uint8Array;
}

/** The passport of slices that were judged together. */
export interface SharedPassport {
  readonly inputs: readonly string[];
  readonly passport: CasePassport;
}

/** Passports of slice files that the model segments one by one: judged together once the last of a volume is there. */
export interface SlicePassports {
  /** @returns the passport of all slices of the volume, when this was the last one missing */
  add(piece: SlicePiece): SharedPassport | undefined;
  /** A slice that could not be segmented: the others are judged without it. @returns as add() */
  skip(input: string): SharedPassport | undefined;
}

export function makeSlicePassports(
  images: readonly Slice[],
  predictor: Predictor,
  fingerprint: PassportFingerprint,
): SlicePassports {
  const groups = new Map(
    groupSlices(images).flatMap((group) => group.map(({ input }) => [input, group] as const)),
  );
  const waiting = new Map<readonly Slice[], { readonly pieces: SlicePiece[]; skipped: number }>();

  function note(input: string, piece: SlicePiece | undefined): SharedPassport | undefined {
    const group = groups.get(input);
    if (group === undefined) return undefined;
    const sofar = waiting.get(group) ?? { pieces: [], skipped: 0 };
    waiting.set(group, sofar);
    if (piece === undefined) sofar.skipped++;
    else sofar.pieces.push(piece);
    const { pieces, skipped } = sofar;
    if (pieces.length + skipped < group.length) return undefined;
    waiting.delete(group);
    if (pieces.length === 0) return undefined;
    const byInput = new Map(pieces.map((each) => [each.slice.input, each]));
    const ordered = group.flatMap((slice) => byInput.get(slice.input) ?? []);
    const passport = judgePassport(measureTogether(ordered, predictor), fingerprint);
    if (skipped === 0) return { inputs: [...byInput.keys()], passport };
    const missing = `${counted(skipped, "slice")} of the volume: could not be segmented`;
    return {
      inputs: [...byInput.keys()],
      passport: { ...passport, notJudged: [...passport.notJudged, missing] },
    };
  }

  return {
    add: (piece) => note(piece.slice.input, piece),
    skip: (input) => note(input, undefined),
  };
}

/** The slices as the volume that they are, turned as the model has it. */
function measureTogether(pieces: readonly SlicePiece[], { card }: Predictor): CaseFeatures {
  const { grid, turn, hasSpacing } = stackGrid(
    pieces.map(({ slice }) => slice),
    card.input.orientation,
  );
  const area = grid.shape[0] * grid.shape[1];
  const image = new Float32Array(area * pieces.length);
  const mask = new Uint8Array(area * pieces.length);
  for (const [i, piece] of pieces.entries()) {
    image.set(piece.image, i * area);
    mask.set(piece.mask, i * area);
  }
  const turned = reorientGrid(grid, turn);
  const [width, height, depth] = turned.shape;
  return measureCase(
    {
      width,
      height,
      depth,
      spacingMm: hasSpacing ? turned.spacingMm : null,
      image: reorientData(image, grid.shape, turn),
      mask: reorientData(mask, grid.shape, turn),
    },
    idsOf(card.labels),
  );
}
