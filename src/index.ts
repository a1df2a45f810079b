/**
 * The core: pure TypeScript without Node or a browser. Reading and writing images, data sets, graphs and their
 * gradients, the U-Net, training configurations, inference and metrics. What executes a model is lent by `./node`.
 */
export { countVolumes, type LabelVolumeMl } from "./apply/image-facts.ts";
export { type DroppedFile, type OpenedScans, openScans } from "./apply/open-scans.ts";
export { readMaskOn } from "./apply/read-mask.ts";
export {
  type JudgedMask,
  type MaskFile,
  type Scan,
  type ScanProblem,
  type Segmented,
  segmentScan,
} from "./apply/scan.ts";
export { gradient } from "./autodiff/gradient.ts";
export {
  type ByteSource,
  type Inflate,
  InflateLimitError,
  type InflateOptions,
  makeByteSource,
} from "./core/bytes.ts";
export { HipError, type HipErrorCode } from "./core/errors.ts";
export { IGNORE_LABEL } from "./core/labels.ts";
export { makeRandom, type Random } from "./core/random.ts";
export { type DecodeContext, decodeCase } from "./dataset/decode.ts";
export { checkDataset, type DoctorOptions } from "./dataset/doctor/check.ts";
export { fastCheck } from "./dataset/doctor/fast-check.ts";
export type { DoctorFinding, DoctorReport, FindingCode, Severity } from "./dataset/doctor/types.ts";
export type { Folder, FolderItem } from "./dataset/folder.ts";
export { hipmriSplit } from "./dataset/hipmri-split.ts";
export { LAYOUT_NAMES, type ReadDatasetOptions, readDataset } from "./dataset/layouts.ts";
export {
  type FoundOrientation,
  findOrientation,
  type OrientationRequest,
} from "./dataset/orientation.ts";
export { type PairOptions, pairIndex } from "./dataset/pair.ts";
export { patientOf } from "./dataset/patient.ts";
export { type PhantomFile, phantomFiles } from "./dataset/phantom/files.ts";
export { defaultPhantomOptions, PHANTOM_SIZES, type PhantomOptions } from "./dataset/phantom/options.ts";
export { makePhantomVolume, type PhantomVolume } from "./dataset/phantom/phantom.ts";
export { type SplitCases, splitByPatient } from "./dataset/split.ts";
export type { CaseEntry, DatasetIndex, DecodedCase, FilePair, LayoutName, Split } from "./dataset/types.ts";
export type { Axis, Region, SlicePlane, VoxelBox } from "./edit/box.ts";
export type { Brush } from "./edit/brush.ts";
export type { Edit, EditKind } from "./edit/edit.ts";
export { makeMaskEditor } from "./edit/editor.ts";
export { applyEdits, encodeEdit, type Replay, type ReplayOptions } from "./edit/journal.ts";
export type { EditResult } from "./edit/pen.ts";
export { decodeMask, encodeMask, type SavedMask } from "./edit/saved-mask.ts";
export type { MaskEditor, MaskEditorOptions } from "./edit/types.ts";
export type { EditVolume, IntensityRange } from "./edit/volume.ts";
export { chooseSeries } from "./formats/dicom/choose.ts";
export type { LoadCodec } from "./formats/dicom/codecs.ts";
export type { DicomInput } from "./formats/dicom/file.ts";
export { type DicomTime, dicomTimeOf } from "./formats/dicom/local-time.ts";
export { readDicomHeaderOf, readDicomSeries } from "./formats/dicom/read.ts";
export { type DicomSegOptions, writeDicomSeg } from "./formats/dicom/seg.ts";
export { anonymousUid } from "./formats/dicom/seg-source.ts";
export {
  type DicomListing,
  type DicomPlatform,
  type DicomSeries,
  listDicomSeries,
} from "./formats/dicom/series.ts";
export { type ImageFile, imageStem, readImage, readImageHeader } from "./formats/image-file.ts";
export { writeMask } from "./formats/write-mask.ts";
export * as graph from "./graph/build.ts";
export { printGraph } from "./graph/print.ts";
export type { Shape, Value } from "./graph/value.ts";
export { learn } from "./learn/learn.ts";
export type {
  CorrectedCase,
  HeldOut,
  LearnEpoch,
  LearnFigures,
  LearnOptions,
  LearnRequest,
  LearnResult,
  LearnStep,
  LearnWatcher,
} from "./learn/types.ts";
export { type LossWeights, segmentationLoss } from "./loss/loss.ts";
export { type AggregateOptions, aggregate } from "./metrics/aggregate.ts";
export { type Calibration, type CalibrationMeter, makeCalibration } from "./metrics/calibration.ts";
export { CONVENTION_NAMES, type ConventionName } from "./metrics/conventions/types.ts";
export { holm, type PairedTest, pairByPatient, signFlipP, testPairs } from "./metrics/paired.ts";
export { type ScoreCaseInput, scoreCase } from "./metrics/score-case.ts";
export { formatMetricsTable, formatRescoredTable } from "./metrics/table.ts";
export type { CaseMetrics, LabelMetrics, Metrics, RescoredDice } from "./metrics/types.ts";
export type { Affine } from "./nifti/affine.ts";
export { type ReadOptions, readNifti, readNiftiHeader } from "./nifti/read.ts";
export type { NiftiExtension, NiftiHeader, NiftiImage, NiftiUnits } from "./nifti/types.ts";
export {
  type LikeOptions,
  type WriteNiftiOptions,
  writeImageLike,
  writeMaskLike,
  writeNifti,
} from "./nifti/write.ts";
export { buildModel, type ModelOptions } from "./onnx/model.ts";
export { type MeasuredCase, makeFingerprint, measureCase } from "./passport/fingerprint.ts";
export { describePassport, judgePassport } from "./passport/passport.ts";
export { PASSPORT_KEY, readFingerprint } from "./passport/read.ts";
export type {
  CaseFeatures,
  CasePassport,
  PassportCase,
  PassportFingerprint,
  Verdict,
} from "./passport/types.ts";
export { labelColour, type Rgb } from "./plot/colours.ts";
export { type ModelCard, readModelCard } from "./predict/card.ts";
export { cardMarkdown } from "./predict/card-markdown.ts";
export type { CardData, CardMetrics, TestSeen } from "./predict/card-parts.ts";
export { type CheckModelOptions, checkModel } from "./predict/check-model.ts";
export { exportModel } from "./predict/export.ts";
export {
  type AnswerCheck,
  checkKnownAnswer,
  type KnownAnswer,
  makeKnownAnswer,
  readKnownAnswer,
  withKnownAnswer,
} from "./predict/known-answer.ts";
export { makePredictor, type Predictor, type PredictWatcher, type SliceStack } from "./predict/predictor.ts";
export { type ImageFacts, planForModel, segmentVolume, sliceCount } from "./predict/segment.ts";
export {
  COMPARED_METRICS,
  type ComparedMetric,
  type ComparedRun,
  type Comparison,
  compareRuns,
} from "./report/comparison.ts";
export type { Program, Runtime, Tensor, Tensors } from "./runtime/runtime.ts";
export { parseConfig, type TrainConfig } from "./train/config.ts";
export { presetConfig, resolveConfig } from "./train/recipes.ts";
export type { UnetContext } from "./unet/blocks.ts";
export { type UnetConfig, widthAt } from "./unet/config.ts";
export { type NetworkSpec, specifyNetwork } from "./unet/network.ts";
export { initialParameters, initialStatistics } from "./unet/parameters.ts";
export { PRESET_NAMES, type PresetName, presets } from "./unet/presets.ts";
export { buildUnet } from "./unet/unet.ts";
export type { Image, ImageFormat, ImageHeader } from "./volume/image.ts";
export {
  type AxisCodes,
  axisCodesOf,
  inverseOf,
  PLANE_CODES,
  type Plane,
  parseAxisCodes,
  planeOf,
  type Reorientation,
  reorient,
  reorientation,
  reorientData,
  reorientGrid,
} from "./volume/orient.ts";
export {
  gridOfShape,
  type IntensityResampling,
  type LabelResampling,
  resampleToGrid,
  resampleToShape,
  resampleToSpacing,
  shapeOfSpacing,
} from "./volume/resample.ts";
export { coarsestAxis, planSlices, type SlicePlan } from "./volume/slices.ts";
export {
  type Grid,
  HIPMRI_LABELS,
  type IntensityVolume,
  type LabelDefinition,
  type LabelVolume,
  type Volume,
} from "./volume/volume.ts";
