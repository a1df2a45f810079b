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
  dicomTimeOf,
  encodeMask,
  gzipInBrowser,
  IGNORE_LABEL,
  inflateInBrowser,
  learn,
  type OpenedScans,
  openModel,
  openScans,
  readMaskOn,
  reorientData,
  reorientGrid,
  type Scan,
  writeDicomSeg,
} from "../../../src/browser/index.ts";
import { loadCodecInBrowser } from "./codecs.ts";
import { demoScanFile } from "./demo-scan.ts";
import { packError } from "./failure.ts";
import { makeKeeper } from "./keeper.ts";
import { restoreMask } from "./kept-mask.ts";
import { LastRead } from "./last-read.ts";
import { maskKey } from "./mask-key.ts";
import type {
  AboutMask,
  LearnTask,
  NamedFile,
  OpenedFiles,
  Opening,
  ScanSummary,
  SegmentWorker,
  ShownMask,
} from "./protocol.ts";
import { fromShown, shownGrid, shownScan, toShown } from "./shown.ts";
import type { Store } from "./store.ts";
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
const keeper = makeKeeper();
const lastRead = new LastRead();
let model: BrowserModel | undefined;
let steering = { isPaused: false, isFinishing: false, abort: new AbortController() };
let stopping = new AbortController();

function scanAt(id: number): Held {
  const found = held[id];
  if (found === undefined) throw new Error(`internal: no scan ${id}`);
  return found;
}

function summaryOf(id: number, { scan, isSynthetic }: Held): ScanSummary {
  const { name, source, header, grid, warnings, voxelMl, isPlaced, hasSpacing } = scan;
  const { shape, spacingMm } = grid;
  return {
    id,
    name,
    source,
    format: header.format,
    shape,
    spacingMm,
    orientation: header.orientation,
    isPlaced,
    hasSpacing,
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

/** The openings of an earlier visit, their files as they were kept; one whose copies are gone is left out by name. */
async function keptOpenings(from: Store): Promise<readonly Opening[]> {
  const openings: Opening[] = [];
  for (const opening of from.index.openings) {
    if (opening.kind === "demo") openings.push(opening);
    else {
      const read = opening.files.map(async ({ name, stored }) => ({
        name,
        file: await from.readFile(stored, name),
      }));
      const files = (await Promise.all(read)).flatMap(({ name, file }) =>
        file === undefined ? [] : [{ name, file }],
      );
      openings.push({ kind: "files", files });
    }
  }
  return openings;
}

const keyOf = (id: number): string => maskKey(id, scanAt(id).scan);

/** The mask of an earlier visit, as the viewer has it. */
async function keptMask(id: number, voxels: number): Promise<ShownMask | undefined> {
  const from = await keeper.store();
  const kept = await from?.readMask(keyOf(id));
  if (from === undefined || kept?.about === undefined) return undefined;
  const restored = restoreMask(kept, voxels);
  if (restored === undefined) return undefined;
  await from.cutJournal(keyOf(id), restored.usedBytes);
  const { mask, revision, problem } = restored;
  return { ...(JSON.parse(kept.about) as AboutMask), mask, revision, problem };
}

/** Slices in which nothing was drawn become "no truth here". @param mask is changed */
function withoutEmptySlices(mask: Uint8Array, pixels: number): Uint8Array {
  for (let at = 0; at < mask.length; at += pixels) {
    const slice = mask.subarray(at, at + pixels);
    if (slice.every((id) => id === 0)) slice.fill(IGNORE_LABEL);
  }
  return mask;
}

/** A scan and its mask as the model sees slices. */
async function correctedCase(
  { scan: id, mask: given, isPartial }: LearnTask["cases"][number],
  { card }: BrowserModel,
): Promise<CorrectedCase> {
  const { scan } = scanAt(id);
  const { data } = await lastRead.volumeOf(scan);
  const shown = given ?? (await keptMask(id, data.length))?.mask;
  if (shown === undefined) throw new Error(`internal: no mask of scan ${id}`);
  const turn = scan.turnFor({ card });
  const { shape, spacingMm } = reorientGrid(scan.grid, turn);
  const [width, height, depth] = shape;
  const mask = reorientData(fromShown(scan, shown), scan.grid.shape, turn);
  return {
    name: `${id + 1} ${scan.name}`,
    patient: scan.patient,
    width,
    height,
    depth,
    spacingMm,
    hasSpacing: scan.hasSpacing,
    image: reorientData(data, scan.grid.shape, turn),
    mask: isPartial ? withoutEmptySlices(mask, width * height) : mask,
  };
}

const api: SegmentWorker = {
  async restore() {
    const from = await keeper.store();
    if (from === undefined) return undefined;
    const { openings: kept, current, model: name } = from.index;
    if (kept.length === 0 && name === null) return undefined;
    const openings = await keptOpenings(from);
    const scans: ScanSummary[] = [];
    const problems: OpenedFiles["problems"][number][] = [];
    // One after another: the numbers of scans follow from the order.
    for (const opening of openings) {
      const opened = await openOne(opening);
      scans.push(...opened.scans);
      problems.push(...opened.problems);
    }
    const bytes = name === null ? undefined : await from.readModel();
    return {
      openings,
      scans,
      problems,
      current,
      model: name === null || bytes === undefined ? null : { name, bytes },
    };
  },
  keepProblem: () => keeper.problem(),
  async open(opening, again) {
    const opened = await openOne(opening);
    // Large series take their time to be copied: they are shown meanwhile.
    if (!again && opened.scans.length > 0) void keeper.keep((store) => store.addOpening(opening));
    return opened;
  },
  async forget() {
    held.length = 0;
    lastRead.forget();
    await keeper.keep((store) => store.forget());
  },
  async show(id) {
    const { scan } = scanAt(id);
    const shown = shownScan(scan, await lastRead.volumeOf(scan));
    void keeper.keep((store) => store.setCurrent(id));
    const kept = await keptMask(id, shown.data.length);
    const buffers = [shown.data.buffer as ArrayBuffer];
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
    const cases = await Promise.all(task.cases.map((each) => correctedCase(each, model!)));
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
    const from = await keeper.store();
    if (from === undefined) return [];
    const found = await Promise.all(held.map((_, id) => from.hasMask(keyOf(id))));
    return held.flatMap((_, id) => (found[id] ? [id] : []));
  },
  keepMask: (id, bytes) => keeper.keep((store) => store.keepMask(keyOf(id), bytes)),
  keepEdit: (id, bytes) => keeper.keep((store) => store.keepEdit(keyOf(id), bytes)),
  keepAbout: (id, about) => keeper.keep((store) => store.keepAbout(keyOf(id), JSON.stringify(about))),
  async openModel({ name, bytes, isDemo }, { device, threads }) {
    const opened = await openModel(bytes, {
      name,
      device,
      files: FILES,
      ...(threads === undefined ? {} : { threads }),
    });
    await model?.dispose();
    model = opened;
    void keeper.keep((store) => store.setModel(isDemo ? null : { name, bytes }));
    const { card, backend } = opened;
    return { name, card, labels: card.labels, backend: backend.runtime.name, reasons: backend.reasons };
  },
  async segment(id, onProgress) {
    if (model === undefined) throw new Error("internal: no model was opened");
    const { scan } = scanAt(id);
    stopping = new AbortController();
    const started = performance.now();
    const { mask, warnings, passport } = await model.segmentScan(scan, await lastRead.volumeOf(scan), {
      onProgress: (done, total) => onProgress(done, total),
      signal: stopping.signal,
    });
    const seconds = (performance.now() - started) / 1000;
    const shown = toShown(scan, mask);
    const bytes = encodeMask({ mask: shown, shape: shownGrid(scan).shape, revision: 0 });
    const about: AboutMask = { labels: model.card.labels, passport, isByHand: false, isPartial: false };
    void keeper.keep(async (store) => {
      await store.keepAbout(keyOf(id), JSON.stringify(about));
      await store.keepMask(keyOf(id), bytes);
    });
    return transfer({ mask: shown, passport, warnings, seconds }, [shown.buffer as ArrayBuffer]);
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
      created: dicomTimeOf(new Date()),
    });
    return { name: `${scan.fileStem}.dcm`, bytes };
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
