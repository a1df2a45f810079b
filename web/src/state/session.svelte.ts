/** What the page knows: the scans, the one that is shown, the model, the mask, and what is being done. */
import { tick } from "svelte";
import type { CasePassport } from "../../../src/browser/index.ts";
import { DEMO_MODEL_URL } from "../demo.ts";
import { TEXT } from "../text.ts";
import type { Crosshair, Intensities, Viewer } from "../viewer/viewer.ts";
import { makeWorkerClient, proxy, type RemoteWorker, WorkerStopped } from "../worker/client.ts";
import { type Failure, unpackError } from "../worker/failure.ts";
import type {
  ModelSummary,
  NamedFile,
  Problem,
  SavedFile,
  ScanSummary,
  ShownScan,
} from "../worker/protocol.ts";
import { LabelState } from "./labels.svelte.ts";

export type Busy =
  | { readonly kind: "reading" | "model" | "starting" | "saving" }
  | { readonly kind: "segmenting"; readonly done: number; readonly total: number };

/** How files came: again in the same order where the worker must start anew. */
type Opening = { readonly kind: "demo" } | { readonly kind: "files"; readonly files: readonly NamedFile[] };

export type Device = "auto" | "webgpu" | "wasm";

export class Session {
  readonly labels = new LabelState();
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
  device = $state<Device>("auto");
  /** Rises with each change of the mask. */
  maskRevision = $state(0);
  shown: ShownScan | undefined;
  mask: Uint8Array | undefined;

  #worker = makeWorkerClient();
  #generation = 0;
  /** What is being done, and what waits for it. */
  #queue: Promise<void> = Promise.resolve();
  #openings: Opening[] = [];
  #modelSource: { readonly name: string; readonly bytes: Uint8Array } | undefined;
  #viewer: Viewer | undefined;
  #makeViewer: (() => Promise<Viewer>) | undefined;

  /** Called once the page has a canvas; the viewer itself is loaded when there is something to show. */
  lendViewer(make: () => Promise<Viewer>): void {
    this.#makeViewer = make;
  }

  get viewer(): Viewer | undefined {
    return this.#viewer;
  }

  fail(error: unknown): void {
    if (error instanceof WorkerStopped) {
      this.failures = [...this.failures, { message: TEXT.errors.worker, hint: TEXT.errors.workerHint }];
      return;
    }
    this.failures = [...this.failures, unpackError(error)];
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

  /** A worker that was started anew is given again what the last one held. */
  async #ask<T>(question: (worker: RemoteWorker) => Promise<T>): Promise<T> {
    return this.#worker.ask<T>(async (worker) => {
      if (this.#worker.generation !== this.#generation) {
        this.#generation = this.#worker.generation;
        for (const opening of this.#openings) {
          if (opening.kind === "demo") await worker.openDemoScan();
          else await worker.openFiles(opening.files);
        }
        if (this.#modelSource !== undefined) await this.#openInWorker(worker);
      }
      return question(worker);
    });
  }

  async #openInWorker(worker: RemoteWorker): Promise<ModelSummary> {
    const { name, bytes } = this.#modelSource!;
    const options = { device: this.device, threads: undefined };
    return (await worker.openModel(name, bytes, options)) as ModelSummary;
  }

  async openFiles(files: readonly NamedFile[]): Promise<void> {
    const models = files.filter(({ name }) => /\.onnx$/i.test(name));
    const others = files.filter(({ name }) => !/\.onnx$/i.test(name));
    const [model] = models;
    if (model !== undefined) await this.openModelFile(model.file);
    if (others.length > 0) await this.#open({ kind: "files", files: others });
  }

  openDemo(): Promise<void> {
    return this.#open({ kind: "demo" });
  }

  async #open(opening: Opening): Promise<void> {
    await this.#during({ kind: "reading" }, async () => {
      const { scans, problems } = await this.#ask(
        async (worker) =>
          (opening.kind === "demo" ? worker.openDemoScan() : worker.openFiles(opening.files)) as Promise<{
            scans: ScanSummary[];
            problems: Problem[];
          }>,
      );
      this.#openings.push(opening);
      for (const problem of problems) this.failures = [...this.failures, problem];
      const [first] = scans;
      if (first === undefined) {
        if (problems.length === 0) {
          this.failures = [...this.failures, { message: TEXT.open.nothing, hint: TEXT.open.nothingHint }];
        }
        return;
      }
      this.scans = [...this.scans, ...scans];
      await this.#show(first);
    });
    if (this.scan !== undefined && this.model === undefined) await this.useDemoModel();
  }

  show(scan: ScanSummary): Promise<void> {
    return this.#during({ kind: "reading" }, () => this.#show(scan));
  }

  async #show(scan: ScanSummary): Promise<void> {
    const shown = (await this.#ask((worker) => worker.show(scan.id) as Promise<ShownScan>)) as ShownScan;
    this.scan = scan;
    this.shown = shown;
    this.#dropMask();
    await tick();
    const viewer = await this.#viewerNow();
    this.window = await viewer.showVolume({ name: scan.name, shape: shown.shape, nifti: shown.nifti });
    this.crosshair = viewer.crosshair();
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

  async useDemoModel(): Promise<void> {
    await this.#during({ kind: "model" }, async () => {
      const response = await fetch(DEMO_MODEL_URL);
      if (!response.ok)
        throw new Error(`Cannot fetch the demo model: the server answered ${response.status}`);
      await this.#takeModel(TEXT.model.demo, new Uint8Array(await response.arrayBuffer()));
    });
  }

  async openModelFile(file: File): Promise<void> {
    await this.#during({ kind: "model" }, async () => {
      await this.#takeModel(file.name, new Uint8Array(await file.arrayBuffer()));
    });
  }

  /** Opens the model anew, on another device. */
  async useDevice(device: Device): Promise<void> {
    this.device = device;
    const source = this.#modelSource;
    if (source === undefined) return;
    await this.#during({ kind: "model" }, () => this.#takeModel(source.name, source.bytes));
  }

  async #takeModel(name: string, bytes: Uint8Array): Promise<void> {
    const before = this.#modelSource;
    this.#modelSource = { name, bytes };
    try {
      const summary = await this.#ask((worker) => this.#openInWorker(worker));
      this.model = summary;
      this.labels.take(summary.labels);
      this.#viewer?.setLabels(this.labels.shown);
      this.recount();
    } catch (error) {
      this.#modelSource = before;
      throw error;
    }
  }

  get modelBytes(): Uint8Array | undefined {
    return this.#modelSource?.bytes;
  }

  async segment(): Promise<void> {
    const { scan } = this;
    if (scan === undefined || this.model === undefined) return;
    await this.#during({ kind: "starting" }, async () => {
      const onProgress = proxy((done: number, total: number) => {
        this.busy = { kind: "segmenting", done, total };
      });
      const result = await this.#ask((worker) => worker.segment(scan.id, onProgress));
      this.passport = result.passport;
      this.maskWarnings = result.warnings;
      this.seconds = result.seconds;
      this.takeMask(result.mask);
    });
  }

  async cancel(): Promise<void> {
    await this.#ask((worker) => worker.cancel() as Promise<void>);
  }

  takeMask(mask: Uint8Array): void {
    this.mask = mask;
    this.hasMask = true;
    this.#viewer?.showMask(mask);
    this.#viewer?.setLabels(this.labels.shown);
    this.recount();
  }

  #dropMask(): void {
    this.mask = undefined;
    this.hasMask = false;
    this.passport = undefined;
    this.maskWarnings = [];
    this.seconds = undefined;
    this.recount();
  }

  recount(): void {
    const counts = new Float64Array(256);
    for (const id of this.mask ?? []) counts[id]!++;
    this.labels.count((id) => counts[id]!, this.scan?.voxelMl ?? null);
    this.maskRevision++;
  }

  labelsChanged(): void {
    this.#viewer?.setLabels(this.labels.shown);
  }

  setWindow(window: Intensities): void {
    this.window = window;
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
      if (kind === "nifti") files = await this.#ask((worker) => worker.saveNifti(scan.id, mask));
      else {
        const file = await this.#ask((worker) => worker.saveDicomSeg(scan.id, mask));
        files = file === undefined ? [] : [file];
      }
    });
    return files;
  }

  /** As a crash of the worker would: for tests, and to end what cannot be stopped otherwise. */
  stopWorker(): void {
    this.#worker.stop();
  }
}
