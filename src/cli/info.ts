/** `hipmri info`. */
import { commandLine } from "../node/shell.ts";
import type { DicomInfo, FileInfo, ImageInfo } from "../node/workflows/info.ts";
import { alignColumns, alignRows } from "./layout.ts";
import { modelText } from "./model-text.ts";
import { type AddVerb, addCommonFlags, addExamples, type CommonFlags } from "./verb.ts";

interface Flags extends CommonFlags {
  readonly markdown?: true;
}

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

/** @throws HipError "usage" of what has no card */
async function markdownOf(path: string, info: FileInfo): Promise<string> {
  if (info.kind !== "model") {
    const { HipError } = await import("../core/errors.ts");
    throw new HipError("usage", `Cannot print "${path}" with --markdown: only models have a card`, {
      hint: "Give a model.onnx or a run folder, or leave --markdown out",
    });
  }
  const { cardMarkdown } = await import("../predict/card-markdown.ts");
  return cardMarkdown(info, { modelSha256: info.sha256 }).trimEnd();
}

export const addInfo: AddVerb = (program, session) => {
  const command = program
    .command("info")
    .summary("describe an image, a DICOM folder or a model")
    .description(
      "Describes an image (as nibabel reads it), lists the series of a DICOM folder, or shows the card of a model.onnx or a run folder. Names of patients are never shown.",
    )
    .argument("<file>", "an image, a folder of DICOM, a model.onnx or a run folder")
    .option("--markdown", "the card of a model as a page for people")
    .action(async (file: string, flags: Flags) => {
      const { describeFile } = await import("../node/workflows/info.ts");
      const info = await describeFile(file);
      const text = flags.markdown ? await markdownOf(file, info) : infoText(file, info);
      session.finish({ json: { ...info }, text });
    });
  addExamples(addCommonFlags(command), [
    "hipmri info case_004_week_0_slice_10.nii.gz",
    "hipmri info runs/pelvis --json",
    "hipmri info model.onnx --markdown > model-card.md",
  ]);
};
