/** What users may import: a change of these lists is a change of the package. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
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
      "HIPMRI_LABELS",
      "HipError",
      "PHANTOM_SIZES",
      "PRESET_NAMES",
      "aggregate",
      "buildModel",
      "buildUnet",
      "coarsestAxis",
      "decodeCase",
      "defaultPhantomOptions",
      "exportModel",
      "formatMetricsTable",
      "fromSlices",
      "gradient",
      "graph",
      "initialParameters",
      "initialStatistics",
      "makeByteSource",
      "makePredictor",
      "makeRandom",
      "parseConfig",
      "phantomFiles",
      "presetConfig",
      "presets",
      "printGraph",
      "readDataset",
      "readModelCard",
      "readNifti",
      "readNiftiHeader",
      "resolveConfig",
      "scoreCase",
      "segmentationLoss",
      "specifyNetwork",
      "splitByPatient",
      "toSlices",
      "widthAt",
      "writeMaskLike",
      "writeNifti",
    ]);
  });
  test("exports these types", () => {
    expect(typeNames("src/index.ts")).toEqual([
      "Affine",
      "AggregateOptions",
      "ByteSource",
      "CaseEntry",
      "CaseMetrics",
      "DatasetIndex",
      "DecodeContext",
      "DecodedCase",
      "FilePair",
      "Folder",
      "FolderItem",
      "Grid",
      "HipErrorCode",
      "Inflate",
      "IntensityVolume",
      "LabelDefinition",
      "LabelMetrics",
      "LabelVolume",
      "LayoutName",
      "LossWeights",
      "Metrics",
      "ModelCard",
      "ModelOptions",
      "NetworkSpec",
      "NiftiHeader",
      "NiftiImage",
      "PhantomFile",
      "PhantomOptions",
      "Predictor",
      "PresetName",
      "Program",
      "Random",
      "ReadOptions",
      "Runtime",
      "ScoreCaseInput",
      "Shape",
      "SliceStack",
      "Split",
      "SplitCases",
      "Tensor",
      "Tensors",
      "TrainConfig",
      "UnetConfig",
      "UnetContext",
      "Value",
      "Volume",
      "WriteNiftiOptions",
    ]);
  });
});

describe('Node, "hipmri-unet/node"', () => {
  test("exports these values", () => {
    expect(Object.keys(node).sort()).toEqual([
      "VERSION",
      "defaultCacheFolder",
      "describeFile",
      "evaluate",
      "gzip",
      "inflateGzip",
      "makeCaseCache",
      "makeNodeRuntime",
      "openData",
      "openFile",
      "openFolder",
      "predictInputs",
      "readTrainConfig",
      "readWholeFile",
      "runDemo",
      "trainRun",
      "writeFileAtomic",
      "writePhantom",
    ]);
  });
  test("exports these types", () => {
    expect(typeNames("src/node/index.ts")).toEqual([
      "CaseCache",
      "CaseCacheStats",
      "ConfigSources",
      "DemoOptions",
      "DemoResult",
      "EvaluateOptions",
      "Evaluation",
      "FileInfo",
      "ImageInfo",
      "ModelInfo",
      "NodeRuntimeOptions",
      "OpenedData",
      "PredictFailure",
      "PredictOptions",
      "PredictedMask",
      "Prediction",
      "TrainRunOptions",
      "TrainSummary",
      "WritePhantomOptions",
      "WrittenPhantom",
    ]);
  });
});

describe("package.json", () => {
  const { exports, bin, files } = readJson("package.json");

  test("has a door for the core and one for Node", () => {
    expect(Object.keys(exports)).toEqual([".", "./node"]);
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
