/** A model in a page or worker: opened once, applied to files. */
import { fingerprintOf, type MeasuringPredictor, measuring } from "../apply/case-passport.ts";
import { countVolumes, type LabelVolumeMl } from "../apply/image-facts.ts";
import { openScans } from "../apply/open-scans.ts";
import { type JudgedMask, type MaskFile, type Scan, segmentScan } from "../apply/scan.ts";
import { HipError } from "../core/errors.ts";
import { readModelMetadata } from "../onnx/model.ts";
import type { PassportFingerprint } from "../passport/types.ts";
import type { ModelCard } from "../predict/card.ts";
import { checkModel } from "../predict/check-model.ts";
import { checkKnownAnswer, readKnownAnswer } from "../predict/known-answer.ts";
import { makePredictor, type PredictWatcher } from "../predict/predictor.ts";
import type { IntensityVolume } from "../volume/volume.ts";
import { type Backend, type BackendFiles, chooseBackend } from "./backend.ts";
import { inflateInBrowser } from "./inflate.ts";
import type { BrowserDevice } from "./runtime.ts";
import { blobSource } from "./source.ts";

export interface OpenModelOptions {
  /** For messages. */
  readonly name?: string;
  /** Default: "auto". */
  readonly device?: BrowserDevice | "auto";
  readonly threads?: number;
  /** Where ONNX Runtime's files are served; default: beside its script. */
  readonly files?: BackendFiles;
}

/** What was found in a file. */
export interface FileSegmentation extends JudgedMask {
  readonly labels: readonly LabelVolumeMl[];
  /** Uncompressed NIfTI on the grid of the file. */
  readonly masks: readonly MaskFile[];
}

export interface BrowserModel {
  readonly card: ModelCard;
  readonly backend: Backend;
  /** Of the training scans; undefined of models before version 0.3. */
  readonly fingerprint: PassportFingerprint | undefined;
  readonly predictor: MeasuringPredictor;
  /** Segments a scan that openScans() gave. @param volume what its load() gave */
  segmentScan(scan: Scan, volume: IntensityVolume, watcher?: PredictWatcher): Promise<JudgedMask>;
  /**
   * Segments one image file: NIfTI, NRRD, MetaImage or PNG.
   * @throws HipError where the file cannot be used
   */
  segment(file: File, watcher?: PredictWatcher): Promise<FileSegmentation>;
  dispose(): Promise<void>;
}

/** The one scan in a file. */
async function scanOf(file: File): Promise<Scan> {
  const { scans, problems } = await openScans([{ name: file.name, source: blobSource(file) }], {
    inflate: inflateInBrowser,
  });
  const [scan] = scans;
  if (scan !== undefined) return scan;
  throw problems[0]?.error ?? new HipError("unreadable-image", `Cannot read "${file.name}"`);
}

/**
 * Opens a model.onnx that hipmri wrote. Call it in a worker where the page is to stay responsive.
 * @throws HipError "bad-model": not of ours, or no way to compute in this browser gives right results
 */
export async function openModel(
  model: ArrayBuffer | Uint8Array,
  { name = "model.onnx", device, threads, files }: OpenModelOptions = {},
): Promise<BrowserModel> {
  const bytes = model instanceof Uint8Array ? model : new Uint8Array(model);
  // A file of unknown origin: nothing but what hipmri writes comes near ONNX Runtime.
  const card = checkModel(bytes, name);
  const answer = readKnownAnswer(readModelMetadata(bytes) ?? {}, card, name);
  const backend = await chooseBackend({
    wanted: device,
    threads,
    files,
    model: bytes,
    check: async (program, device) => {
      // Models before version 0.5 know no answer: WebAssembly computes as the CPU does, graphics cards may err.
      if (answer === undefined) {
        return device === "webgpu"
          ? "the model carries no known answer to hold its numbers against"
          : undefined;
      }
      const { isRight, maxError } = await checkKnownAnswer(program, card, answer);
      return isRight
        ? undefined
        : `its numbers are wrong: a probability is off by ${maxError.toPrecision(2)}`;
    },
  });
  const predictor = measuring(await makePredictor(backend.runtime, bytes, name));
  const fingerprint = fingerprintOf(bytes);
  const judge: BrowserModel["segmentScan"] = (scan, volume, watcher = {}) =>
    segmentScan(scan, volume, { predictor, fingerprint, watcher });
  return {
    card,
    backend,
    fingerprint,
    predictor,
    segmentScan: judge,
    async segment(file, watcher) {
      const scan = await scanOf(file);
      const judged = await judge(scan, await scan.load(), watcher);
      const labels = countVolumes(judged.mask, card.labels, scan.voxelMl);
      return { ...judged, labels, masks: scan.masks(judged.mask) };
    },
    dispose: () => predictor.dispose(),
  };
}
