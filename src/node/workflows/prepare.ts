/** From a data folder and a configuration to what a trainer needs: split, checked cases, canvas, card. */
import { cpus } from "node:os";
import { HipError } from "../../core/errors.ts";
import { mapParallel } from "../../core/parallel.ts";
import { median, percentile } from "../../core/statistics.ts";
import { counted } from "../../core/text.ts";
import { quoteSome } from "../../dataset/listing.ts";
import { patientsOf, splitByPatient } from "../../dataset/split.ts";
import type { CaseEntry, LayoutName } from "../../dataset/types.ts";
import { sidedLabels } from "../../plan/anatomy.ts";
import { type NetworkPlan, planNetwork } from "../../plan/plan.ts";
import { type ModelCard, readModelCard } from "../../predict/card.ts";
import { pixelFit, type Size } from "../../predict/fit.ts";
import type { SliceRef } from "../../train/batches.ts";
import type { FittedConfig, TrainConfig } from "../../train/config.ts";
import { DEFAULT_EPOCHS } from "../../train/plan.ts";
import type { TrainingData } from "../../train/types.ts";
import { parseAxisCodes } from "../../volume/orient.ts";
import type { LabelDefinition } from "../../volume/volume.ts";
import { readWholeFile } from "../files.ts";
import { commandLine } from "../shell.ts";
import { type CaseDigest, caseHashes } from "./data-digest.ts";
import { readLicence } from "./data-licence.ts";
import { type CaseFacts, type CaseShape, type OpenedData, openData } from "./open-data.ts";
import { readCases, refuseFaulty } from "./read-cases.ts";
import type { RunSource } from "./run-source.ts";
import { type TrainingCard, trainingCard } from "./training-card.ts";
import { makePassportMeter } from "./training-passport.ts";

/** Largest side of a training canvas; larger slices are cut at random places. */
const LARGEST_CANVAS = 512;

export interface SplitCases {
  readonly train: readonly CaseEntry[];
  readonly validate: readonly CaseEntry[];
  readonly test: readonly CaseEntry[];
}

export interface Prepared {
  readonly config: FittedConfig;
  /** What was left open, and how it was closed. */
  readonly plan: NetworkPlan;
  readonly data: TrainingData;
  readonly split: SplitCases;
  readonly opened: OpenedData;
  readonly card: TrainingCard;
  /** The model that config.finetune.from names. */
  readonly from: { readonly bytes: Uint8Array; readonly name: string } | undefined;
  /** Further metadata_props of model.onnx, beside the card. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface PrepareOptions {
  readonly data: string;
  /** How the data folder is laid out; by default that is found. */
  readonly layout?: LayoutName | undefined;
  /** The test split will be judged at the end: its cases are looked at now. */
  readonly test: boolean;
  readonly stderr: NodeJS.WriteStream;
  readonly quiet?: boolean;
  warn(text: string): void;
}

/**
 * The cases of each split, drawn by patient.
 * @param patients the split that a resumed run was started with.
 * @throws HipError "bad-dataset" where a needed split is empty, or other than the one to resume with: a patient who
 *   was learnt from must never be judged on.
 */
function splitCases(
  data: OpenedData,
  options: PrepareOptions,
  config: TrainConfig,
  resumed: RunSource | undefined,
  kindOf: ReadonlyMap<string, string>,
): SplitCases {
  // Folds that were begun before anybody could be kept out of them share out everybody still.
  const isShared = config.split.folds !== null && resumed?.patients.test.length === 0;
  const split = splitByPatient(data.index, {
    ...config.split,
    ...(isShared ? { testFraction: 0 } : {}),
    seed: config.split.seed ?? config.seed,
    kindOf,
  });
  for (const warning of split.warnings) options.warn(warning);
  for (const name of ["train", "validate", ...(options.test ? (["test"] as const) : [])] as const) {
    if (split[name].length > 0) continue;
    throw new HipError("bad-dataset", `Cannot train on "${options.data}": the ${name} split has no cases`, {
      hint:
        name === "test"
          ? "Leave --test out, or give the data set test patients"
          : "Give each of the splits at least one patient",
    });
  }
  if (resumed === undefined) return split;
  for (const name of ["train", "validate", "test"] as const) {
    const now = patientsOf(split[name]).sort().join(", ");
    const then = [...resumed.patients[name]].sort().join(", ");
    if (now === then) continue;
    throw new HipError(
      "bad-dataset",
      `Cannot resume: the ${name} patients of "${options.data}" must be those of "${resumed.splitPath}": expected ${then || "none"}, got ${now || "none"}`,
      { hint: "Bring the data back to what the run was started with, or start anew with --overwrite" },
    );
  }
  return split;
}

/** The foreground labels that each patient's scans hold, as one text; a scan that cannot be read is told later. */
async function kindsOf({ index, load }: OpenedData): Promise<ReadonlyMap<string, string>> {
  const labels = new Map<string, Set<number>>();
  await mapParallel(index.cases, Math.max(2, cpus().length), async (entry) => {
    const held = labels.get(entry.patient) ?? new Set();
    labels.set(entry.patient, held);
    try {
      for (const label of new Set((await load(entry)).mask)) held.add(label);
    } catch (error) {
      if (!(error instanceof HipError)) throw error;
    }
  });
  return new Map([...labels].map(([patient, held]) => [patient, [...held].sort((a, b) => a - b).join(" ")]));
}

/** @throws HipError "config" of a run of 0.1.0 on volumes, which it cut in the files' own directions. */
function checkResumable(opened: OpenedData, config: TrainConfig, resumed: RunSource | undefined): void {
  if (resumed === undefined || config.input.orientation !== null || opened.index.unit === "slice") return;
  throw new HipError(
    "config",
    `Cannot resume "${resumed.path}": it does not say in which orientation its volumes were cut (version 0.1.0 did not keep it)`,
    { hint: "Start anew with --overwrite, or finish the run with version 0.1.0" },
  );
}

/** The fast part of the data doctor: what headers and names tell. Errors are left to what stops training below. */
async function warnOfFindings(opened: OpenedData, options: PrepareOptions): Promise<void> {
  const findings = await opened.fastCheck();
  const doubts = findings.filter(({ severity }) => severity === "warning");
  for (const { message } of doubts) options.warn(message);
  if (doubts.length > 0) {
    options.warn(`${commandLine(["hipmri", "check", options.data])} tells more, and how to mend it`);
  }
}

/**
 * @throws HipError "bad-dataset" where images that are to judge were learnt from by the model that is the start: told by
 *   content, whatever their files are called
 */
function checkStart(from: ModelCard, split: SplitCases, digests: ReadonlyMap<string, CaseDigest>): void {
  const learnt = new Set(from.data?.cases.train ?? []);
  for (const name of ["validate", "test"] as const) {
    const known = split[name].filter(({ id }) => {
      const digest = digests.get(id);
      return digest !== undefined && learnt.has(caseHashes([digest])[0]!);
    });
    if (known.length === 0) continue;
    throw new HipError(
      "bad-dataset",
      `Cannot start from this model: it learnt from ${counted(known.length, "image")} of the ${name} split (${quoteSome(known.map(({ id }) => id))}), which could no longer judge it`,
      {
        hint: "Split as that model was split: --set split.seed=… with the seed and the fractions of its config.json",
      },
    );
  }
}

/** The configuration with what follows from the data, and why. */
function fitConfig(
  config: TrainConfig,
  { index, orientation }: OpenedData,
  shapes: readonly CaseShape[],
  facts: CaseFacts,
): { readonly config: FittedConfig; readonly plan: NetworkPlan } {
  const { classes } = config.unet;
  const { labels } = index;
  if (classes !== null && classes !== labels.length) {
    throw new HipError(
      "config",
      `Cannot train: unet.classes is ${classes}, the data set has ${labels.length} labels with the background`,
      { hint: "Leave unet.classes out: it follows the data" },
    );
  }
  const spacingMm = config.input.spacingMm ?? medianSpacing(shapes);
  const target = { ...config.input, spacingMm: spacingMm === "file" ? null : spacingMm };
  const sizes = shapes.map((shape) => pixelFit(shape, target));
  const largest = (of: (size: Size) => number): number =>
    Math.min(Math.max(...sizes.map(of)), LARGEST_CANVAS);
  const wishes = {
    ...config.unet,
    ...config.input,
    ...config.augment,
    batchSize: config.batchSize,
    oversample: config.oversample,
    learningRate: config.schedule.learningRate,
  };
  const found = orientation.orientation;
  const centres = shapes.map(({ entry }) => ({
    patient: entry.patient,
    centres: facts.centres.get(entry.id)!,
  }));
  const fingerprint = {
    size: { width: largest(({ width }) => width), height: largest(({ height }) => height) },
    foreground: foregroundSize(shapes, sizes, facts.foreground),
    slices: shapes.reduce((sum, { depth }) => sum + depth, 0),
    rarestShare: rarestShare(labels, shapes, facts.slices),
    sliceRatio: sliceRatio(shapes),
    sided: { width: sidedLabels(centres, "width"), height: sidedLabels(centres, "height") },
    unit: index.unit,
    labels,
    orientation: found,
  };
  const { minutes, epochs, steps, memoryMb } = config;
  const plan = planNetwork(fingerprint, wishes, {
    minutes: minutes ?? undefined,
    epochs: epochs ?? DEFAULT_EPOCHS,
    steps: steps ?? undefined,
    isFineTuning: config.finetune.from !== null,
    memoryMb,
  });
  const { batchSize, learningRate, oversample, mirror, strength, neighbours, size, ...unet } = plan.values;
  return {
    plan,
    config: {
      ...config,
      batchSize,
      oversample,
      schedule: { ...config.schedule, learningRate },
      augment: { ...config.augment, mirror, strength },
      unet: { ...config.unet, ...unet, classes: labels.length, inChannels: 1 + 2 * neighbours },
      input: { ...config.input, orientation: found ?? null, spacingMm, neighbours, size },
    },
  };
}

/** Labels that no training slice holds cannot be drawn and do not count. */
function rarestShare(
  labels: readonly LabelDefinition[],
  shapes: readonly CaseShape[],
  slices: CaseFacts["slices"],
): number {
  const held = shapes.flatMap(({ entry }) => slices.get(entry.id)!);
  const counts = labels.map(({ id }) => held.filter((ids) => ids.includes(id)).length);
  const some = counts.filter((count) => count > 0);
  return some.length === 0 ? 1 : Math.min(...some) / held.length;
}

/** In 95 of 100 training slices with foreground it is no larger, at the network's pixel size. */
function foregroundSize(
  shapes: readonly CaseShape[],
  sizes: readonly Size[],
  foreground: CaseFacts["foreground"],
): Size | undefined {
  const boxes = shapes.flatMap(({ entry, width, height }, i) =>
    (foreground.get(entry.id) ?? []).map((box) => ({
      width: (box.width * sizes[i]!.width) / width,
      height: (box.height * sizes[i]!.height) / height,
    })),
  );
  if (boxes.length === 0) return undefined;
  const most = (of: (box: Size) => number): number => Math.ceil(percentile(boxes.map(of), 95));
  return { width: most(({ width }) => width), height: most(({ height }) => height) };
}

/** Median distance of slices over the larger side of a pixel; undefined where a case does not state it. */
function sliceRatio(shapes: readonly CaseShape[]): number | undefined {
  if (!shapes.every(({ hasSpacing }) => hasSpacing)) return undefined;
  return median(shapes.map(({ spacingMm: [x, y, z] }) => z / Math.max(x, y)));
}

/** "file" where a case does not state its pixels' size: there is nothing to resample by. */
function medianSpacing(shapes: readonly CaseShape[]): FittedConfig["input"]["spacingMm"] {
  if (!shapes.every(({ hasSpacing }) => hasSpacing)) return "file";
  const at = (axis: 0 | 1): number =>
    Number(median(shapes.map(({ spacingMm }) => spacingMm[axis])).toPrecision(6));
  return { width: at(0), height: at(1) };
}

/** Every training slice, and by foreground label those that hold it. */
function listSlices(train: readonly CaseEntry[], labels: readonly LabelDefinition[], facts: CaseFacts) {
  const slices: SliceRef[] = [];
  const byLabel = new Map<number, SliceRef[]>(labels.filter(({ id }) => id > 0).map(({ id }) => [id, []]));
  for (const entry of train) {
    for (const [slice, held] of facts.slices.get(entry.id)!.entries()) {
      slices.push({ entry, slice });
      for (const label of held) byLabel.get(label)?.push({ entry, slice, label });
    }
  }
  return { slices, slicesByLabel: [...byLabel.values()].filter((holders) => holders.length > 0) };
}

/** @throws HipError "bad-dataset", "config" and whatever is wrong with single files, all at once. */
export async function prepare(
  options: PrepareOptions,
  config: TrainConfig,
  resumed: RunSource | undefined,
): Promise<Prepared> {
  const { plane, orientation } = config.input;
  const opened = await openData(options.data, {
    plane,
    layout: options.layout,
    orientation: orientation === null ? undefined : parseAxisCodes(orientation),
    isPartial: true,
  });
  checkResumable(opened, config, resumed);
  for (const warning of opened.warnings()) options.warn(warning);
  if (!(options.quiet ?? false)) {
    options.stderr.write(`${opened.index.description}\nLearning ${opened.orientation.reason}\n`);
  }
  if (resumed === undefined && !(options.quiet ?? false)) await warnOfFindings(opened, options);
  await refuseFaulty(opened, options);
  const kindOf = config.split.folds === null ? new Map<string, string>() : await kindsOf(opened);
  const split = splitCases(opened, options, config, resumed, kindOf);
  const { labels } = opened.index;
  const passport = makePassportMeter({
    labels,
    orientation: opened.orientation.orientation ?? null,
    train: split.train,
  });
  const { facts, digests } = await readCases(opened, split, {
    ...options,
    onDecoded: (decoded) => passport.add(decoded),
    isDrawn: config.split.folds !== null,
    isResumed: resumed !== undefined,
  });
  for (const warning of opened.caseWarnings()) options.warn(warning);
  const { config: fitted, plan } = fitConfig(
    config,
    opened,
    split.train.map(({ id }) => facts.shapes.get(id)!),
    facts,
  );
  const name = fitted.finetune.from;
  // A resumed run has its weights already, and the model may be gone by then.
  const from =
    name === null || resumed !== undefined ? undefined : { bytes: await readWholeFile(name), name };
  const start = from === undefined ? undefined : readModelCard(from.bytes, from.name);
  if (start !== undefined) checkStart(start, split, digests);
  const data = { labels, ...listSlices(split.train, labels, facts), validate: split.validate };
  return {
    config: fitted,
    plan,
    opened,
    split,
    data: { ...data, over: opened.over, load: opened.load },
    metadata: passport.metadata(split.train),
    from,
    card: trainingCard({
      from: start,
      opened,
      split,
      config: fitted,
      facts,
      digests,
      licence: await readLicence(opened.index),
    }),
  };
}
