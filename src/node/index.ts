/** The core on Node: files, folders, ONNX Runtime, and the verbs of the command line as functions. */
export { writeFileAtomic } from "./atomic.ts";
export { type CaseCache, type CaseCacheStats, defaultCacheFolder, makeCaseCache } from "./case-cache.ts";
export { chooseRuntime, type DeviceState, tryDevice } from "./device.ts";
export { DEVICE_NAMES, type DeviceName } from "./device-names.ts";
export { loadDicomCodec } from "./dicom-codecs.ts";
export { DICOM_ON_NODE, type DicomFolder, findDicomFiles } from "./dicom-folder.ts";
export { openFile, readWholeFile, withImageFile } from "./files.ts";
export { openFolder } from "./folder.ts";
export { gzip, inflateGzip } from "./inflate.ts";
export { makeNodeRuntime, type NodeRuntimeOptions } from "./runtime.ts";
export type { ShardDone, ShardRequest } from "./shard-store.ts";
export { VERSION } from "./version.ts";
export { type CheckOptions, type CheckResult, checkData } from "./workflows/check.ts";
export { type ComparedRuns, type CompareRunsOptions, compareFolders } from "./workflows/compare.ts";
export { type ConfigSources, readTrainConfig } from "./workflows/config-file.ts";
export { type ConvertedData, type ConvertOptions, convertData } from "./workflows/convert.ts";
export { type DemoOptions, type DemoResult, runDemo } from "./workflows/demo.ts";
export { type EvaluateOptions, type Evaluation, evaluate } from "./workflows/evaluate.ts";
export {
  type DicomInfo,
  describeFile,
  type FileInfo,
  type ImageInfo,
  type ModelInfo,
} from "./workflows/info.ts";
export { type OpenedData, openData } from "./workflows/open-data.ts";
export { type WritePhantomOptions, type WrittenPhantom, writePhantom } from "./workflows/phantom.ts";
export {
  type PredictedMask,
  type PredictFailure,
  type Prediction,
  type PredictOptions,
  predictInputs,
} from "./workflows/predict.ts";
export {
  type JudgedPrecision,
  type Quantised,
  type QuantiseOptions,
  quantiseModel,
} from "./workflows/quantise.ts";
export { type ScoredMasks, type ScoreOptions, scoreMasks } from "./workflows/score.ts";
export { trainRun } from "./workflows/train.ts";
export type { TrainRunOptions, TrainSummary } from "./workflows/train-options.ts";
