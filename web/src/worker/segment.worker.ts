/** The worker: opens files, runs the model, writes masks. It holds the scans; the page holds what is shown. */
import { expose, transfer } from "comlink";
import webgpuMjs from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import webgpuBinary from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import wasmMjs from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasmBinary from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import {
  type BackendFiles,
  type BrowserModel,
  blobSource,
  type CorrectedCase,
  countVolumes,
  encodeMask,
  gzipInBrowser,
  inflateInBrowser,
  learn,
  type OpenedScans,
  openModel,
  openScans,
  patientOf,
  readMaskOn,
  reorientData,
  reorientGrid,
  type Scan,
  writeDicomSeg,
} from "../../../src/browser/index.ts";
import { loadCodecInBrowser } from "./codecs.ts";
import { demoScanFile } from "./demo-scan.ts";
import { packError } from "./failure.ts";
import { restoreMask } from "./kept-mask.ts";
import type { NamedFile, OpenedFiles, Opening, ScanSummary, SegmentWorker, ShownMask } from "./protocol.ts";
import { fromShown, shownGrid, shownScan, toShown } from "./shown.ts";
import { openStore, type Store } from "./store.ts";
import { VERSION } from "./version.ts";

const absolute = (url: string): string => new URL(url, import.meta.url).href;
const FILES: BackendFiles = {
  wasm: { mjs: absolute(wasmMjs), wasm: absolute(wasmBinary) },
  webgpu: { mjs: absolute(webgpuMjs), wasm: absolute(webgpuBinary) },
};

interface Held {
  readonly scan: Scan;
  readonly series: OpenedScans["seriesOf"] extends ReadonlyMap<Scan, infer S> ? S | undefined : never;
  readonly isSynthetic: boolean;
}

const held: Held[] = [];
const store: Promise<Store | undefined> = openStore().catch(() => undefined);
let model: BrowserModel | undefined;
let steering = { isPaused: false, isFinishing: false, abort: new AbortController() };
let stopping = new AbortController();

function scanAt(id: number): Held {
  const found = held[id];
  if (found === undefined) throw new Error(`internal: no scan ${id}`);
  return found;
}

function summaryOf(id: number, { scan, isSynthetic }: Held): ScanSummary {
  const { name, source, header, grid, warnings, voxelMl } = scan;
  const { shape, spacingMm } = grid;
  return {
    id,
    name,
    source,
    format: header.format,
    shape,
    spacingMm,
    orientation: header.orientation,
    isSynthetic,
    voxelMl,
    warnings,
  };
}

async function openAll(files: readonly NamedFile[], isSynthetic: boolean): Promise<OpenedFiles> {
  const dropped = files.map(({ name, file }) => ({ name, source: blobSource(file) }));
  const { scans, seriesOf, problems } = await openScans(dropped, {
    inflate: inflateInBrowser,
    loadCodec: loadCodecInBrowser,
  });
  const summaries = scans.map((scan) => {
    const own: Held = { scan, series: seriesOf.get(scan), isSynthetic };
    held.push(own);
    return summaryOf(held.length - 1, own);
  });
  return {
    scans: summaries,
    problems: problems.map(({ name, error }) => ({ name, message: error.message, hint: error.hint })),
  };
}

const openOne = (opening: Opening): Promise<OpenedFiles> =>
  opening.kind === "demo" ? openAll([demoScanFile()], true) : openAll(opening.files, false);

/** The openings of an earlier visit, their files as they were kept. */
async function keptOpenings(from: Store): Promise<readonly Opening[]> {
  return Promise.all(
    from.index.openings.map(async (opening): Promise<Opening> => {
      if (opening.kind === "demo") return opening;
      const files = opening.files.map(async ({ name, stored }) => ({
        name,
        file: await from.readFile(stored, name),
      }));
      return { kind: "files", files: await Promise.all(files) };
    }),
  );
}

/** The mask of an earlier visit, as the viewer has it. */
async function keptMask(id: number, voxels: number): Promise<ShownMask | undefined> {
  const from = await store;
  const kept = await from?.readMask(id);
  if (from === undefined || kept === undefined) return undefined;
  const restored = restoreMask(kept, voxels);
  if (restored === undefined) return undefined;
  await from.cutJournal(id, restored.usedBytes);
  const { mask, revision, problem } = restored;
  return { mask, revision, passport: kept.passport, problem };
}

/** A scan and its mask as the model sees slices. */
async function correctedCase(
  id: number,
  given: Uint8Array | undefined,
  { card }: BrowserModel,
): Promise<CorrectedCase> {
  const { scan } = scanAt(id);
  const { data } = await scan.load();
  const shown = given ?? (await keptMask(id, data.length))?.mask;
  if (shown === undefined) throw new Error(`internal: no mask of scan ${id}`);
  const turn = scan.turnFor({ card });
  const { shape, spacingMm } = reorientGrid(scan.grid, turn);
  const [width, height, depth] = shape;
  return {
    name: `${id + 1} ${scan.name}`,
    // Names of weekly scans tell the patient; other names are each a patient of their own.
    patient: patientOf(scan.name),
    width,
    height,
    depth,
    spacingMm,
    hasSpacing: scan.voxelMl !== null,
    image: reorientData(data, scan.grid.shape, turn),
    mask: reorientData(fromShown(scan, shown), scan.grid.shape, turn),
  };
}

/** Local time as DICOM writes it. */
function dicomNow(): { readonly date: string; readonly time: string } {
  const now = new Date();
  const two = (value: number): string => String(value).padStart(2, "0");
  return {
    date: `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`,
    time: `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`,
  };
}

const api: SegmentWorker = {
  async restore() {
    const from = await store;
    if (from === undefined || from.index.openings.length === 0) return undefined;
    const openings = await keptOpenings(from);
    const opened = await Promise.all(openings.map(openOne));
    const { current, model: kept } = from.index;
    const bytes = kept === null ? undefined : await from.readFile(kept.stored, kept.name);
    return {
      openings,
      scans: opened.flatMap(({ scans }) => scans),
      problems: opened.flatMap(({ problems }) => problems),
      current,
      model:
        kept === null || bytes === undefined
          ? null
          : { name: kept.name, bytes: new Uint8Array(await bytes.arrayBuffer()) },
    };
  },
  async isKeeping() {
    return (await store) !== undefined;
  },
  async open(opening, again) {
    const opened = await openOne(opening);
    if (!again && opened.scans.length > 0) await (await store)?.addOpening(opening);
    return opened;
  },
  async forget() {
    held.length = 0;
    await (await store)?.forget();
  },
  async show(id) {
    const { scan } = scanAt(id);
    const shown = shownScan(scan, await scan.load());
    await (await store)?.setCurrent(id);
    const kept = await keptMask(id, shown.data.length);
    const buffers = [shown.nifti, shown.data.buffer as ArrayBuffer];
    if (kept !== undefined) buffers.push(kept.mask.buffer as ArrayBuffer);
    return transfer({ ...shown, kept }, buffers);
  },
  async openMask(id, { name, file }) {
    const { scan } = scanAt(id);
    const mask = toShown(
      scan,
      await readMaskOn(scan, { name, source: blobSource(file) }, { inflate: inflateInBrowser }),
    );
    return transfer(mask, [mask.buffer as ArrayBuffer]);
  },
  async learn(task, watcher) {
    if (model === undefined) throw new Error("internal: no model was opened");
    steering = { isPaused: false, isFinishing: false, abort: new AbortController() };
    const own = steering;
    const started = performance.now();
    const { runtime } = model.backend;
    const cases = await Promise.all(task.cases.map(({ scan, mask }) => correctedCase(scan, mask, model!)));
    const result = await learn({
      runtime,
      model: task.model,
      cases,
      options: { seed: task.seed, steps: task.steps },
      watcher: {
        onStep: (report) => watcher({ kind: "step", ...report }),
        onEpoch: (report) => watcher({ kind: "epoch", ...report }),
        isPaused: () => own.isPaused,
        isStopping: () => own.isFinishing,
        signal: own.abort.signal,
      },
    });
    const { isBetter, verdict, before, after, bytes, heldOut, notLearnt, learntFrom, steps } = result;
    const seconds = (performance.now() - started) / 1000;
    return { isBetter, verdict, before, after, bytes, heldOut, notLearnt, learntFrom, steps, seconds };
  },
  steer(how) {
    if (how === "cancel") steering.abort.abort();
    else if (how === "finish") steering.isFinishing = true;
    else steering.isPaused = how === "pause";
  },
  async keptMasks() {
    const from = await store;
    return from === undefined ? [] : from.keptMasks(held.length);
  },
  async keepMask(id, bytes) {
    await (await store)?.keepMask(id, bytes);
  },
  async keepEdit(id, bytes) {
    await (await store)?.keepEdit(id, bytes);
  },
  async openModel({ name, bytes, isDemo }, { device, threads }) {
    const opened = await openModel(bytes, {
      name,
      device,
      files: FILES,
      ...(threads === undefined ? {} : { threads }),
    });
    await model?.dispose();
    model = opened;
    await (await store)?.setModel(isDemo ? null : { name, bytes });
    const { card, backend } = opened;
    return { name, card, labels: card.labels, backend: backend.runtime.name, reasons: backend.reasons };
  },
  async segment(id, onProgress) {
    if (model === undefined) throw new Error("internal: no model was opened");
    const { scan } = scanAt(id);
    stopping = new AbortController();
    const started = performance.now();
    const { mask, warnings, passport } = await model.segmentScan(scan, await scan.load(), {
      onProgress: (done, total) => onProgress(done, total),
      signal: stopping.signal,
    });
    const volumes = countVolumes(mask, model.card.labels, scan.voxelMl);
    const seconds = (performance.now() - started) / 1000;
    const shown = toShown(scan, mask);
    const { shape } = shownGrid(scan);
    const keeping = await store;
    await keeping?.keepMask(id, encodeMask({ mask: shown, shape, revision: 0 }));
    await keeping?.keepPassport(id, passport);
    return transfer({ mask: shown, volumes, passport, warnings, seconds }, [shown.buffer as ArrayBuffer]);
  },
  cancel() {
    stopping.abort();
  },
  async saveNifti(id, mask) {
    const { scan } = scanAt(id);
    return scan
      .masks(fromShown(scan, mask))
      .map(({ name, bytes }) => ({ name: `${name}.gz`, bytes: gzipInBrowser(bytes) }));
  },
  async saveDicomSeg(id, mask) {
    const { scan, series } = scanAt(id);
    if (series === undefined || model === undefined) return undefined;
    const bytes = await writeDicomSeg(series, {
      mask: fromShown(scan, mask),
      labels: model.card.labels,
      algorithm: { name: "hipmri-unet", version: VERSION },
      created: dicomNow(),
    });
    return { name: `${scan.name}.dcm`, bytes };
  },
};

/** Every failure as one that comlink can carry whole. */
function carried<T extends object>(methods: T): T {
  const wrapped = Object.entries(methods).map(([name, method]) => [
    name,
    async (...args: readonly unknown[]) => {
      try {
        return await (method as (...args: readonly unknown[]) => unknown)(...args);
      } catch (error) {
        throw packError(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}

expose(carried(api));
