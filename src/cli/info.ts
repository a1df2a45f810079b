/** `hipmri info`. */
import { commandLine } from "../node/shell.ts";
import type { DicomInfo, FileInfo, ImageInfo, ModelInfo } from "../node/workflows/info.ts";
import { planeOf } from "../volume/orient.ts";
import { alignColumns, alignRows } from "./layout.ts";
import { type AddVerb, addCommonFlags, addExamples } from "./verb.ts";

const number = (value: number): string => String(Number(value.toPrecision(7)));

function imageText(path: string, info: ImageInfo): string {
  const matrix = alignColumns(info.affine.map((row) => ["", ...row.map(number)]));
  return alignRows([
    ["Image", path],
    ["Format", info.format],
    ["Shape", info.shape.join(" x ")],
    ["Spacing", `${info.spacingMm.map(number).join(" x ")} mm`],
    ["Orientation", info.orientation],
    ["Affine", [`from ${info.affineSource}`, ...matrix.split("\n").map((line) => line.slice(2))]],
    ["Type", info.dtype],
    ["Scale", `slope ${number(info.scale.slope)}, intercept ${number(info.scale.intercept)}`],
    ...info.warnings.map((warning) => ["Warning", warning] as const),
  ]);
}

/** In which plane and at which pixel size images are brought to the network. */
function sliceText({ orientation, spacingMm, neighbours }: ModelInfo["input"]): string {
  const plane =
    orientation === null ? "plane not known: 2D images only" : `${planeOf(orientation)} (${orientation})`;
  const size =
    spacingMm === null
      ? "pixels as they come"
      : `pixels of ${number(spacingMm.width)} x ${number(spacingMm.height)} mm`;
  const more =
    neighbours === 0
      ? ""
      : `, with ${neighbours} neighbouring slice${neighbours === 1 ? "" : "s"} on either side`;
  return `${plane}, ${size}${more}`;
}

function modelText(info: ModelInfo): string {
  const { unet, input, patients, validation } = info;
  const dice = validation.foregroundMeanDice;
  return alignRows([
    ["Model", info.path],
    ["Size", `${Math.ceil(info.bytes / 1000).toLocaleString("en")} kB`],
    ["Version", `hipmri-unet ${info.version}, card format ${info.format}`],
    ["Network", `${info.preset}: ${unet.levels} levels, base ${unet.baseWidth}, ${unet.normalisation} norm`],
    ["Labels", info.labels.map(({ id, name }) => `${id} ${name}`).join(", ")],
    [
      "Input",
      `${input.canvas.width} x ${input.canvas.height} (${input.mode}), ${input.normalise} over each ${input.over}`,
    ],
    ["Slices", sliceText(input)],
    ["Trained on", `${info.synthetic ? "SYNTHETIC data: " : ""}${info.trainedOn}`],
    ["Patients", `${patients.train} train, ${patients.validate} validate, ${patients.test} test`],
    ["Training", `${info.steps} steps, seed ${info.seed}`],
    ["Validation", `${dice === null ? "no figure" : `foreground mean Dice ${dice.toFixed(4)}`}`],
    ["", validation.convention],
    ["Use", info.intendedUse],
  ]);
}

/** A table of the series; what is wrong with one stands below it. */
function dicomText({ path, series, skipped, damaged }: DicomInfo): string {
  const digits = String(series.length).length;
  const rows = series.map((each) => [
    `${String(each.index).padStart(digits)}  ${each.description}`,
    each.modality,
    `${each.columns} x ${each.rows} x ${each.sliceCount}`,
    each.spacingMm === undefined
      ? "-"
      : each.spacingMm.map((mm) => String(Number(mm.toPrecision(4)))).join(" x "),
    each.plane ?? "-",
    each.orientation ?? "-",
  ]);
  const notes = series.flatMap(({ index, problems, warnings }) => [
    ...problems.map((text) => `Series ${index} cannot be used: ${text}`),
    ...warnings.map((text) => `Series ${index}: ${text}`),
  ]);
  const left = [
    ...damaged,
    ...(skipped.withoutImage > 0 ? [`${skipped.withoutImage} DICOM files without an image, left out`] : []),
    ...(skipped.notDicom > 0 ? [`${skipped.notDicom} files that are not DICOM, left out`] : []),
  ];
  return [
    alignRows([["DICOM", path]]),
    alignColumns([["series", "kind", "voxels", "spacing mm", "plane", "axes"], ...rows]),
    ...(notes.length + left.length > 0 ? [[...notes, ...left].join("\n")] : []),
    alignRows([
      [
        "Next",
        commandLine([
          "hipmri",
          "predict",
          "RUN",
          path,
          "--series",
          String(series[0]?.index ?? 1),
          "--out",
          "masks",
        ]),
      ],
    ]),
  ].join("\n\n");
}

function infoText(path: string, info: FileInfo): string {
  if (info.kind === "dicom") return dicomText(info);
  return info.kind === "image" ? imageText(path, info) : modelText(info);
}

export const addInfo: AddVerb = (program, session) => {
  const command = program
    .command("info")
    .summary("describe an image, a DICOM folder or a model")
    .description(
      "Describes an image (as nibabel reads it), lists the series of a DICOM folder, or shows the card of a model.onnx or a run folder. Names of patients are never shown.",
    )
    .argument("<file>", "an image, a folder of DICOM, a model.onnx or a run folder")
    .action(async (file: string) => {
      const { describeFile } = await import("../node/workflows/info.ts");
      const info = await describeFile(file);
      session.finish({ json: { ...info }, text: infoText(file, info) });
    });
  addExamples(addCommonFlags(command), [
    "hipmri info case_004_week_0_slice_10.nii.gz",
    "hipmri info runs/pelvis --json",
  ]);
};
