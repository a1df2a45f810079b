/** What the page and its worker say to each other. Everything heavy happens in the worker. */
import type {
  Affine,
  CasePassport,
  LabelDefinition,
  LearnEpoch,
  LearnResult,
  LearnStep,
  MaskFile,
  ModelCard,
} from "../../../src/browser/index.ts";
import type { Brightness } from "./brightness.ts";

export interface NamedFile {
  /** With its folders. */
  readonly name: string;
  readonly file: File;
}

export interface ScanSummary {
  readonly id: number;
  readonly name: string;
  readonly source: "file" | "slices" | "dicom";
  readonly format: string;
  /** Along the file's axes. */
  readonly shape: readonly [number, number, number];
  readonly spacingMm: readonly [number, number, number];
  readonly orientation: string;
  /** Whether the files state where their axes point. */
  readonly isPlaced: boolean;
  /** Whether they state the size of their voxels. */
  readonly hasSpacing: boolean;
  readonly isSynthetic: boolean;
  readonly voxelMl: number | null;
  readonly warnings: readonly string[];
}

export interface Problem {
  readonly name: string;
  readonly message: string;
  readonly hint: string | undefined;
}

export interface OpenedFiles {
  readonly scans: readonly ScanSummary[];
  readonly problems: readonly Problem[];
}

/** A scan turned so that its axes run to the right, the front and the head: as viewers have it. */
export interface ShownScan {
  readonly shape: readonly [number, number, number];
  readonly spacingMm: readonly [number, number, number];
  /** From voxels to millimetres to the right, the front and the head. */
  readonly affine: Affine;
  /** x fastest. */
  readonly data: Float32Array;
  readonly brightness: Brightness;
  /** The mask of an earlier visit, with its corrections. */
  readonly kept: ShownMask | undefined;
}

/** What belongs to a mask beside its voxels. */
export interface AboutMask {
  readonly labels: readonly LabelDefinition[];
  /** undefined: nothing was judged. */
  readonly passport?: CasePassport | null | undefined;
  /** Somebody drew in it, or it came from a file: it does not go without a question. */
  readonly isByHand: boolean;
  /** It began empty: slices in which nothing was drawn say nothing. */
  readonly isPartial: boolean;
}

export interface ShownMask extends AboutMask {
  /** In the order of ShownScan. */
  readonly mask: Uint8Array;
  readonly revision: number;
  /** Corrections that could not be restored. */
  readonly problem: string | undefined;
}

/** What an earlier visit left. */
export interface RestoredSession extends OpenedFiles {
  readonly openings: readonly Opening[];
  readonly current: number | null;
  /** null: the demo model. */
  readonly model: { readonly name: string; readonly bytes: Uint8Array } | null;
}

export type Opening =
  | { readonly kind: "demo" }
  | { readonly kind: "files"; readonly files: readonly NamedFile[] };

export interface ModelSummary {
  readonly name: string;
  readonly card: ModelCard;
  readonly labels: readonly LabelDefinition[];
  /** How it is computed here, in words. */
  readonly backend: string;
  readonly reasons: readonly string[];
}

export interface SegmentedScan {
  /** In the order of ShownScan. */
  readonly mask: Uint8Array;
  readonly passport: CasePassport | null;
  readonly warnings: readonly string[];
  readonly seconds: number;
}

export type SavedFile = MaskFile;

export interface LearnTask {
  readonly model: { readonly name: string; readonly bytes: Uint8Array };
  readonly cases: readonly {
    readonly scan: number;
    /** undefined: the one that was kept. */
    readonly mask: Uint8Array | undefined;
    /** Slices without any label say nothing. */
    readonly isPartial: boolean;
  }[];
  readonly steps: number;
  readonly seed: number;
}

export type LearnReport = ({ readonly kind: "step" } & LearnStep) | ({ readonly kind: "epoch" } & LearnEpoch);

export type LearnTaskWatcher = (report: LearnReport) => void;

/** What came of it; everything of LearnResult but what a page does not show. */
export type LearnOutcome = Pick<
  LearnResult,
  "isBetter" | "verdict" | "before" | "after" | "bytes" | "heldOut" | "notLearnt" | "learntFrom" | "steps"
> & { readonly seconds: number };

export interface SegmentOptions {
  readonly device: "auto" | "webgpu" | "wasm";
  readonly threads: number | undefined;
}

/** What the worker does; comlink carries it, and failures as failure.ts packs them. */
export interface SegmentWorker {
  /** What an earlier visit left; undefined where there is nothing. */
  restore(): Promise<RestoredSession | undefined>;
  /** Why what is done here does not outlive a reload; undefined where it does. */
  keepProblem(): Promise<string | undefined>;
  /** @param again the files were opened before: nothing new is kept */
  open(opening: Opening, again: boolean): Promise<OpenedFiles>;
  /** Closes all scans, and removes what was kept of them. */
  forget(): Promise<void>;
  show(scan: number): Promise<ShownScan>;
  /** @param isDemo the model that comes with the page: it need not be kept */
  openModel(
    model: { readonly name: string; readonly bytes: Uint8Array; readonly isDemo: boolean },
    options: SegmentOptions,
  ): Promise<ModelSummary>;
  /** A mask from a file, on the very grid of the scan; in the order of ShownScan. */
  openMask(scan: number, file: NamedFile): Promise<Uint8Array>;
  /** Fine-tunes the model on scans with their masks; `mask` undefined: the one that was kept. */
  learn(request: LearnTask, watcher: LearnTaskWatcher): Promise<LearnOutcome>;
  /** What is to become of the learning under way. */
  steer(how: "pause" | "resume" | "finish" | "cancel"): void;
  /** Scans of which a mask is kept. */
  keptMasks(): Promise<readonly number[]>;
  /** Keeps a whole mask, as encodeMask() gives it. */
  keepMask(scan: number, bytes: Uint8Array): Promise<void>;
  keepAbout(scan: number, about: AboutMask): Promise<void>;
  /** Keeps one correction, as encodeEdit() gives it. */
  keepEdit(scan: number, bytes: Uint8Array): Promise<void>;
  segment(scan: number, onProgress: (done: number, total: number) => void): Promise<SegmentedScan>;
  /** Ends the segmentation under way. */
  cancel(): void;
  /** The mask as files on the scan's own grid: gzipped NIfTI, one for each input file. */
  saveNifti(scan: number, mask: Uint8Array): Promise<readonly SavedFile[]>;
  /** undefined where the scan is not of DICOM. */
  saveDicomSeg(scan: number, mask: Uint8Array): Promise<SavedFile | undefined>;
}
