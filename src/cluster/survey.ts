/** How large a command's work is, by what its inputs say: names are listed, a few headers read, no voxels. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { factsOf, gridOf } from "../apply/image-facts.ts";
import { sampleEvenly } from "../core/statistics.ts";
import { counted } from "../core/text.ts";
import type { CaseEntry, LayoutName } from "../dataset/types.ts";
import { readModelFile } from "../node/workflows/model-file.ts";
import { openData } from "../node/workflows/open-data.ts";
import { loadHeader } from "../node/workflows/predict-image.ts";
import { type PlannedMask, planMasks } from "../node/workflows/predict-inputs.ts";
import { readRunOf } from "../node/workflows/run-source.ts";
import { openMasks, type ScoreInputs } from "../node/workflows/score-inputs.ts";
import { type ModelCard, readModelCard } from "../predict/card.ts";
import { makeCanvas, pixelFit, type Size } from "../predict/fit.ts";
import { PIXELS_AT_ONCE } from "../predict/predictor.ts";
import { planForModel } from "../predict/segment.ts";
import { planTiles } from "../predict/tiles.ts";
import { inferenceOperations } from "../unet/work.ts";
import { reorientGrid } from "../volume/orient.ts";
import type { Workload } from "./plan.ts";

/** Headers that are read to tell how large images are. */
const SAMPLES = 12;
/**
 * Operations a second of one CPU: a quarter of what the CPUs of bench/RESULTS.md do (AMD EPYC, AVX-512), since a
 * cluster's older nodes have half their vectors and share their memory with neighbours.
 */
const OPERATIONS_PER_SECOND = 20e9;
/** Of reading, resampling and writing an image; of scoring one with all distances; of the data doctor (bench/RESULTS.md, times four). */
const SECONDS_PER_VOXEL = { image: 3e-7, score: 3e-7, check: 3e-7 } as const;
/** Of a process with its modules and ONNX Runtime. */
const PROCESS_MB = 250;
/** Of an image and what is made of it: voxels as floats, twice, scores of a slice, mask, file. */
const BYTES_PER_VOXEL = 20;
/** Of an inference: for each pixel at once and channel of the base width. */
const INFERENCE_BYTES = 60;

interface Sample {
  readonly voxels: number;
  /** The two largest extents in voxels, whatever the plane. */
  readonly extents: Size;
  /** Of the network, where there is one. */
  readonly operations: number;
}

/** Files that cannot be read tell nothing here; the work itself tells of them. */
async function sampleOf(image: PlannedMask, card: ModelCard | undefined): Promise<readonly Sample[]> {
  try {
    const header = await loadHeader(image);
    const grid = gridOf(header, image.input);
    const voxels = grid.shape.reduce((product, extent) => product * extent, 1);
    const [width = 1, height = 1] = [...grid.shape].sort((a, b) => b - a);
    const found = { voxels, extents: { width, height } };
    if (card === undefined) return [{ ...found, operations: 0 }];
    const facts = factsOf(header, image.input);
    const turned = reorientGrid(grid, planForModel(card, grid, facts).turn);
    const [across, along, depth] = turned.shape;
    const slice = { width: across, height: along, spacingMm: turned.spacingMm };
    const size = pixelFit({ ...slice, hasSpacing: facts.hasSpacing }, card.input);
    const canvas = makeCanvas(card.unet, card.input.canvas);
    const tiles = planTiles(size, depth, canvas.output).length;
    const { networks, mirrored } = card.inference;
    const passes = tiles * networks * 2 ** mirrored.length;
    return [{ ...found, operations: passes * inferenceOperations(card.unet, canvas.input) }];
  } catch {
    return [];
  }
}

interface Sized {
  readonly meanVoxels: number;
  readonly mostVoxels: number;
  /** Extents that hold all of them. */
  readonly extents: Size;
  readonly meanOperations: number;
  readonly read: number;
}

async function sizeOf(images: readonly PlannedMask[], card?: ModelCard): Promise<Sized> {
  const samples: Sample[] = [];
  for (const image of sampleEvenly(images, SAMPLES)) samples.push(...(await sampleOf(image, card)));
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / Math.max(1, samples.length);
  return {
    meanVoxels: mean(({ voxels }) => voxels),
    mostVoxels: Math.max(0, ...samples.map(({ voxels }) => voxels)),
    extents: {
      width: Math.max(1, ...samples.map(({ extents }) => extents.width)),
      height: Math.max(1, ...samples.map(({ extents }) => extents.height)),
    },
    meanOperations: mean(({ operations }) => operations),
    read: samples.length,
  };
}

const million = (value: number): string => `${Number((value / 1e6).toPrecision(2))} million`;

const inferenceMb = ({ unet }: ModelCard, bytes: number): number =>
  (PIXELS_AT_ONCE * unet.baseWidth * INFERENCE_BYTES + 3 * bytes) / 1e6;

/** What several verbs are estimated by. */
function workloadOf(found: {
  readonly noun: string;
  readonly items: number;
  /** Images of all items. */
  readonly images: number;
  readonly sized: Sized;
  readonly secondsPerVoxel: number;
  /** Images that are held together. */
  readonly held: number;
  readonly modelMb: number;
  readonly cpus: number;
  readonly what: string;
}): Workload {
  const { noun, items, images, sized, held, modelMb } = found;
  const { meanVoxels, mostVoxels, meanOperations, read } = sized;
  const perImage = meanVoxels * found.secondsPerVoxel + meanOperations / OPERATIONS_PER_SECOND;
  const network =
    meanOperations === 0
      ? ""
      : `, the network ${Number((meanOperations / 1e9).toPrecision(2))} GFLOP an image at ${OPERATIONS_PER_SECOND / 1e9} GFLOP/s a CPU (assumed, not measured here)`;
  return {
    items,
    noun,
    cpuSeconds: read === 0 ? undefined : images * perImage,
    itemSeconds: undefined,
    memoryMb: PROCESS_MB + modelMb + (mostVoxels * held * BYTES_PER_VOXEL) / 1e6,
    cpus: found.cpus,
    stretchSeconds: undefined,
    basis: [
      `${found.what}${
        read === 0
          ? "; no header could be read, so nothing tells how long they take"
          : `; ${counted(read, "header")} read: ${million(meanVoxels)} voxels an image${network}`
      }`,
    ],
  };
}

/** `hipmri predict`. @throws HipError as planMasks() and readModelFile() */
export async function surveyPredict(
  model: string,
  inputs: readonly string[],
  options: { readonly out: string; readonly series: string | undefined },
): Promise<Workload> {
  const { path, bytes } = await readModelFile(model);
  const card = readModelCard(bytes, path);
  const planned = await planMasks(inputs, options.out, options.series);
  return workloadOf({
    noun: "scan",
    items: planned.length,
    images: planned.length,
    sized: await sizeOf(planned, card),
    secondsPerVoxel: SECONDS_PER_VOXEL.image,
    held: 1,
    modelMb: inferenceMb(card, bytes.byteLength),
    cpus: 4,
    what: counted(planned.length, "scan"),
  });
}

/** The images of cases, as paths. */
const imagesOf = (data: string, cases: readonly CaseEntry[]): readonly PlannedMask[] =>
  cases.flatMap(({ files }) => files.map(({ image }) => ({ input: join(data, image), mask: "" })));

/** `hipmri evaluate`: of a run the cases of its split, else all. @throws HipError as openData() and readModelFile() */
export async function surveyEvaluate(
  model: string,
  data: string,
  options: {
    readonly split: string;
    readonly mask: string | undefined;
    readonly layout: LayoutName | undefined;
  },
): Promise<Workload> {
  const { path, bytes } = await readModelFile(model);
  const card = readModelCard(bytes, path);
  const run = await readRunOf(path);
  const { split, mask, layout } = options;
  const pair = mask === undefined ? undefined : { mask, labels: card.labels };
  const { index } = await openData(data, { layout, pair, orientation: card.input.orientation });
  const patients = split === "all" ? undefined : run?.patients[split as "train" | "validate" | "test"];
  const cases = index.cases.filter(
    ({ patient, split: stated }) =>
      pair !== undefined ||
      split === "all" ||
      (patients === undefined ? (stated ?? split) === split : patients.includes(patient)),
  );
  const images = imagesOf(pair === undefined ? data : "", cases);
  return workloadOf({
    noun: "case",
    items: Math.max(1, cases.length),
    images: images.length,
    sized: await sizeOf(images, card),
    secondsPerVoxel: SECONDS_PER_VOXEL.image + SECONDS_PER_VOXEL.score,
    held: images.length / Math.max(1, cases.length),
    modelMb: inferenceMb(card, bytes.byteLength),
    cpus: 4,
    what: `${counted(cases.length, "case")}${patients === undefined && split !== "all" ? " at most" : ` of the split "${split}"`}`,
  });
}

/** `hipmri score`. @throws HipError as openMasks() */
export async function surveyScore(inputs: ScoreInputs): Promise<Workload> {
  const { cases, truth } = await openMasks(inputs);
  const images = cases.flatMap(({ files }) =>
    files.flatMap((file) =>
      typeof file.truth === "string" ? [{ input: join(truth.path, file.truth), mask: "" }] : [],
    ),
  );
  return workloadOf({
    noun: "case",
    items: cases.length,
    images: images.length,
    sized: await sizeOf(images),
    secondsPerVoxel: SECONDS_PER_VOXEL.score,
    held: images.length / cases.length,
    modelMb: 0,
    cpus: 2,
    what: counted(cases.length, "case"),
  });
}

/** `hipmri check`. @throws HipError as openData() */
export async function surveyCheck(data: string, layout: LayoutName | undefined): Promise<Workload> {
  const { index } = await openData(data, { layout, isPartial: true });
  const images = imagesOf(data, index.cases);
  return workloadOf({
    noun: "case",
    items: index.cases.length,
    images: images.length,
    sized: await sizeOf(images),
    secondsPerVoxel: SECONDS_PER_VOXEL.check,
    held: images.length / index.cases.length,
    modelMb: 0,
    cpus: 2,
    what: counted(index.cases.length, "case"),
  });
}

export interface DataSize {
  /** Decoded and held, as training holds it. */
  readonly decodedMb: number;
  /** Extents in pixels that hold every slice, of whatever plane; those of the few that were looked at. */
  readonly slice: Size;
}

/** Of a data folder; undefined where there is none to be read. @throws HipError as openData() */
export async function surveyData(
  data: string,
  layout: LayoutName | undefined,
): Promise<DataSize | undefined> {
  if ((await stat(data).catch(() => undefined)) === undefined) return undefined;
  const { index } = await openData(data, { layout });
  const images = imagesOf(data, index.cases);
  const { meanVoxels, extents } = await sizeOf(images);
  // Floats and a byte of the mask.
  return { decodedMb: (images.length * meanVoxels * 5) / 1e6, slice: extents };
}
