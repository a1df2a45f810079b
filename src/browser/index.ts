/** The core in a browser: files that a user drops, ONNX Runtime by WebGPU or WebAssembly, nothing sent anywhere. */
export * from "../index.ts";
export {
  type Backend,
  type BackendChances,
  type BackendFiles,
  chooseBackend,
  findChances,
} from "./backend.ts";
export { gzipInBrowser, inflateInBrowser } from "./inflate.ts";
export { type BrowserModel, type FileSegmentation, type OpenModelOptions, openModel } from "./model.ts";
export {
  type BrowserDevice,
  type BrowserRuntimeOptions,
  makeBrowserRuntime,
  type RuntimeFiles,
} from "./runtime.ts";
export { blobSource } from "./source.ts";
