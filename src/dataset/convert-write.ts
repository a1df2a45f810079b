/** A converted case as files. */
import { HipError } from "../core/errors.ts";
import { writeNifti } from "../nifti/write.ts";
import { type AxisCodes, axisAcross, axisCodesOf, PLANE_CODES, reorient } from "../volume/orient.ts";
import { HIPMRI_LABELS, type LabelDefinition, type Volume } from "../volume/volume.ts";
import { sliceNames, volumeNames } from "./convert-names.ts";
import type { Conversion, ConversionPlan, PlannedCase } from "./convert-plan.ts";
import type { WholeCase } from "./convert-read.ts";
import { DATASET_JSON, type DatasetJson } from "./dataset-json.ts";
import { MAPPING_FORMAT, MAPPING_JSON } from "./mapping-json.ts";
import { sliceAffine } from "./phantom/files.ts";
import { README } from "./synthetic.ts";
import type { DatasetIndex } from "./types.ts";

/** How HipMRI's volumes lie. */
const RELEASE_CODES: AxisCodes = "LPS";
export interface ConvertedFile {
  /** Relative to the new folder, "/" between the parts. */
  readonly path: string;
  /** Uncompressed. */
  readonly bytes: Uint8Array;
  /** Whether the one who writes it must gzip the bytes first. */
  readonly gzip: boolean;
}

/** Numbers of slices, both ends included. */
export interface SliceRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The files of one case: float32 images, uint8 masks.
 *
 *     keras_slices   coronal slices of the volume in LPS, [left-right, feet-head], numbered from front to back from 0,
 *                    each with its own place; a case that came in slices keeps their plane and numbers
 *     volumes        one volume in LPS order, named as in HipMRI's 3D release
 *     nnunet         one volume on its own grid; of slices in LPS order
 *
 * @throws HipError "usage" where the wanted slices are not there
 */
export function* caseFiles(
  planned: PlannedCase,
  whole: WholeCase,
  options: { readonly to: Conversion; readonly slices?: SliceRange | undefined },
): Generator<ConvertedFile, void, undefined> {
  const { to, slices } = options;
  if (to === "keras_slices") {
    yield* sliceFiles(planned, whole, slices);
    return;
  }
  const isKept = to === "nnunet" && whole.firstSlice === undefined;
  const names = volumeNames(planned, to);
  const turned = <V extends Volume>(volume: V): V => (isKept ? volume : reorient(volume, RELEASE_CODES));
  yield file(names.image, turned(whole.image));
  yield file(names.mask, turned(whole.mask));
}

function file(path: string, { kind, grid, data }: Volume): ConvertedFile {
  const dtype = kind === "intensity" ? "float32" : "uint8";
  return { path, bytes: writeNifti({ ...grid, dtype, data }), gzip: true };
}

/** Which slices keras_slices gets of a case, if all that are wanted are there. */
export function sliceRangeOf(whole: WholeCase, range: SliceRange | undefined): SliceRange {
  if (range !== undefined) return range;
  const { shape, affine } = whole.image.grid;
  const first = whole.firstSlice ?? 0;
  const along = whole.firstSlice === undefined ? axisAcross("coronal", axisCodesOf(affine) ?? "LPS") : 2;
  return { first, last: first + shape[along] - 1 };
}

function* sliceFiles(
  { entry, number, week, split = "train" }: PlannedCase,
  whole: WholeCase,
  range: SliceRange | undefined,
): Generator<ConvertedFile, void, undefined> {
  const isVolume = whole.firstSlice === undefined;
  const turned = <V extends Volume>(volume: V): V =>
    isVolume ? reorient(volume, PLANE_CODES.coronal) : volume;
  const image = turned(whole.image);
  const mask = turned(whole.mask);
  const { shape, spacingMm, affine } = image.grid;
  const [x, y, depth] = shape;
  const numberOfFirst = whole.firstSlice ?? 0;
  const first = range?.first ?? numberOfFirst;
  const last = range?.last ?? numberOfFirst + depth - 1;
  if (first < numberOfFirst || last >= numberOfFirst + depth) {
    throw new HipError(
      "usage",
      `Cannot take slices ${first} to ${last} of "${entry.id}": it has ${numberOfFirst} to ${numberOfFirst + depth - 1}`,
      { hint: "Give --slices FIRST:LAST within what every case has, or leave it out" },
    );
  }
  for (let slice = first; slice <= last; slice++) {
    const at = slice - numberOfFirst;
    const names = sliceNames({ number, week }, split, slice);
    const shared = { shape: [x, y], spacingMm, affine: sliceAffine(affine, at) };
    const from = at * x * y;
    const pixels = image.data.slice(from, from + x * y);
    const labels = mask.data.slice(from, from + x * y);
    yield {
      path: names.image,
      bytes: writeNifti({ ...shared, dtype: "float32", data: pixels }),
      gzip: true,
    };
    yield {
      path: names.mask,
      bytes: writeNifti({ ...shared, dtype: "uint8", data: labels }),
      gzip: true,
    };
  }
}

/** What is known of a conversion beside its plan. */
export interface Described {
  /** The README.txt of synthetic data. */
  readonly readme?: string | undefined;
  /** The source's dataset.json: labels keep their letter case, and the channel its name. */
  readonly source?: Pick<DatasetJson, "writtenNames" | "channelName"> | undefined;
  /** Of keras_slices: which slices each case got. */
  readonly slicesOf?: ReadonlyMap<PlannedCase, SliceRange>;
}

/**
 * mapping.json; dataset.json where the layout does not tell the labels by itself; the README.txt of synthetic data,
 * which must be known as such in every layout.
 */
export function* describingFiles(
  index: DatasetIndex,
  plan: ConversionPlan,
  { readme, source, slicesOf }: Described = {},
): Generator<ConvertedFile, void, undefined> {
  if (readme !== undefined) {
    const head = `Converted by hipmri-unet from ${index.layout} to ${plan.to}: synthetic data. The README of the source:`;
    const bytes = new TextEncoder().encode(`${head}\n\n${readme}`);
    yield { path: README, bytes, gzip: false };
  }
  const labels = labelsJson(index.labels);
  // nnU-Net wants "background" so.
  const named = labelsJson(
    index.labels.map(({ id, name }) => {
      const written = source?.writtenNames.get(id);
      return { id, name: id > 0 && written?.toLowerCase() === name ? written : name };
    }),
  );
  if (plan.to === "nnunet") {
    const content = {
      channel_names: { "0": source?.channelName ?? "MR" },
      labels: named,
      numTraining: plan.cases.length,
      file_ending: ".nii.gz",
    };
    yield jsonFile(DATASET_JSON, content);
  } else if (JSON.stringify(labels) !== JSON.stringify(labelsJson(HIPMRI_LABELS))) {
    yield jsonFile(DATASET_JSON, { labels: named });
  }
  yield jsonFile(MAPPING_JSON, {
    format: MAPPING_FORMAT,
    from: index.layout,
    to: plan.to,
    labels,
    ...(plan.splitReason === undefined ? {} : { splits: plan.splitReason }),
    cases: plan.cases.map((planned) => {
      // Where folders do not state the split, this file does.
      const split = planned.split ?? planned.entry.split;
      const slices = slicesOf?.get(planned);
      return {
        source: planned.entry.id,
        patient: planned.entry.patient,
        written: planned.id,
        ...(split === undefined ? {} : { split }),
        ...(slices === undefined ? {} : { slices: [slices.first, slices.last] }),
      };
    }),
  });
}

function labelsJson(labels: readonly LabelDefinition[]): Readonly<Record<string, number>> {
  return Object.fromEntries(labels.map(({ id, name }) => [name, id]));
}

function jsonFile(path: string, content: unknown): ConvertedFile {
  const bytes = new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`);
  return { path, bytes, gzip: false };
}
