/** What the page knows: the scans, the one that is shown, the model, the mask, and what is being done. */
import { tick } from "svelte";
import { type CasePassport, encodeEdit, encodeMask, type MaskEditor } from "../../../src/browser/index.ts";
import { DEMO_MODEL_URL } from "../demo.ts";
import { TEXT } from "../text.ts";
import type { Crosshair, Intensities, Viewer } from "../viewer/viewer.ts";
import { makeWorkerClient, proxy, type RemoteWorker, WorkerStopped } from "../worker/client.ts";
import { type Failure, unpackError } from "../worker/failure.ts";
import type {
  LearnOutcome,
  LearnReport,
  ModelSummary,
  NamedFile,
  OpenedFiles,
  Opening,
  RestoredSession,
  SavedFile,
  ScanSummary,
  ShownMask,
  ShownScan,
} from "../worker/protocol.ts";
import { Correction } from "./correction.svelte.ts";
import { LabelState } from "./labels.svelte.ts";
import { Learning } from "./learning.svelte.ts";

export type Busy =
  | { readonly kind: "reading" | "model" | "starting" | "saving" | "learning" }
  | { readonly kind: "segmenting"; readonly done: number; readonly total: number };

export type Device = "auto" | "webgpu" | "wasm";

interface ModelSource {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly isDemo: boolean;
}

/** After so many corrections the whole mask is kept anew, and the journal begins again. */
const EDITS_A_JOURNAL = 200;
/** Equal corrections give an equal model. */
const LEARN_SEED = 1;
/** For tests and measurements: "?threads=1". */
const threadsWanted = (): number | undefined => {
  const text = new URL(location.href).searchParams.get("threads");
  return text === null || !/^[1-9]$/.test(text) ? undefined : Number(text);
};

export class Session {
  readonly labels = new LabelState();
  readonly correction: Correction;
  readonly learning = new Learning(this);
  /** Scans that have a mask. */
  masked = $state.raw<ReadonlySet<number>>(new Set());
  scans = $state.raw<readonly ScanSummary[]>([]);
  scan = $state.raw<ScanSummary | undefined>();
  model = $state.raw<ModelSummary | undefined>();
  passport = $state.raw<CasePassport | null | undefined>();
  maskWarnings = $state.raw<readonly string[]>([]);
  seconds = $state<number | undefined>();
  busy = $state.raw<Busy | undefined>();
  failures = $state.raw<readonly Failure[]>([]);
  crosshair = $state.raw<Crosshair | undefined>();
  window = $state.raw<Intensities>({ low: 0, high: 1 });
  hasMask = $state(false);
  isMaskHidden = $state(false);
  /** Whether a reload loses nothing. */
  isKeeping = $state(true);
  device = $state<Device>("auto");
  /** Rises with each change of the mask. */
  maskRevision = $state(0);
  shown: ShownScan | undefined;
  mask: Uint8Array | undefined;

  #worker = makeWorkerClient();
  #generation = 0;
  /** What is being done, and what waits for it. */
  #queue: Promise<void> = Promise.resolve();
  /** What the worker is to keep, in order. */
  #keeping: Promise<void> = Promise.resolve();
  #editsKept = 0;
  #openings: Opening[] = [];
  /** Masks of scans that are not shown just now. */
  readonly #masks = new Map<number, ShownMask>();
  #modelSource: ModelSource | undefined;
  #viewer: Viewer | undefined;
  #makeViewer: (() => Promise<Viewer>) | undefined;

  constructor() {
    this.correction = new Correction({
      labels: this.labels,
      viewer: () => this.#viewer,
      fail: (error) => this.fail(error),
      onEdit: (editor, edit) => this.#keepEdit(editor, encodeEdit(edit)),
      onChange: () => this.recount(),
    });
  }

  /** Called once the page has a canvas; the viewer itself is loaded when there is something to show. */
  lendViewer(make: () => Promise<Viewer>): void {
    this.#makeViewer = make;
  }

  get viewer(): Viewer | undefined {
    return this.#viewer;
  }

  get modelBytes(): Uint8Array | undefined {
    return this.#modelSource?.bytes;
  }

  fail(error: unknown): void {
    if (error instanceof DOMException && error.name === "AbortError") return;
    const failure =
      error instanceof WorkerStopped
        ? { message: TEXT.errors.worker, hint: TEXT.errors.workerHint }
        : unpackError(error);
    this.failures = [...this.failures, failure];
  }

  dismiss(failure: Failure): void {
    this.failures = this.failures.filter((each) => each !== failure);
  }

  /** Does one thing after another, and tells what went wrong. */
  #during(busy: Busy, work: () => Promise<void>): Promise<void> {
    const turn = async (): Promise<void> => {
      this.busy = busy;
      try {
        await work();
      } catch (error) {
        this.fail(error);
      } finally {
        this.busy = undefined;
      }
    };
    this.#queue = this.#queue.then(turn);
    return this.#queue;
  }

  /** Asks the worker; one that was started anew is first given what the last one held. */
  ask<T>(question: (worker: RemoteWorker) => Promise<T>): Promise<T> {
    return this.#worker.ask<T>(async (worker) => {
      if (this.#worker.generation !== this.#generation) {
        this.#generation = this.#worker.generation;
        for (const opening of this.#openings) await worker.open(opening, true);
        if (this.#modelSource !== undefined) await this.#openInWorker(worker, this.#modelSource);
      }
      return question(worker);
    });
  }

  async #openInWorker(worker: RemoteWorker, source: ModelSource): Promise<ModelSummary> {
    return (await worker.openModel(source, {
      device: this.device,
      threads: threadsWanted(),
    })) as ModelSummary;
  }

  /** Takes up what an earlier visit left. */
  restore(): Promise<void> {
    return this.#during({ kind: "reading" }, async () => {
      // Nothing was opened in this worker yet: it may look at what is kept.
      const restored = (await this.ask((worker) => worker.restore())) as RestoredSession | undefined;
      this.isKeeping = await this.ask((worker) => worker.isKeeping());
      if (restored === undefined) return;
      this.#openings = [...restored.openings];
      this.scans = restored.scans;
      this.masked = new Set(await this.ask((worker) => worker.keptMasks()));
      const current = restored.scans.find(({ id }) => id === restored.current) ?? restored.scans[0];
      if (restored.model === null) await this.#takeModel(await demoModel());
      else await this.#takeModel({ ...restored.model, isDemo: false });
      if (current !== undefined) await this.#show(current);
    });
  }

  /** Closes all scans, and removes what was kept of them. */
  close(): Promise<void> {
    return this.#during({ kind: "reading" }, async () => {
      await this.ask((worker) => worker.forget());
      this.#openings = [];
      this.#masks.clear();
      this.masked = new Set();
      this.learning.forget();
      this.scans = [];
      this.scan = undefined;
      this.shown = undefined;
      this.#dropMask();
    });
  }

  async openFiles(files: readonly NamedFile[]): Promise<void> {
    const [model] = files.filter(({ name }) => /\.onnx$/i.test(name));
    const others = files.filter(({ name }) => !/\.onnx$/i.test(name));
    if (model !== undefined) await this.openModelFile(model.file);
    if (others.length > 0) await this.#open({ kind: "files", files: others });
  }

  openDemo(): Promise<void> {
    return this.#open({ kind: "demo" });
  }

  async #open(opening: Opening): Promise<void> {
    await this.#during({ kind: "reading" }, async () => {
      const { scans, problems } = (await this.ask((worker) => worker.open(opening, false))) as OpenedFiles;
      this.failures = [...this.failures, ...problems];
      const [first] = scans;
      if (first === undefined) {
        if (problems.length === 0) {
          this.failures = [...this.failures, { message: TEXT.open.nothing, hint: TEXT.open.nothingHint }];
        }
        return;
      }
      this.#openings.push(opening);
      this.scans = [...this.scans, ...scans];
      await this.#show(first);
    });
    if (this.scan !== undefined && this.model === undefined) await this.useDemoModel();
  }

  show(scan: ScanSummary): Promise<void> {
    return this.#during({ kind: "reading" }, () => this.#show(scan));
  }

  async #show(scan: ScanSummary): Promise<void> {
    // What was corrected last must be kept before it is read again.
    await this.#keeping;
    const shown = (await this.ask((worker) => worker.show(scan.id))) as ShownScan;
    this.#putMaskAside();
    this.scan = scan;
    this.shown = shown;
    this.#dropMask();
    await tick();
    const viewer = await this.#viewerNow();
    this.window = await viewer.showVolume({ name: scan.name, shape: shown.shape, nifti: shown.nifti });
    this.correction.setWindow(this.window);
    this.crosshair = viewer.crosshair();
    const kept = this.#masks.get(scan.id) ?? shown.kept;
    if (kept !== undefined) this.#takeKept(kept);
  }

  /** Of the scan that is shown: another one comes. */
  #putMaskAside(): void {
    const { scan, mask, passport } = this;
    const { editor } = this.correction;
    if (scan === undefined || mask === undefined || editor === undefined) return;
    this.#masks.set(scan.id, { mask, revision: editor.revision, passport, problem: undefined });
  }

  #takeKept({ mask, revision, passport, problem }: ShownMask): void {
    this.passport = passport;
    this.takeMask(mask, revision);
    if (problem !== undefined) this.failures = [...this.failures, { message: problem, hint: undefined }];
  }

  async #viewerNow(): Promise<Viewer> {
    if (this.#viewer !== undefined) return this.#viewer;
    if (this.#makeViewer === undefined) throw new Error("internal: no canvas yet");
    const viewer = await this.#makeViewer();
    this.#viewer = viewer;
    viewer.onCrosshair((at) => {
      this.crosshair = at;
    });
    return viewer;
  }

  useDemoModel(): Promise<void> {
    return this.#during({ kind: "model" }, async () => this.#takeModel(await demoModel()));
  }

  openModelFile(file: File): Promise<void> {
    return this.#during({ kind: "model" }, async () => {
      await this.#takeModel({
        name: file.name,
        bytes: new Uint8Array(await file.arrayBuffer()),
        isDemo: false,
      });
    });
  }

  /** Takes a model that was made here. */
  useModel(name: string, bytes: Uint8Array): Promise<void> {
    return this.#during({ kind: "model" }, () => this.#takeModel({ name, bytes, isDemo: false }));
  }

  /** Opens the model anew, on another device. */
  async useDevice(device: Device): Promise<void> {
    this.device = device;
    const source = this.#modelSource;
    if (source !== undefined) await this.#during({ kind: "model" }, () => this.#takeModel(source));
  }

  async #takeModel(source: ModelSource): Promise<void> {
    const summary = await this.ask((worker) => this.#openInWorker(worker, source));
    this.#modelSource = source;
    this.model = summary;
    this.labels.take(summary.labels);
    this.labelsChanged();
    this.recount();
  }

  /** @throws never: what goes wrong is shown */
  async segment(): Promise<void> {
    const { scan } = this;
    if (scan === undefined || this.model === undefined) return;
    await this.#during({ kind: "starting" }, async () => {
      await this.#keeping;
      const onProgress = proxy((done: number, total: number) => {
        this.busy = { kind: "segmenting", done, total };
      });
      const result = await this.ask((worker) => worker.segment(scan.id, onProgress));
      this.passport = result.passport;
      this.maskWarnings = result.warnings;
      this.seconds = result.seconds;
      this.takeMask(result.mask);
    });
  }

  async cancel(): Promise<void> {
    await this.ask((worker) => worker.cancel() as Promise<void>);
  }

  /** A mask of nothing, to be drawn by hand. */
  startEmpty(): void {
    if (this.shown === undefined) return;
    this.#replaceMask(new Uint8Array(this.shown.data.length));
  }

  openMaskFile(file: File): Promise<void> {
    return this.#during({ kind: "reading" }, async () => {
      const { scan } = this;
      if (scan === undefined) return;
      const mask = await this.ask((worker) => worker.openMask(scan.id, { name: file.name, file }));
      this.#replaceMask(mask as Uint8Array);
    });
  }

  /** A mask that the worker does not keep yet. */
  #replaceMask(mask: Uint8Array): void {
    this.passport = undefined;
    this.maskWarnings = [];
    this.seconds = undefined;
    this.takeMask(mask);
    const { editor } = this.correction;
    if (editor !== undefined) this.#keepWhole(editor);
  }

  takeMask(mask: Uint8Array, revision = 0): void {
    const { shown } = this;
    if (shown === undefined) return;
    this.mask = mask;
    this.hasMask = true;
    if (this.scan !== undefined) this.masked = new Set([...this.masked, this.scan.id]);
    this.#editsKept = 0;
    this.correction.begin(shown, mask, revision);
    this.#viewer?.showMask(mask);
    this.labelsChanged();
  }

  #dropMask(): void {
    this.mask = undefined;
    this.hasMask = false;
    this.passport = undefined;
    this.maskWarnings = [];
    this.seconds = undefined;
    this.#viewer?.showMask(undefined);
    this.correction.end();
  }

  /** In the order in which they were made; the page does not wait. */
  #keep(work: (worker: RemoteWorker) => Promise<void>): void {
    this.#keeping = this.#keeping
      .then(() => this.ask(work))
      .catch((error) => {
        // Told once: the next edits would say the same.
        if (this.isKeeping)
          this.failures = [...this.failures, { ...unpackError(error), hint: TEXT.errors.keepHint }];
        this.isKeeping = false;
      });
  }

  #keepEdit(editor: MaskEditor, bytes: Uint8Array): void {
    const { scan } = this;
    if (scan === undefined) return;
    this.learning.corrected(scan.id);
    this.#editsKept++;
    if (this.#editsKept >= EDITS_A_JOURNAL) this.#keepWhole(editor);
    else this.#keep((worker) => worker.keepEdit(scan.id, bytes) as Promise<void>);
  }

  #keepWhole(editor: MaskEditor): void {
    const { scan } = this;
    if (scan === undefined) return;
    this.#editsKept = 0;
    const bytes = encodeMask(editor);
    this.#keep((worker) => worker.keepMask(scan.id, bytes) as Promise<void>);
  }

  /** Once all that was corrected is kept. */
  kept(): Promise<void> {
    return this.#keeping;
  }

  recount(): void {
    const { editor } = this.correction;
    this.labels.count((id) => editor?.countOf(id) ?? 0, this.scan?.voxelMl ?? null);
    this.maskRevision++;
  }

  labelsChanged(): void {
    const { shown } = this.labels;
    this.#viewer?.setLabels(this.isMaskHidden ? shown.map((label) => ({ ...label, opacity: 0 })) : shown);
  }

  toggleMask(): void {
    this.isMaskHidden = !this.isMaskHidden;
    this.labelsChanged();
  }

  toggleLock(id: number): void {
    const row = this.labels.rows.find((each) => each.id === id);
    if (row === undefined) return;
    row.isLocked = !row.isLocked;
    this.correction.setLocked(id, row.isLocked);
  }

  setWindow(window: Intensities): void {
    this.window = window;
    this.correction.setWindow(window);
    this.#viewer?.setWindow(window);
  }

  /** The label under the crosshair, and the value of the image. */
  get under(): { readonly label: string | undefined; readonly value: number } | undefined {
    const { shown, crosshair } = this;
    if (shown === undefined || crosshair === undefined) return undefined;
    void this.maskRevision;
    const [x, y, z] = crosshair.voxel;
    const at = x + shown.shape[0] * (y + shown.shape[1] * z);
    const id = this.mask?.[at];
    return { label: id === undefined ? undefined : this.labels.nameOf(id), value: shown.data[at] ?? 0 };
  }

  async save(kind: "nifti" | "dicom"): Promise<readonly SavedFile[]> {
    const { scan, mask } = this;
    if (scan === undefined || mask === undefined) return [];
    let files: readonly SavedFile[] = [];
    await this.#during({ kind: "saving" }, async () => {
      if (kind === "nifti") files = await this.ask((worker) => worker.saveNifti(scan.id, mask));
      else {
        const file = await this.ask((worker) => worker.saveDicomSeg(scan.id, mask));
        files = file === undefined ? [] : [file];
      }
    });
    return files;
  }

  /** Fine-tunes the model on scans with their masks. @returns undefined where it was cancelled, or failed */
  async learn(
    scans: readonly number[],
    steps: number,
    onReport: (report: LearnReport) => void,
  ): Promise<LearnOutcome | undefined> {
    let outcome: LearnOutcome | undefined;
    await this.#during({ kind: "learning" }, async () => {
      const { name, bytes } = this.#modelSource!;
      this.#putMaskAside();
      await this.#keeping;
      const cases = scans.map((scan) => ({ scan, mask: this.#masks.get(scan)?.mask }));
      const task = { model: { name, bytes }, cases, steps, seed: LEARN_SEED };
      outcome = (await this.ask((worker) => worker.learn(task, proxy(onReport)))) as LearnOutcome;
    });
    return outcome;
  }

  async steer(how: "pause" | "resume" | "finish" | "cancel"): Promise<void> {
    await this.ask((worker) => worker.steer(how) as Promise<void>);
  }

  /** As a crash of the worker would: for tests, and to end what cannot be stopped otherwise. */
  stopWorker(): void {
    this.#worker.stop();
  }
}

async function demoModel(): Promise<ModelSource> {
  const response = await fetch(DEMO_MODEL_URL);
  if (!response.ok) throw new Error(`Cannot fetch the demo model: the server answered ${response.status}`);
  return { name: TEXT.model.demo, bytes: new Uint8Array(await response.arrayBuffer()), isDemo: true };
}
