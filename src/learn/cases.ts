/** Corrected cases as training and judgement take them. */
import { HipError } from "../core/errors.ts";
import { IGNORE_LABEL } from "../core/labels.ts";
import type { DecodedCase } from "../dataset/types.ts";
import { makeAffine } from "../nifti/affine.ts";
import type { ModelCard } from "../predict/card.ts";
import type { SliceRef } from "../train/batches.ts";
import type { TrainingData } from "../train/types.ts";
import type { Grid, LabelDefinition } from "../volume/volume.ts";
import type { Shares } from "./hold-out.ts";
import type { CorrectedCase } from "./types.ts";

function problemsOf(cases: readonly CorrectedCase[], labels: readonly LabelDefinition[]): string[] {
  const known = new Set([...labels.map(({ id }) => id), IGNORE_LABEL]);
  const names = new Set<string>();
  return cases.flatMap(({ name, width, height, depth, image, mask }) => {
    const voxels = width * height * depth;
    const odd = [...new Set(mask)].filter((id) => !known.has(id)).sort((a, b) => a - b);
    const isTwice = names.has(name);
    names.add(name);
    return [
      ...(isTwice ? [`"${name}" is there twice`] : []),
      ...(image.length === voxels && mask.length === voxels
        ? []
        : [
            `"${name}" of ${width} x ${height} x ${depth} voxels has ${image.length} intensities and ${mask.length} labels`,
          ]),
      ...(odd.length === 0 ? [] : [`"${name}" has ${odd.join(", ")}, which the model does not know`]),
    ];
  });
}

/** Slices as they lie: where in space is of no matter for learning. */
function plainGrid({ width, height, depth, spacingMm }: Omit<CorrectedCase, "name" | "patient">): Grid {
  const [x, y, z] = spacingMm;
  const affine = makeAffine([x, 0, 0, 0], [0, y, 0, 0], [0, 0, z, 0]);
  return { shape: [width, height, depth], spacingMm, affine };
}

/** @throws HipError "bad-mask" that lists everything that is wrong with them */
export function decodeCorrected(cases: readonly CorrectedCase[], card: ModelCard): readonly DecodedCase[] {
  const problems = cases.length === 0 ? ["there is no case"] : problemsOf(cases, card.labels);
  if (problems.length > 0) {
    throw new HipError("bad-mask", "Cannot learn from these cases", {
      hint: "Give one case or more, each once, with the model's own labels; 255 stands for no truth",
      problems,
    });
  }
  return cases.map(({ name, patient, ...stack }) => ({
    ...stack,
    entry: { id: name, patient, split: undefined, files: [] },
    isReversed: false,
    grid: plainGrid(stack),
    orientation: card.input.orientation ?? undefined,
    warnings: [],
  }));
}

/** The labels of each slice; undefined where there is no truth in it at all. */
function labelsBySlice({ mask, width, height, depth }: DecodedCase): (readonly number[] | undefined)[] {
  const pixels = width * height;
  return Array.from({ length: depth }, (_, slice) => {
    const ids = new Set(mask.subarray(slice * pixels, (slice + 1) * pixels));
    ids.delete(IGNORE_LABEL);
    return ids.size === 0 ? undefined : [...ids];
  });
}

/** Foreground labels that no slice to learn from holds. */
export function unseenLabels({ slicesByLabel, labels }: TrainingData): readonly LabelDefinition[] {
  const seen = new Set(slicesByLabel.map((holders) => holders[0]!.label));
  return labels.filter(({ id }) => id !== 0 && !seen.has(id));
}

/** Slices without any truth are not drawn. */
export function trainingData({ learn, judge }: Shares, { labels, input }: ModelCard): TrainingData {
  const slices: SliceRef[] = [];
  const byLabel = new Map<number, SliceRef[]>(labels.filter(({ id }) => id > 0).map(({ id }) => [id, []]));
  // A scan that is cut is there twice, under entries of its own.
  const decoded = new Map([...learn, ...judge].map((each) => [{ ...each.entry }, each] as const));
  const entries = [...decoded.keys()];
  for (const [i, each] of learn.entries()) {
    const entry = entries[i]!;
    for (const [slice, held] of labelsBySlice(each).entries()) {
      if (held === undefined) continue;
      slices.push({ entry, slice });
      for (const label of held) byLabel.get(label)?.push({ entry, slice, label });
    }
  }
  return {
    labels,
    slices,
    slicesByLabel: [...byLabel.values()].filter((holders) => holders.length > 0),
    validate: entries.slice(learn.length),
    over: input.over,
    load: async (entry) => decoded.get(entry)!,
  };
}
