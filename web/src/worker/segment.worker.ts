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
  countVolumes,
  gzipInBrowser,
  inflateInBrowser,
  type OpenedScans,
  openModel,
  openScans,
  type Scan,
  writeDicomSeg,
} from "../../../src/browser/index.ts";
import { loadCodecInBrowser } from "./codecs.ts";
import { demoScanFile } from "./demo-scan.ts";
import { packError } from "./failure.ts";
import type { NamedFile, OpenedFiles, ScanSummary, SegmentWorker } from "./protocol.ts";
import { fromShown, shownScan, toShown } from "./shown.ts";
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
let model: BrowserModel | undefined;
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
  openFiles: (files) => openAll(files, false),
  async openDemoScan() {
    return openAll([demoScanFile()], true);
  },
  async show(id) {
    const { scan } = scanAt(id);
    const shown = shownScan(scan, await scan.load());
    return transfer(shown, [shown.nifti, shown.data.buffer as ArrayBuffer]);
  },
  async openModel(name, bytes, { device, threads }) {
    const opened = await openModel(bytes, {
      name,
      device,
      files: FILES,
      ...(threads === undefined ? {} : { threads }),
    });
    await model?.dispose();
    model = opened;
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
