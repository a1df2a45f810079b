/** What the page knows: the scans, the one that is shown, the model, the mask, and what is being done. */
import { tick } from "svelte";
import { demoModel, type ModelSource, threadsWanted } from "../demo.ts";
import { TEXT } from "../text.ts";
import { nextTask } from "../turns.ts";
import { makeWorkerClient, proxy, type RemoteWorker, WorkerStopped } from "../worker/client.ts";
import { isUsersWish } from "../worker/failure.ts";
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
import type { Correction } from "./correction.svelte.ts";
import { Failures } from "./failures.svelte.ts";
import { sameLabels } from "./held-masks.ts";
import { LabelState } from "./labels.svelte.ts";
import { Learning } from "./learning.svelte.ts";
import { MaskDesk } from "./mask-desk.svelte.ts";
import { openWithThreads } from "./open-with-threads.ts";
import { type Busy, Tasks } from "./tasks.svelte.ts";
import { View } from "./view.svelte.ts";

export type Device = "auto" | "webgpu" | "wasm";

/** Equal corrections give an equal model. */
const LEARN_SEED = 1;

export class Session {
  readonly labels = new LabelState();
  readonly failures = new Failures();
  readonly learning = new Learning(this);
  readonly view = new View();
  readonly masks: MaskDesk;
  scans = $state.raw<readonly ScanSummary[]>([]);
  scan = $state.raw<ScanSummary | undefined>();
  model = $state.raw<ModelSummary | undefined>();
  /** Why a reload would lose something; undefined where it would not. */
  keepProblem = $state<string | undefined>();
  device = $state<Device>("auto");
  shown: ShownScan | undefined;

  /** Of the last segmentation that was asked for. */
  #stopping = new AbortController();
  readonly #link = makeWorkerClient((worker) => this.#refill(worker));
  readonly #tasks = new Tasks(
    (error) => this.#fail(error),
    () => void this.#lookAfterKeeping(),
  );
  #openings: Opening[] = [];
  #modelSource: ModelSource | undefined;
  #threads = threadsWanted();

  constructor() {
    this.masks = new MaskDesk({
      labels: this.labels,
      viewer: () => this.view.viewer,
      window: () => this.view.window,
      scan: () => this.scan,
      shown: () => this.shown,
      modelLabels: () => this.model?.labels,
      ask: (question) => this.#link.ask(question),
      fail: (error) => this.#fail(error),
      tell: (failure) => this.failures.tell(failure),
    });
  }

  get busy(): Busy | undefined {
    return this.#tasks.busy;
  }
  get correction(): Correction {
    return this.masks.correction;
  }

  /** Whether tools may change the mask: while it is made anew, what they do would be lost. */
  get canEdit(): boolean {
    return (
      this.masks.hasMask &&
      (this.busy === undefined || this.busy.kind === "learning" || this.busy.kind === "saving")
    );
  }

  #fail(error: unknown): void {
    // Whatever was on its way to a worker that ended may be missing.
    if (error instanceof WorkerStopped) this.masks.autosave.tear();
    this.failures.take(error);
  }

  async #lookAfterKeeping(): Promise<void> {
    this.keepProblem = await this.#link.ask((worker) => worker.keepProblem()).catch(() => this.keepProblem);
  }

  /** What a worker that was started anew must hold. */
  async #refill(worker: RemoteWorker): Promise<void> {
    for (const opening of this.#openings) await worker.open(opening, true);
    if (this.#modelSource !== undefined) await this.#openInWorker(worker, this.#modelSource);
    this.masks.autosave.tear();
  }

  async #openInWorker(worker: RemoteWorker, source: ModelSource): Promise<ModelSummary> {
    return (await worker.openModel(source, { device: this.device, threads: this.#threads })) as ModelSummary;
  }

  /** Takes up what an earlier visit left. */
  async restore(): Promise<void> {
    let restored: RestoredSession | undefined;
    await this.#tasks.run({ kind: "reading" }, async () => {
      // The page is drawn first.
      await nextTask();
      restored = (await this.#link.ask((worker) => worker.restore())) as RestoredSession | undefined;
      if (restored === undefined) return;
      this.#openings = [...restored.openings];
      this.scans = restored.scans;
      this.masks.masked = new Set(await this.#link.ask((worker) => worker.keptMasks()));
      this.failures.tell(...restored.problems);
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
    return this.#tasks.run({ kind: "reading" }, async () => {
      await this.masks.autosave.settled();
      await this.#link.ask((worker) => worker.forget());
      this.#openings = [];
      this.masks.forget();
      this.learning.forget();
      this.scans = [];
      this.scan = undefined;
      this.shown = undefined;
    });
  }

  async openFiles(files: readonly NamedFile[]): Promise<void> {
    // What an earlier attempt said is over.
    this.failures.list = [];
    const [model] = files.filter(({ name }) => /\.onnx$/i.test(name));
    const others = files.filter(({ name }) => !/\.onnx$/i.test(name));
    if (model !== undefined) await this.openModelFile(model.file);
    if (others.length > 0) await this.#open({ kind: "files", files: others });
  }

  openDemo(): Promise<void> {
    this.failures.list = [];
    return this.#open({ kind: "demo" });
  }

  async #open(opening: Opening): Promise<void> {
    // Asks the browser not to throw away what is kept; it may say no.
    void navigator.storage?.persist?.();
    await this.#tasks.run({ kind: "reading" }, async () => {
      const { scans, problems } = (await this.#link.ask((worker) =>
        worker.open(opening, false),
      )) as OpenedFiles;
      this.failures.tell(...problems);
      const [first] = scans;
      if (first === undefined) {
        if (problems.length === 0)
          this.failures.tell({ message: TEXT.open.nothing, hint: TEXT.open.nothingHint });
        return;
      }
      this.#openings.push(opening);
      this.scans = [...this.scans, ...scans];
      await this.#show(first);
    });
    if (this.scan !== undefined && this.model === undefined) await this.useDemoModel();
  }

  show(scan: ScanSummary): Promise<boolean> {
    return this.#tasks.run({ kind: "reading" }, () => this.#show(scan));
  }

  async #show(scan: ScanSummary): Promise<void> {
    // What was corrected last must be kept before it is read again.
    await this.masks.autosave.settled();
    const shown = (await this.#link.ask((worker) => worker.show(scan.id))) as ShownScan;
    this.masks.putAside();
    this.scan = scan;
    this.shown = shown;
    this.masks.drop();
    await tick();
    await this.view.show(scan, shown);
    this.masks.takeUp(shown.kept);
    if (shown.kept?.problem !== undefined)
      this.failures.tell({ message: shown.kept.problem, hint: undefined });
  }

  useDemoModel(): Promise<boolean> {
    return this.#tasks.run({ kind: "model" }, async () => this.#takeModel(await demoModel()));
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
    return this.#tasks.run({ kind: "model" }, () => this.#takeModel(source));
  }

  /** Opens the model anew, on another device. */
  async useDevice(device: Device): Promise<void> {
    this.device = device;
    this.#threads = threadsWanted();
    if (this.#modelSource !== undefined) await this.#useSource(this.#modelSource);
  }

  #openModel(source: ModelSource): Promise<ModelSummary> {
    return openWithThreads(this.#threads, {
      open: (threads) => {
        this.#threads = threads;
        return this.#link.ask((worker) => this.#openInWorker(worker, source));
      },
      restart: () => this.#link.stop(),
    }).catch((error) => {
      this.#threads = threadsWanted();
      throw error;
    });
  }

  async #takeModel(source: ModelSource): Promise<void> {
    await this.masks.autosave.settled();
    const summary = await this.#openModel(source);
    this.#modelSource = source;
    const before = this.model?.labels;
    const isOther = before !== undefined && !sameLabels(before, summary.labels);
    // With the labels that it was made with.
    if (isOther) this.masks.putAside();
    this.model = summary;
    this.labels.take(summary.labels);
    if (isOther) {
      this.masks.drop();
      this.masks.takeUp(undefined);
    }
    // What was said of the mask was said with the other model.
    this.masks.passport = undefined;
    this.masks.lastRun = undefined;
    this.masks.labelsChanged();
    this.masks.recount();
  }

  /** What goes wrong is shown. */
  async segment(): Promise<void> {
    const { scan } = this;
    if (scan === undefined || this.model === undefined) return;
    this.correction.pointerUp();
    if (this.masks.lastRun === "stopped") this.masks.lastRun = undefined;
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    await this.#tasks.run({ kind: "starting" }, async () => {
      await this.masks.autosave.settled();
      let isRunning = true;
      const onProgress = proxy((done: number, total: number) => {
        // A message on its way may come after the mask.
        if (isRunning) this.#tasks.busy = { kind: "segmenting", done, total };
      });
      const { mask, passport, warnings, seconds } = await this.#link
        .ask((worker) => {
          // Of a segmentation that has not begun the worker cannot be told that it is unwanted.
          signal.throwIfAborted();
          return worker.segment(scan.id, onProgress);
        })
        .catch((error) => {
          if (isUsersWish(error)) this.masks.lastRun = "stopped";
          throw error;
        })
        .finally(() => {
          isRunning = false;
        });
      const { labels } = this.model!;
      this.masks.take({ mask, revision: 0, passport, labels, isByHand: false, isPartial: false });
      this.masks.warnings = warnings;
      this.masks.lastRun = { seconds };
    });
  }

  /** Ends a segmentation before its time; one that is done already stays. */
  cancel(): Promise<void> {
    this.#stopping.abort();
    return this.#link.ask((worker) => worker.cancel() as Promise<void>);
  }

  /** A mask of nothing, to be drawn by hand. */
  startEmpty(): void {
    if (this.shown === undefined) return;
    this.masks.replace(new Uint8Array(this.shown.data.length), true);
  }

  openMaskFile(file: File): Promise<boolean> {
    return this.#tasks.run({ kind: "reading" }, async () => {
      const { scan } = this;
      if (scan === undefined) return;
      const mask = await this.#link.ask((worker) => worker.openMask(scan.id, { name: file.name, file }));
      this.masks.replace(mask as Uint8Array, false);
    });
  }

  /** Once all that was corrected is kept. */
  kept = (): Promise<void> => this.masks.autosave.settled();

  async save(kind: "nifti" | "dicom"): Promise<readonly SavedFile[]> {
    const { scan } = this;
    const { mask } = this.masks;
    if (scan === undefined || mask === undefined) return [];
    let files: readonly SavedFile[] = [];
    await this.#tasks.run({ kind: "saving" }, async () => {
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
    await this.#tasks.run({ kind: "learning" }, async () => {
      const { name, bytes } = this.#modelSource!;
      this.correction.pointerUp();
      await this.masks.autosave.settled();
      const cases = scans.map((scan) => {
        const held = this.masks.of(scan);
        return { scan, mask: held?.mask, isPartial: held?.isPartial ?? false };
      });
      const task = { model: { name, bytes }, cases, steps, seed: LEARN_SEED };
      outcome = (await this.#link.ask((worker) => worker.learn(task, proxy(onReport)))) as LearnOutcome;
    });
    return outcome;
  }

  steer(how: "pause" | "resume" | "finish" | "cancel"): Promise<void> {
    return this.#link.ask((worker) => worker.steer(how) as Promise<void>);
  }

  /** As a crash of the worker would: for tests, and to end what cannot be stopped otherwise. */
  stopWorker(): void {
    this.#link.stop();
    this.masks.autosave.tear();
  }
}
