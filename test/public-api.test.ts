/** What users may import: a change of these lists is a change of the package. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as browser from "../src/browser/index.ts";
import * as core from "../src/index.ts";
import * as node from "../src/node/index.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const readJson = (name: string) => JSON.parse(readFileSync(join(ROOT, name), "utf8"));

/** The types that an index exports: they are gone when it runs, so its text is read. */
function typeNames(path: string): readonly string[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  const exported = [...text.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, isType, names = ""]) =>
    names
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "" && (isType !== undefined || name.startsWith("type ")))
      .map((name) => name.replace(/^type /, "")),
  );
  return exported.sort();
}

describe('the core, "hipmri-unet"', () => {
  test("exports these values", () => {
    expect(Object.keys(core).sort()).toEqual([
      "COMPARED_METRICS",
      "CONVENTION_NAMES",
      "HIPMRI_LABELS",
      "HipError",
      "IGNORE_LABEL",
      "InflateLimitError",
      "LAYOUT_NAMES",
      "PASSPORT_KEY",
      "PHANTOM_SIZES",
      "PLANE_CODES",
      "PRESET_NAMES",
      "aggregate",
      "anonymousUid",
      "applyEdits",
      "axisCodesOf",
      "buildModel",
      "buildUnet",
      "cardMarkdown",
      "checkDataset",
      "checkKnownAnswer",
      "checkModel",
      "chooseSeries",
      "coarsestAxis",
      "compareRuns",
      "countVolumes",
      "decodeCase",
      "decodeMask",
      "defaultPhantomOptions",
      "describePassport",
      "dicomTimeOf",
      "encodeEdit",
      "encodeMask",
      "exportModel",
      "fastCheck",
      "findOrientation",
      "formatMetricsTable",
      "formatRescoredTable",
      "gradient",
      "graph",
      "gridOfShape",
      "hipmriSplit",
      "holm",
      "imageStem",
      "initialParameters",
      "initialStatistics",
      "inverseOf",
      "judgePassport",
      "labelColour",
      "learn",
      "listDicomSeries",
      "makeByteSource",
      "makeCalibration",
      "makeFingerprint",
      "makeKnownAnswer",
      "makeMaskEditor",
      "makePhantomVolume",
      "makePredictor",
      "makeRandom",
      "measureCase",
      "openScans",
      "pairByPatient",
      "pairIndex",
      "parseAxisCodes",
      "parseConfig",
      "patientOf",
      "phantomFiles",
      "planForModel",
      "planSlices",
      "planeOf",
      "presetConfig",
      "presets",
      "printGraph",
      "readDataset",
      "readDicomHeaderOf",
      "readDicomSeries",
      "readFingerprint",
      "readImage",
      "readImageHeader",
      "readKnownAnswer",
      "readMaskOn",
      "readModelCard",
      "readNifti",
      "readNiftiHeader",
      "reorient",
      "reorientData",
      "reorientGrid",
      "reorientation",
      "resampleToGrid",
      "resampleToShape",
      "resampleToSpacing",
      "resolveConfig",
      "scoreCase",
      "segmentScan",
      "segmentVolume",
      "segmentationLoss",
      "shapeOfSpacing",
      "signFlipP",
      "sliceCount",
      "specifyNetwork",
      "splitByPatient",
      "testPairs",
      "widthAt",
      "withKnownAnswer",
      "writeDicomSeg",
      "writeImageLike",
      "writeMask",
      "writeMaskLike",
      "writeNifti",
    ]);
  });
  test("exports these types", () => {
    expect(typeNames("src/index.ts")).toEqual([
      "Affine",
      "AggregateOptions",
      "AnswerCheck",
      "Axis",
      "AxisCodes",
      "Brush",
      "ByteSource",
      "Calibration",
      "CalibrationMeter",
      "CardData",
      "CardMetrics",
      "CaseEntry",
      "CaseFeatures",
      "CaseMetrics",
      "CasePassport",
      "CheckModelOptions",
      "ComparedMetric",
      "ComparedRun",
      "Comparison",
      "ConventionName",
      "CorrectedCase",
      "DatasetIndex",
      "DecodeContext",
      "DecodedCase",
      "DicomInput",
      "DicomListing",
      "DicomPlatform",
      "DicomSegOptions",
      "DicomSeries",
      "DicomTime",
      "DoctorFinding",
      "DoctorOptions",
      "DoctorReport",
      "DroppedFile",
      "Edit",
      "EditKind",
      "EditResult",
      "EditVolume",
      "FilePair",
      "FindingCode",
      "Folder",
      "FolderItem",
      "FoundOrientation",
      "Grid",
      "HeldOut",
      "HipErrorCode",
      "Image",
      "ImageFacts",
      "ImageFile",
      "ImageFormat",
      "ImageHeader",
      "Inflate",
      "InflateOptions",
      "IntensityRange",
      "IntensityResampling",
      "IntensityVolume",
      "JudgedMask",
      "KnownAnswer",
      "LabelDefinition",
      "LabelMetrics",
      "LabelResampling",
      "LabelVolume",
      "LabelVolumeMl",
      "LayoutName",
      "LearnEpoch",
      "LearnFigures",
      "LearnOptions",
      "LearnRequest",
      "LearnResult",
      "LearnStep",
      "LearnWatcher",
      "LikeOptions",
      "LoadCodec",
      "LossWeights",
      "MaskEditor",
      "MaskEditorOptions",
      "MaskFile",
      "MeasuredCase",
      "Metrics",
      "ModelCard",
      "ModelOptions",
      "NetworkSpec",
      "NiftiExtension",
      "NiftiHeader",
      "NiftiImage",
      "NiftiUnits",
      "OpenedScans",
      "OrientationRequest",
      "PairOptions",
      "PairedTest",
      "PassportCase",
      "PassportFingerprint",
      "PhantomFile",
      "PhantomOptions",
      "PhantomVolume",
      "Plane",
      "PredictWatcher",
      "Predictor",
      "PresetName",
      "Program",
      "Random",
      "ReadDatasetOptions",
      "ReadOptions",
      "Region",
      "Reorientation",
      "Replay",
      "ReplayOptions",
      "RescoredDice",
      "Rgb",
      "Runtime",
      "SavedMask",
      "Scan",
      "ScanProblem",
      "ScoreCaseInput",
      "Segmented",
      "Severity",
      "Shape",
      "SlicePlan",
      "SlicePlane",
      "SliceStack",
      "Split",
      "SplitCases",
      "Tensor",
      "Tensors",
      "TestSeen",
      "TrainConfig",
      "UnetConfig",
      "UnetContext",
      "Value",
      "Verdict",
      "Volume",
      "VoxelBox",
      "WriteNiftiOptions",
    ]);
  });
});

describe('Node, "hipmri-unet/node"', () => {
  test("exports these values", () => {
    expect(Object.keys(node).sort()).toEqual([
      "DEVICE_NAMES",
      "DICOM_ON_NODE",
      "VERSION",
      "checkData",
      "chooseRuntime",
      "compareFolders",
      "convertData",
      "defaultCacheFolder",
      "describeFile",
      "evaluate",
      "findDicomFiles",
      "gzip",
      "inflateGzip",
      "loadDicomCodec",
      "makeCaseCache",
      "makeNodeRuntime",
      "openData",
      "openFile",
      "openFolder",
      "predictInputs",
      "quantiseModel",
      "readTrainConfig",
      "readWholeFile",
      "runDemo",
      "scoreMasks",
      "trainRun",
      "tryDevice",
      "withImageFile",
      "writeFileAtomic",
      "writePhantom",
    ]);
  });
  test("exports these types", () => {
    expect(typeNames("src/node/index.ts")).toEqual([
      "CaseCache",
      "CaseCacheStats",
      "CheckOptions",
      "CheckResult",
      "CompareRunsOptions",
      "ComparedRuns",
      "ConfigSources",
      "ConvertOptions",
      "ConvertedData",
      "DemoOptions",
      "DemoResult",
      "DeviceName",
      "DeviceState",
      "DicomFolder",
      "DicomInfo",
      "EvaluateOptions",
      "Evaluation",
      "FileInfo",
      "ImageInfo",
      "JudgedPrecision",
      "ModelInfo",
      "NodeRuntimeOptions",
      "OpenedData",
      "PredictFailure",
      "PredictOptions",
      "PredictedMask",
      "Prediction",
      "QuantiseOptions",
      "Quantised",
      "ScoreOptions",
      "ScoredMasks",
      "ShardDone",
      "ShardRequest",
      "TrainRunOptions",
      "TrainSummary",
      "WritePhantomOptions",
      "WrittenPhantom",
    ]);
  });
});

describe('the browser, "hipmri-unet/browser"', () => {
  /** What it has beside the core, all of which it gives too. */
  const ownKeys = (door: object): readonly string[] =>
    Object.keys(door)
      .filter((name) => !(name in core))
      .sort();

  test("gives the whole core", () => {
    expect(Object.keys(browser)).toEqual(expect.arrayContaining(Object.keys(core)));
  });
  test("exports these values", () => {
    expect(ownKeys(browser)).toEqual([
      "blobSource",
      "chooseBackend",
      "findChances",
      "gzipInBrowser",
      "inflateInBrowser",
      "makeBrowserRuntime",
      "openModel",
    ]);
  });
  test("exports these types", () => {
    expect(typeNames("src/browser/index.ts")).toEqual([
      "Backend",
      "BackendChances",
      "BackendFiles",
      "BrowserDevice",
      "BrowserModel",
      "BrowserRuntimeOptions",
      "FileSegmentation",
      "OpenModelOptions",
      "RuntimeFiles",
    ]);
  });
});

describe("package.json", () => {
  const { exports, bin, files } = readJson("package.json");

  test("has a door for the core, one for Node and one for browsers", () => {
    expect(Object.keys(exports)).toEqual([".", "./node", "./browser"]);
  });

  test("points each door at files that the build makes", () => {
    const { compilerOptions } = readJson("tsconfig.build.json");
    expect(compilerOptions).toMatchObject({ rootDir: "src", outDir: "dist", declaration: true });
    for (const door of Object.values<Record<string, string>>(exports)) {
      expect(Object.keys(door)).toEqual(["types", "default"]);
      const source = door.default!.replace(/^\.\/dist\/(.*)\.js$/, "src/$1.ts");
      expect(existsSync(join(ROOT, source))).toBe(true);
      expect(door.types).toBe(door.default!.replace(/\.js$/, ".d.ts"));
    }
  });

  test("ships the command and the build, and nothing that a door needs is left out", () => {
    expect(bin).toEqual({ hipmri: "bin/hipmri.js" });
    expect(existsSync(join(ROOT, bin.hipmri))).toBe(true);
    expect(files).toEqual(expect.arrayContaining(["bin", "dist"]));
  });
});
