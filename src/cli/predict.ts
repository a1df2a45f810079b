/** `hipmri predict`. */
import { formatDuration } from "../core/duration.ts";
import type { Shard } from "../core/shard.ts";
import { counted, wrapText } from "../core/text.ts";
import type { DeviceName } from "../node/device-names.ts";
import { commandLine } from "../node/shell.ts";
import type { Prediction } from "../node/workflows/predict.ts";
import { describePassport } from "../passport/passport.ts";
import type { CasePassport } from "../passport/types.ts";
import { withInterrupt } from "./interrupt.ts";
import { hasJobs, jobsOption, runWithJobs } from "./jobs-option.ts";
import { alignColumns, alignRows } from "./layout.ts";
import type { Outcome } from "./outcome.ts";
import { overwriteShardsOption, shardJson, shardOption, shardRequest, shardRows } from "./shard-option.ts";
import { deviceOption, needed, wholeNumber } from "./values.ts";
import { type AddVerb, addCommonFlags, addExamples, type CommonFlags, warn, withProgress } from "./verb.ts";

interface Flags extends CommonFlags {
  readonly out?: string;
  readonly threads?: number;
  readonly device?: DeviceName;
  readonly series?: string;
  readonly anonymise?: true;
  readonly keepTexts?: true;
  readonly shard?: Shard;
  readonly jobs?: number;
  readonly overwrite?: true;
}

/** More rows than this are left to `--json`. */
const SHOWN_ROWS = 40;
/** Beside the names, within a terminal of 100 columns. */
const WIDTH = 88;

/** Passports that are not "ok", one line for each case, and a count of all. */
function passportRows({
  outputs,
  hasFingerprint,
}: Pick<Prediction, "outputs" | "hasFingerprint">): readonly (readonly [string, readonly string[]])[] {
  const known = outputs.flatMap(({ input, passport }) => (passport === null ? [] : [{ input, passport }]));
  if (!hasFingerprint)
    return [["Passport", ["none: the model carries no fingerprint of its training scans (train it again)"]]];
  const without = outputs.length - known.length;
  // Slices of one volume share their passport.
  const cases = new Map<CasePassport, string[]>();
  for (const { input, passport } of known) cases.set(passport, [...(cases.get(passport) ?? []), input]);
  const odd = [...cases].filter(([passport]) => passport.verdict !== "ok");
  const count = (verdict: CasePassport["verdict"]): number =>
    [...cases.keys()].filter((passport) => passport.verdict === verdict).length;
  const lines = odd.slice(0, SHOWN_ROWS).flatMap(([passport, inputs]) => {
    const more = inputs.length > 1 ? ` and ${inputs.length - 1} more slices` : "";
    return wrapText(`${inputs[0]}${more}: ${describePassport(passport)}`, WIDTH);
  });
  const unjudged = [...cases.keys()].filter(({ notJudged }) => notJudged.length > 0);
  const left = odd.length - SHOWN_ROWS;
  return [
    [
      "Passport",
      [
        `${count("ok")} ok, ${count("look")} to look at, ${count("doubtful")} doubtful (docs/passport.md)`,
        ...lines,
        ...(unjudged.length === 0
          ? []
          : wrapText(
              `${counted(unjudged.length, "case")} not wholly judged: ${unjudged[0]!.notJudged.join("; ")}`,
              WIDTH,
            )),
        ...(without === 0
          ? []
          : [
              `${counted(without, "image")} without a passport: other slices of the same volume failed or do not fit`,
            ]),
        ...(left > 0 ? [`… and ${left} more: --json tells all`] : []),
      ],
    ],
  ];
}

/** An image that does not state its voxels' size has no volume. */
const formatMl = (ml: number | null): string => (ml === null ? "-" : ml.toFixed(ml < 100 ? 1 : 0));

interface Shown {
  /** Time. */
  readonly seconds: string;
  /** Files beside the masks. */
  readonly files?: readonly string[];
}

function predictText(prediction: Prediction, { seconds, files = [] }: Shown): string {
  const { outputs, hasFingerprint, shard } = prediction;
  const [first] = outputs;
  if (first === undefined) return shard === undefined ? "" : alignRows(shardRows(shard, "image"));
  const rows = outputs
    .slice(0, SHOWN_ROWS)
    .map(({ mask, labels }) => [mask, ...labels.map(({ ml }) => formatMl(ml))]);
  const table = alignColumns([["mask (volumes in ml)", ...first.labels.map(({ name }) => name)], ...rows]);
  const more = outputs.length > SHOWN_ROWS ? `\n… and ${outputs.length - SHOWN_ROWS} more` : "";
  const segs = outputs.filter(({ seg }) => seg !== undefined).length;
  const facts = alignRows([
    ...passportRows({ outputs, hasFingerprint }),
    ["Time", seconds],
    [
      "Files",
      [
        `${counted(outputs.length, "mask")}${segs === 0 ? "" : `, ${counted(segs, "DICOM segmentation")}`}`,
        ...files,
      ],
    ],
    ...(shard === undefined
      ? [["Next", commandLine(["hipmri", "info", first.mask])] as const]
      : shardRows(shard, "image")),
  ]);
  return `${table}${more}\n\n${facts}`;
}

/** @param json of the workflow, @param error of the failures */
export function predictionOutcome(
  prediction: Prediction,
  json: Outcome["json"],
  error: Outcome["error"],
  shown: Shown,
): Outcome {
  const { shard } = prediction;
  return {
    json: { ...json, ...(shard === undefined ? {} : { shard: shardJson(shard) }) },
    text: predictText(prediction, shown),
    ...(error === undefined ? {} : { error }),
  };
}

export const addPredict: AddVerb = (program, session) => {
  const command = program
    .command("predict")
    .summary("segment images: masks on their own grids")
    .description(
      "Segments 2D slices and 3D volumes in any orientation: they are brought to the plane and pixel size that the model was trained in, and the mask is brought back. The mask of X.nii.gz (or X.mha, X.nrrd, X.png …) is OUT/X.nii.gz: uint8 labels on the image's own grid. A DICOM series in folder X gives OUT/X.nii.gz and the DICOM segmentation OUT/X.dcm.",
    )
    .argument("<model>", "a run folder or a model.onnx")
    .argument(
      "<inputs...>",
      "images (NIfTI, NRRD, MetaImage, PNG), folders that hold some, or folders of DICOM",
    )
    .option("--out <dir>", "where the masks go (needed)")
    .option(
      "--series <which>",
      "of a DICOM folder: the number of a series as info lists it, or a part of its description",
    )
    .option(
      "--anonymise",
      "leave patient, study and dates out of DICOM segmentations; new UIDs cut their link to the scan",
    )
    .option("--keep-texts", "copy free text of NIfTI headers into the masks (it may name the patient)")
    .addOption(deviceOption())
    .option("--threads <n>", "CPU threads (default: all)", wholeNumber("--threads", 1))
    .addOption(shardOption())
    .addOption(jobsOption())
    .addOption(overwriteShardsOption())
    .action(async (model: string, inputs: readonly string[], flags: Flags) => {
      if (hasJobs(flags)) {
        const sharesThreads = flags.threads === undefined;
        return session.finish(await runWithJobs(session.argv, flags, { sharesThreads }));
      }
      const { failuresError, predictInputs, predictionJson } = await import("../node/workflows/predict.ts");
      const started = performance.now();
      const { threads, device, series, anonymise, keepTexts } = flags;
      const out = needed(flags.out, "--out", "where the masks go");
      const shard = await shardRequest(flags, session.argv);
      const prediction = await withInterrupt((signal) =>
        withProgress({ label: "Segmenting", isQuiet: flags.quiet ?? false }, (onProgress) =>
          predictInputs({
            model,
            inputs,
            out,
            series,
            anonymise,
            keepTexts,
            threads,
            device,
            shard,
            onProgress,
            warn,
            signal,
          }),
        ),
      );
      const { outputs, failures } = prediction;
      const error = failuresError(failures, outputs.length + failures.length);
      const seconds = formatDuration((performance.now() - started) / 1000);
      session.finish(predictionOutcome(prediction, predictionJson(prediction), error, { seconds }));
    });
  addExamples(addCommonFlags(command), [
    "hipmri predict runs/pelvis slice.nii.gz --out masks",
    "hipmri predict runs/pelvis dicom/ --series 3 --out masks",
    "hipmri predict model.onnx images/ --out masks --json",
    "hipmri predict runs/pelvis images/ --out masks --jobs 4",
    "hipmri predict runs/pelvis images/ --out masks --shard 3/8",
  ]);
};
