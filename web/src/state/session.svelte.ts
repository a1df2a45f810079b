/** What the page knows: the scans, the one that is shown, the model, the mask, and what is being done. */
import { tick } from "svelte";
import type { CasePassport } from "../../../src/browser/index.ts";
import { demoModel, type ModelSource, threadsWanted } from "../demo.ts";
import { TEXT } from "../text.ts";
import type { Crosshair, Intensities, Viewer } from "../viewer/viewer.ts";
import { proxy, type RemoteWorker, WorkerStopped } from "../worker/client.ts";
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
  ShownScan,
} from "../worker/protocol.ts";
import { Autosave } from "./autosave.ts";
import { Correction } from "./correction.svelte.ts";
import { type HeldMask, relabel, sameLabels } from "./held-masks.ts";
import { LabelState } from "./labels.svelte.ts";
import { Learning } from "./learning.svelte.ts";
import { makeWorkerLink } from "./worker-link.ts";

export type Busy =
  | { readonly kind: "reading" | "model" | "starting" | "saving" | "learning" }
  | { readonly kind: "segmenting"; readonly done: number; readonly total: number };

export type Device = "auto" | "webgpu" | "wasm";

/** Equal corrections give an equal model. */
const LEARN_SEED = 1;

export class Session {
  readonly labels = new LabelState();
  readonly correction: Correction;
  readonly learning = new Learning(this);
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
  /** Scans that have a mask. */
  masked = $state.raw<ReadonlySet<number>>(new Set());
  hasMask = $state(false);
  isMaskHidden = $state(false);
  /** Why a reload would lose something; undefined where it would not. */
  keepProblem = $state<string | undefined>();
  device = $state<Device>("auto");
  /** Rises with each change of the mask. */
  maskRevision = $state(0);
  shown: ShownScan | undefined;
  mask: Uint8Array | undefined;

  readonly #link = makeWorkerLink((worker) => this.#refill(worker));
  readonly #autosave: Autosave;
  /** What is being done, and what waits for it. */
  #queue: Promise<void> = Promise.resolve();
  #openings: Opening[] = [];
  /** Masks of scans that are not shown just now. */
  readonly #masks = new Map<number, HeldMask>();
  /** Of the mask that is shown. */
  #isByHand = false;
  #isPartial = false;
  #modelSource: ModelSource | undefined;
  #threads = threadsWanted();
  #viewer: Viewer | undefined;
  #makeViewer: (() => Promise<Viewer>) | undefined;

  constructor() {
    this.#autosave = new Autosave({
      ask: (question) => this.#link.ask(question),
      isCurrent: (editor) => editor === this.correction.editor,
      onFailure: (error) => this.fail(error),
    });
    this.correction = new Correction({
      labels: this.labels,
      viewer: () => this.#viewer,
      onEdit: (editor, edit) => {
        const { scan } = this;
        if (scan === undefined) return;
        this.#nowByHand(scan.id);
        this.#autosave.edit(scan.id, editor, edit);
      },
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

  /** Whether tools may change the mask: while it is made anew, what they do would be lost. */
  get canEdit(): boolean {
    return (
      this.hasMask &&
      (this.busy === undefined || this.busy.kind === "learning" || this.busy.kind === "saving")
    );
  }

  /** Whether the mask that is shown holds somebody's work. */
  get isByHand(): boolean {
    void this.maskRevision;
    const aside = this.scan === undefined ? undefined : this.#masks.get(this.scan.id);
    return this.#isByHand || (!this.hasMask && aside?.isByHand === true);
  }

  fail(error: unknown): void {
    // The user's own wish is no failure. It comes from the worker as a plain error of that name.
    if (error instanceof Error && error.name === "AbortError") return;
    const isStopped = error instanceof WorkerStopped;
    if (isStopped) this.#autosave.tear();
    const failure = isStopped
      ? { message: TEXT.errors.worker, hint: TEXT.errors.workerHint }
      : unpackError(error);
    this.#tell(failure);
  }

  #tell(...failures: readonly Failure[]): void {
    const fresh = failures.filter(({ message }) => !this.failures.some((each) => each.message === message));
    this.failures = [...this.failures, ...fresh];
  }

  dismiss(failure: Failure): void {
    this.failures = this.failures.filter((each) => each !== failure);
  }

  /** Does one thing after another, and tells what went wrong. @returns whether it went well */
  #during(busy: Busy, work: () => Promise<void>): Promise<boolean> {
    const turn = async (): Promise<boolean> => {
      this.busy = busy;
      try {
        await work();
        return true;
      } catch (error) {
        this.fail(error);
        return false;
      } finally {
        this.busy = undefined;
        void this.#lookAfterKeeping();
      }
    };
    const done = this.#queue.then(turn);
    this.#queue = done.then(() => undefined);
    return done;
  }

  async #lookAfterKeeping(): Promise<void> {
    this.keepProblem = await this.#link.ask((worker) => worker.keepProblem()).catch(() => this.keepProblem);
  }

  /** What a worker that was started anew must hold. */
  async #refill(worker: RemoteWorker): Promise<void> {
    for (const opening of this.#openings) await worker.open(opening, true);
    if (this.#modelSource !== undefined) await this.#openInWorker(worker, this.#modelSource);
    this.#autosave.tear();
  }

  async #openInWorker(worker: RemoteWorker, source: ModelSource): Promise<ModelSummary> {
    return (await worker.openModel(source, { device: this.device, threads: this.#threads })) as ModelSummary;
  }

  /** Takes up what an earlier visit left. */
  async restore(): Promise<void> {
    let restored: RestoredSession | undefined;
    await this.#during({ kind: "reading" }, async () => {
      restored = (await this.#link.ask((worker) => worker.restore())) as RestoredSession | undefined;
      if (restored === undefined) return;
      this.#openings = [...restored.openings];
      this.scans = restored.scans;
      this.masked = new Set(await this.#link.ask((worker) => worker.keptMasks()));
      this.#tell(...restored.problems);
    });
    if (restored === undefined) return;
    const { model, current, scans } = restored;
    // A model that cannot be opened any more does not keep the scans from being shown.
    const opened = model !== null && (await this.#useSource({ ...model, isDemo: false }));
    if (!opened && scans.length > 0) await this.useDemoModel();
    const first = scans.find(({ id }) => id === current) ?? scans[0];
    if (first !== undefined) await this.show(first);
  }

  /** Closes all scans, and removes what was kept of them. */
  close(): Promise<boolean> {
    return this.#during({ kind: "reading" }, async () => {
      await this.#autosave.settled();
      await this.#link.ask((worker) => worker.forget());
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

  /** Whether closing would lose somebody's work. */
  get hasWork(): boolean {
    return this.isByHand || [...this.#masks.values()].some(({ isByHand }) => isByHand);
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
    // Asks the browser not to throw away what is kept; it may say no.
    void navigator.storage?.persist?.();
    await this.#during({ kind: "reading" }, async () => {
      const { scans, problems } = (await this.#link.ask((worker) =>
        worker.open(opening, false),
      )) as OpenedFiles;
      this.#tell(...problems);
      const [first] = scans;
      if (first === undefined) {
        if (problems.length === 0) this.#tell({ message: TEXT.open.nothing, hint: TEXT.open.nothingHint });
        return;
      }
      this.#openings.push(opening);
      this.scans = [...this.scans, ...scans];
      await this.#show(first);
    });
    if (this.scan !== undefined && this.model === undefined) await this.useDemoModel();
  }

  show(scan: ScanSummary): Promise<boolean> {
    return this.#during({ kind: "reading" }, () => this.#show(scan));
  }

  async #show(scan: ScanSummary): Promise<void> {
    // What was corrected last must be kept before it is read again.
    await this.#autosave.settled();
    const shown = (await this.#link.ask((worker) => worker.show(scan.id))) as ShownScan;
    this.#putMaskAside();
    this.scan = scan;
    this.shown = shown;
    this.#dropMask();
    await tick();
    const viewer = await this.#viewerNow();
    this.window = await viewer.showVolume({ name: scan.name, shape: shown.shape, nifti: shown.nifti });
    this.correction.setWindow(this.window);
    this.crosshair = viewer.crosshair();
    const held = this.#masks.get(scan.id);
    if (held !== undefined) this.#takeHeld(held);
    else if (shown.kept !== undefined) {
      this.#takeHeld({ ...shown.kept, passport: shown.kept.passport });
      if (shown.kept.problem !== undefined) this.#tell({ message: shown.kept.problem, hint: undefined });
    }
  }

  /** A mask of earlier, its labels brought to those of the model that is open. */
  #takeHeld(held: HeldMask): void {
    const labels = this.model?.labels ?? held.labels;
    const mask = relabel(held.mask, held.labels, labels);
    if (mask === undefined) {
      this.#tell({
        message: TEXT.errors.otherLabels(this.scan?.name ?? ""),
        hint: TEXT.errors.otherLabelsHint,
      });
      return;
    }
    if (this.model === undefined) this.labels.take(labels);
    const isSame = sameLabels(held.labels, labels);
    this.#takeMask({
      ...held,
      mask,
      revision: isSame ? held.revision : 0,
      passport: isSame ? held.passport : undefined,
    });
    if (!isSame) this.#keepWhole();
  }

  /** Of the scan that is shown: another one comes, or another model. */
  #putMaskAside(): void {
    const held = this.#heldNow();
    if (this.scan !== undefined && held !== undefined) this.#masks.set(this.scan.id, held);
  }

  #heldNow(): HeldMask | undefined {
    const { mask, passport, model } = this;
    const { editor } = this.correction;
    if (mask === undefined || editor === undefined || model === undefined) return undefined;
    const { revision } = editor;
    return {
      mask,
      revision,
      passport,
      labels: model.labels,
      isByHand: this.#isByHand,
      isPartial: this.#isPartial,
    };
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

  useDemoModel(): Promise<boolean> {
    return this.#during({ kind: "model" }, async () => this.#takeModel(await demoModel()));
  }

  async openModelFile(file: File): Promise<void> {
    await this.#useSource({
      name: file.name,
      bytes: new Uint8Array(await file.arrayBuffer()),
      isDemo: false,
    });
  }

  /** Takes a model that was made here. */
  useModel(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.#useSource({ name, bytes, isDemo: false });
  }

  #useSource(source: ModelSource): Promise<boolean> {
    return this.#during({ kind: "model" }, () => this.#takeModel(source));
  }

  /** Opens the model anew, on another device. */
  async useDevice(device: Device): Promise<void> {
    this.device = device;
    this.#threads = threadsWanted();
    if (this.#modelSource !== undefined) await this.#useSource(this.#modelSource);
  }

  async #openModel(source: ModelSource): Promise<ModelSummary> {
    const open = (): Promise<ModelSummary> => this.#link.ask((worker) => this.#openInWorker(worker, source));
    if (this.#threads !== undefined || !crossOriginIsolated) return open();
    try {
      return await open();
    } catch (error) {
      // Threads may be what failed, and ONNX Runtime starts once in a worker: another worker tries with one.
      this.#threads = 1;
      this.#link.stop();
      return open().catch(() => {
        this.#threads = undefined;
        throw error;
      });
    }
  }

  async #takeModel(source: ModelSource): Promise<void> {
    await this.#autosave.settled();
    const summary = await this.#openModel(source);
    this.#modelSource = source;
    this.#putMaskAside();
    const before = this.model?.labels;
    this.model = summary;
    this.labels.take(summary.labels);
    if (before !== undefined && !sameLabels(before, summary.labels)) this.#bringMasksOver();
    // What was said of the mask was said with the other model.
    this.passport = undefined;
    this.seconds = undefined;
    this.labelsChanged();
    this.recount();
  }

  /** The masks were made with other labels: by name where all of a mask are known, else they stay as they are. */
  #bringMasksOver(): void {
    const held = this.scan === undefined ? undefined : this.#masks.get(this.scan.id);
    this.#dropMask();
    if (held !== undefined) this.#takeHeld(held);
  }

  /** What goes wrong is shown. */
  async segment(): Promise<void> {
    const { scan } = this;
    if (scan === undefined || this.model === undefined) return;
    this.correction.pointerUp();
    await this.#during({ kind: "starting" }, async () => {
      await this.#autosave.settled();
      const onProgress = proxy((done: number, total: number) => {
        this.busy = { kind: "segmenting", done, total };
      });
      const { mask, passport, warnings, seconds } = await this.#link.ask((worker) =>
        worker.segment(scan.id, onProgress),
      );
      this.#takeMask({
        mask,
        revision: 0,
        passport,
        labels: this.model!.labels,
        isByHand: false,
        isPartial: false,
      });
      this.maskWarnings = warnings;
      this.seconds = seconds;
    });
  }

  async cancel(): Promise<void> {
    await this.#link.ask((worker) => worker.cancel() as Promise<void>);
  }

  /** A mask of nothing, to be drawn by hand. */
  startEmpty(): void {
    if (this.shown === undefined) return;
    this.#replaceMask(new Uint8Array(this.shown.data.length), true);
  }

  openMaskFile(file: File): Promise<boolean> {
    return this.#during({ kind: "reading" }, async () => {
      const { scan } = this;
      if (scan === undefined) return;
      const mask = await this.#link.ask((worker) => worker.openMask(scan.id, { name: file.name, file }));
      this.#replaceMask(mask as Uint8Array, false);
    });
  }

  /** A mask that the worker does not keep yet. */
  #replaceMask(mask: Uint8Array, isPartial: boolean): void {
    const labels = this.model?.labels ?? [];
    this.#takeMask({ mask, revision: 0, passport: undefined, labels, isByHand: !isPartial, isPartial });
    this.#keepWhole();
  }

  #takeMask({ mask, revision, passport, isByHand, isPartial }: HeldMask): void {
    const { shown, scan } = this;
    if (shown === undefined || scan === undefined) return;
    this.#masks.delete(scan.id);
    this.mask = mask;
    this.passport = passport;
    this.maskWarnings = [];
    this.seconds = undefined;
    this.#isByHand = isByHand || revision > 0;
    this.#isPartial = isPartial;
    this.hasMask = true;
    this.masked = new Set([...this.masked, scan.id]);
    this.#autosave.begin();
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
    this.#isByHand = false;
    this.#viewer?.showMask(undefined);
    this.correction.end();
  }

  /** The mask holds handwork from here on. */
  #nowByHand(scan: number): void {
    if (this.#isByHand) return;
    this.#isByHand = true;
    this.#keepAbout(scan);
  }

  #keepAbout(scan: number): void {
    const held = this.#heldNow();
    if (held === undefined) return;
    const { labels, passport, isByHand, isPartial } = held;
    const about = { labels, isByHand, isPartial, ...(passport === undefined ? {} : { passport }) };
    this.#link.ask((worker) => worker.keepAbout(scan, about)).catch((error) => this.fail(error));
  }

  #keepWhole(): void {
    const { editor } = this.correction;
    if (this.scan === undefined || editor === undefined) return;
    this.#keepAbout(this.scan.id);
    this.#autosave.whole(this.scan.id, editor);
  }

  /** Once all that was corrected is kept. */
  kept(): Promise<void> {
    return this.#autosave.settled();
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

  setWindow({ low, high }: Intensities): void {
    const window = { low: Math.min(low, high), high: Math.max(low, high) };
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
      if (kind === "nifti") files = await this.#link.ask((worker) => worker.saveNifti(scan.id, mask));
      else {
        const file = await this.#link.ask((worker) => worker.saveDicomSeg(scan.id, mask));
        files = file === undefined ? [] : [file];
      }
    });
    return files;
  }

  /** Fine-tunes the model on scans with their masks. @returns undefined where it was given up, or failed */
  async learn(
    scans: readonly number[],
    steps: number,
    onReport: (report: LearnReport) => void,
  ): Promise<LearnOutcome | undefined> {
    let outcome: LearnOutcome | undefined;
    await this.#during({ kind: "learning" }, async () => {
      const { name, bytes } = this.#modelSource!;
      this.correction.pointerUp();
      await this.#autosave.settled();
      const cases = scans.map((scan) => {
        const held = scan === this.scan?.id ? this.#heldNow() : this.#masks.get(scan);
        return { scan, mask: held?.mask, isPartial: held?.isPartial ?? false };
      });
      const task = { model: { name, bytes }, cases, steps, seed: LEARN_SEED };
      outcome = (await this.#link.ask((worker) => worker.learn(task, proxy(onReport)))) as LearnOutcome;
    });
    return outcome;
  }

  async steer(how: "pause" | "resume" | "finish" | "cancel"): Promise<void> {
    await this.#link.ask((worker) => worker.steer(how) as Promise<void>);
  }

  /** As a crash of the worker would: for tests, and to end what cannot be stopped otherwise. */
  stopWorker(): void {
    this.#link.stop();
    this.#autosave.tear();
  }
}
