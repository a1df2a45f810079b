/** `hipmri predict`: images in, masks on their own grids out. */
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import {
  fingerprintOf,
  type MeasuringPredictor,
  makeSlicePassports,
  measuring,
  type SharedPassport,
  type SlicePassports,
} from "../../apply/case-passport.ts";
import { countLabels, factsOf, gridOf, type LabelVolumeMl } from "../../apply/image-facts.ts";
import { groupSlices, hasGap, type LoadableSlice, segmentSliceSet } from "../../apply/slice-set.ts";
import { errorJson, HipError } from "../../core/errors.ts";
import { mapParallel } from "../../core/parallel.ts";
import { withoutTrailingOnes } from "../../dataset/geometry.ts";
import { dicomTimeOf } from "../../formats/dicom/local-time.ts";
import { writeDicomSeg } from "../../formats/dicom/seg.ts";
import type { DicomSeries } from "../../formats/dicom/series.ts";
import { writeMask } from "../../formats/write-mask.ts";
import { judgePassport } from "../../passport/passport.ts";
import type { CasePassport, PassportFingerprint } from "../../passport/types.ts";
import { pixelFit } from "../../predict/fit.ts";
import { makePredictor, type Predictor } from "../../predict/predictor.ts";
import { planForModel, segmentVolume } from "../../predict/segment.ts";
import { reorientGrid } from "../../volume/orient.ts";
import { makeFolder, writeFileAtomic } from "../atomic.ts";
import { chooseRuntime } from "../device.ts";
import type { DeviceName } from "../device-names.ts";
import { gzip } from "../inflate.ts";
import { checkOutFolder } from "../out-folder.ts";
import { sha256Of } from "../sha256.ts";
import type { ShardDone, ShardRequest } from "../shard-store.ts";
import { VERSION } from "../version.ts";
import { readModelFile } from "./model-file.ts";
import { loadHeader, loadVolume } from "./predict-image.ts";
import { type PlannedMask, planMasks } from "./predict-inputs.ts";
import { openPredictShard } from "./predict-shard.ts";

/** Headers read at once. */
const AT_ONCE = 8;

export interface PredictOptions {
  /** A run folder or a model.onnx. */
  readonly model: string;
  /** Image files, folders that hold some, and folders of DICOM. */
  readonly inputs: readonly string[];
  readonly out: string;
  /** Of DICOM folders: the number of the series, or a part of its description. */
  readonly series?: string | undefined;
  /** Leaves patient, study and dates out of DICOM segmentations. NIfTI masks never hold them. */
  readonly anonymise?: boolean | undefined;
  /** Copies free text and extensions of NIfTI headers into the masks; they may name the patient. */
  readonly keepTexts?: boolean | undefined;
  /** Default: cpu. */
  readonly device?: DeviceName | undefined;
  /** Default: as many as there are processors. */
  readonly threads?: number | undefined;
  /** Is told how many slices of all images are done; of an image that fails, all at once. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Segments its share of the images, and leaves OUT/shards/I-of-N.json for mergePredictions(). */
  readonly shard?: ShardRequest | undefined;
  readonly warn?: (message: string) => void;
  /** Aborted: the slices under way are finished, then the promise rejects; no mask is left half written. */
  readonly signal?: AbortSignal;
}

export interface PredictedMask {
  readonly input: string;
  readonly mask: string;
  /** The same mask as a DICOM segmentation, where the input was DICOM. */
  readonly seg?: string;
  /** Foreground labels of the model, those that were not found too. */
  readonly labels: readonly LabelVolumeMl[];
  readonly warnings: readonly string[];
  /**
   * Whether the input is like the training scans and the mask plausible; of slice files, of all slices of their volume
   * together. null where the model carries no fingerprint of its training data (before version 0.3.0), or the slices
   * of a volume do not fit together.
   */
  readonly passport: CasePassport | null;
}

export interface PredictFailure {
  readonly input: string;
  readonly error: HipError;
}

export interface Prediction {
  readonly outputs: readonly PredictedMask[];
  /** Whether the model carries the fingerprint of its training scans. */
  readonly hasFingerprint: boolean;
  /** Images that could not be segmented; none of them has a mask. */
  readonly failures: readonly PredictFailure[];
  /** Where only a share was asked for: which. */
  readonly shard?: ShardDone;
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

/** What `hipmri predict --json` prints. */
export function predictionJson({ outputs, failures }: Prediction) {
  return { outputs, failures: failures.map(({ input, error }) => ({ input, error: errorJson(error) })) };
}

/** An image to segment, and how many slices it has; or why it cannot be. */
type Checked = Good | (PlannedMask & { readonly error: HipError });
type Good = PlannedMask & LoadableSlice & { readonly slices: number };

/** Reads the header alone, so that all unfit files are known before the model is at work. */
async function check(planned: PlannedMask, predictor: Predictor): Promise<Checked> {
  try {
    const header = await loadHeader(planned);
    const grid = gridOf(header, planned.input);
    const facts = factsOf(header, planned.input);
    const plan = planForModel(predictor.card, grid, facts);
    const { shape, spacingMm } = reorientGrid(grid, plan.turn);
    const [width, height, slices] = shape;
    pixelFit(
      { width, height, spacingMm, hasSpacing: facts.hasSpacing, name: planned.input },
      predictor.card.input,
    );
    return { ...planned, header, slices, loadVolume: () => loadVolume(planned) };
  } catch (error) {
    if (error instanceof HipError) return { ...planned, error };
    throw error;
  }
}

/** Images that are segmented together: a single one, or the slices of one volume. */
type Group = readonly Good[];

/** Masks of a group, and what was odd. */
async function segmentGroup(
  predictor: Predictor,
  group: Group,
  watcher: { readonly onProgress: (done: number) => void; readonly signal: AbortSignal | undefined },
): Promise<{
  readonly masks: readonly Uint8Array[];
  readonly warnings: readonly string[];
  /** Of a single image. */
  readonly image?: Float32Array;
}> {
  if (group.length > 1) return segmentSliceSet(predictor, group, watcher);
  const [planned] = group as readonly [Group[number]];
  const { input, header } = planned;
  const volume = await planned.loadVolume();
  const { mask, warnings } = await segmentVolume(predictor, volume, factsOf(header, input), watcher);
  return { masks: [mask.data], warnings, image: volume.data };
}

/** What passports are made by. */
interface Passports {
  readonly fingerprint: PassportFingerprint;
  readonly slices: SlicePassports;
}

interface Work {
  readonly predictor: MeasuringPredictor;
  readonly passports: Passports | undefined;
  /** By input. */
  readonly found: Map<string, CasePassport>;
  readonly options: PredictOptions;
  readonly outputs: PredictedMask[];
  readonly failures: PredictFailure[];
}

async function writeGroup(work: Work, group: Group, onProgress: (done: number) => void) {
  const { predictor, options, outputs } = work;
  const { signal, warn } = options;
  const { masks, warnings, image } = await segmentGroup(predictor, group, { onProgress, signal });
  notePassports(work, group, { masks, image });
  for (const [i, { input, mask: path, header, dicom }] of group.entries()) {
    const mask = masks[i]!;
    await makeFolder(dirname(path));
    await writeFileAtomic(path, gzip(writeMask(header, mask, { keepTexts: options.keepTexts ?? false })));
    if (dicom !== undefined) await writeFileAtomic(dicom.seg, await segmentationOf(dicom.series, mask, work));
    const all = [...header.warnings, ...warnings];
    for (const warning of all) warn?.(`"${input}": ${warning}`);
    const labels = countLabels(mask, header, predictor.card.labels);
    const seg = dicom === undefined ? {} : { seg: dicom.seg };
    outputs.push({ input, mask: path, ...seg, labels, warnings: all, passport: null });
  }
}

/** Judges what was just segmented; a single slice waits for the others of its volume. */
function notePassports(
  { predictor, passports, found }: Work,
  group: Group,
  { masks, image }: { readonly masks: readonly Uint8Array[]; readonly image: Float32Array | undefined },
): void {
  if (passports === undefined) return;
  const { fingerprint, slices } = passports;
  const [first] = group as readonly [Group[number]];
  const isSlice = withoutTrailingOnes(first.header.shape).length <= 2;
  if (group.length === 1 && isSlice && image !== undefined) {
    noteShared(
      found,
      joinSlices(() => slices.add({ slice: first, image, mask: masks[0]! })),
    );
    return;
  }
  const features = predictor.features();
  if (features === undefined) return;
  const passport = judgePassport(features, fingerprint);
  for (const { input } of group) found.set(input, passport);
}

function noteShared(found: Work["found"], shared: SharedPassport | undefined): void {
  for (const input of shared?.inputs ?? []) found.set(input, shared!.passport);
}

/** Slices of unequal shapes are no volume: their masks are good, but there is nothing to judge together. */
function joinSlices<T>(join: () => T): T | undefined {
  try {
    return join();
  } catch (error) {
    if (error instanceof HipError) return undefined;
    throw error;
  }
}

/** The mask as a DICOM segmentation that refers to the series. */
function segmentationOf(
  series: DicomSeries,
  mask: Uint8Array,
  { predictor, options }: Work,
): Promise<Uint8Array> {
  return writeDicomSeg(series, {
    mask,
    labels: predictor.card.labels,
    algorithm: { name: "hipmri-unet", version: VERSION },
    created: dicomTimeOf(new Date()),
    anonymise: options.anonymise ? {} : undefined,
  });
}

const needsWholeVolumes = ({ card }: Predictor): boolean =>
  card.input.neighbours > 0 || card.input.over === "volume";

/** Slices that could as well be segmented one by one, but for the clean-up of their volume. */
const isOnlyCleanedUp = (predictor: Predictor, group: Group): boolean =>
  group.length > 1 && !needsWholeVolumes(predictor);

/**
 * Where slices of one volume mean more together: seen beside each other, z-scored as one, or cleaned up as a volume;
 * the last only where none between them is missing, which would cut an organ in two.
 */
function groupsOf(predictor: Predictor, images: readonly Group[number][]): Group[] {
  const singles = (group: Group): Group[] => group.map((each) => [each]);
  if (needsWholeVolumes(predictor)) return [...groupSlices(images)];
  if (predictor.card.inference.keepLargest.length === 0) return singles(images);
  return groupSlices(images).flatMap((group) => (hasGap(group) ? singles(group) : [group]));
}

/** Segments group after group; an image that fails is reported, the others go on. */
async function segmentAll(work: Work, checked: readonly Checked[]): Promise<void> {
  const { predictor, options, failures } = work;
  const good = checked.flatMap((each) => ("error" in each ? [] : [each]));
  for (const each of checked) if ("error" in each) failures.push({ input: each.input, error: each.error });
  const total = good.reduce((sum, { slices }) => sum + slices, 0);
  const groups = groupsOf(predictor, good);
  let before = 0;
  let told = 0;
  const tell = (done: number): void => {
    if (done > told) options.onProgress?.(done, total);
    told = Math.max(told, done);
  };
  for (const group of groups) {
    options.signal?.throwIfAborted();
    try {
      await writeGroup(work, group, (done) => tell(before + done));
    } catch (error) {
      if (error instanceof HipError && error.code !== "disk" && isOnlyCleanedUp(predictor, group)) {
        // One by one, so that a bad slice costs no other slice its mask.
        options.warn?.(
          `"${group[0]!.input}" and the other slices of its volume are segmented one by one, and no label is brought to its largest component: ${error.message}`,
        );
        groups.push(...group.map((each) => [each]));
        continue;
      }
      // A full disk fails every image: go on with what concerns this one only.
      if (!(error instanceof HipError) || error.code === "disk") throw error;
      for (const { input } of group) {
        failures.push({ input, error });
        noteShared(
          work.found,
          joinSlices(() => work.passports?.slices.skip(input)),
        );
      }
    }
    before += group.reduce((sum, { slices }) => sum + slices, 0);
    tell(before);
  }
}

/**
 * Segments images: X.nii.gz gives OUT/X.nii.gz, uint8, with the image's own shape and affine. Volumes of any
 * orientation are brought to the plane that the model was trained in, and their masks back. An image that cannot be
 * used is reported among `failures`; the others are segmented all the same.
 * @throws HipError "not-found", "bad-model", "disk"; "usage" where masks would collide or replace an input. Then
 *   nothing has been written.
 */
export async function predictInputs(options: PredictOptions): Promise<Prediction> {
  const model = await readModelFile(options.model);
  await checkOutFolder(options.out);
  const plan = await planMasks(options.inputs, options.out, options.series);
  const threads = options.threads ?? availableParallelism();
  const runtime = await chooseRuntime({ device: options.device, threads, warn: options.warn });
  const predictor = measuring(await makePredictor(runtime, model.bytes, model.path));
  const fingerprint = fingerprintOf(model.bytes);
  if (predictor.card.synthetic)
    options.warn?.("The model was trained on SYNTHETIC data: its masks of real scans mean nothing");
  try {
    const all = await mapParallel(plan, AT_ONCE, (planned) => check(planned, predictor));
    const { shard: request } = options;
    const share =
      request === undefined
        ? undefined
        : await openPredictShard({ ...options, shard: request }, all, sha256Of(model.bytes));
    if (share?.before !== undefined) return share.before;
    const checked = share === undefined ? all : share.places.map((place) => all[place]!);
    const good = checked.flatMap((each) => ("error" in each ? [] : [each]));
    const passports =
      fingerprint === undefined
        ? undefined
        : { fingerprint, slices: makeSlicePassports(good, predictor, fingerprint) };
    const work: Work = { predictor, passports, found: new Map(), options, outputs: [], failures: [] };
    await segmentAll(work, checked);
    const prediction = finish(work, plan);
    return share === undefined ? prediction : await share.finish(prediction);
  } finally {
    await predictor.dispose();
  }
}

/** In the order of the inputs, with their passports. */
function finish({ outputs, failures, found, passports }: Work, plan: readonly PlannedMask[]): Prediction {
  const order = new Map(plan.map(({ input }, i) => [input, i]));
  const byInput = <T extends { readonly input: string }>(items: readonly T[]): readonly T[] =>
    items.toSorted((a, b) => order.get(a.input)! - order.get(b.input)!);
  const withPassports = outputs.map((output) => ({ ...output, passport: found.get(output.input) ?? null }));
  return {
    outputs: byInput(withPassports),
    failures: byInput(failures),
    hasFingerprint: passports !== undefined,
  };
}
