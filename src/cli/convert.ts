/** `hipmri convert`. */
import { formatDuration } from "../core/duration.ts";
import { HipError } from "../core/errors.ts";
import { counted } from "../core/text.ts";
import { CONVERSIONS, type Conversion } from "../dataset/convert-plan.ts";
import type { SliceRange } from "../dataset/convert-write.ts";
import type { LayoutName } from "../dataset/types.ts";
import { commandLine } from "../node/shell.ts";
import type { ConvertedData } from "../node/workflows/convert.ts";
import { withInterrupt } from "./interrupt.ts";
import { alignRows } from "./layout.ts";
import { layoutOption, needed, oneOf, wholeNumber } from "./values.ts";
import { type AddVerb, addCommonFlags, addExamples, type CommonFlags, warn, withProgress } from "./verb.ts";

interface Flags extends CommonFlags {
  readonly out?: string;
  readonly to?: Conversion;
  readonly layout?: LayoutName;
  readonly slices?: SliceRange;
  readonly seed: number;
  readonly overwrite?: true;
}

/** "10:69" as numbers, both ends included. */
export function parseSlices(text: string): SliceRange {
  const match = /^(\d{1,6}):(\d{1,6})$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && first <= last) return { first, last };
  throw new HipError("usage", `--slices must be FIRST:LAST with FIRST <= LAST, got "${text}"`, {
    hint: "For instance --slices 10:69, both ends included; slices are numbered from 0",
  });
}

async function runConvert(data: string, out: string, flags: Flags): Promise<ConvertedData> {
  const { convertData } = await import("../node/workflows/convert.ts");
  const { to, layout, slices, seed } = flags;
  const isQuiet = flags.quiet ?? false;
  const onStart = (description: string): void => {
    if (!isQuiet) process.stderr.write(`${description}\n`);
  };
  return withInterrupt((signal) =>
    withProgress({ label: "Converting", isQuiet }, (onProgress) =>
      convertData({
        data,
        out,
        to,
        layout,
        slices,
        seed,
        overwrite: flags.overwrite,
        onStart,
        onProgress,
        signal,
      }),
    ),
  );
}

function convertText(done: ConvertedData, seconds: string): string {
  const { path, to, splits, isRenamed } = done;
  const images = to === "keras_slices" ? `${counted(done.slices, "slice")} of ` : "";
  const rows: [string, string][] = [
    ["Read", done.description],
    [
      "Written",
      `${path}: ${counted(done.files, "file")}, ${images}${counted(done.volumes, "volume")} of ${counted(done.patients, "patient")}, as ${to}`,
    ],
  ];
  if (splits !== undefined) {
    const { train, validate, test, reason } = splits;
    rows.push(["Patients", `${train} train, ${validate} validate, ${test} test (${reason})`]);
  }
  if (isRenamed) rows.push(["Names", `changed: ${path}/mapping.json says which case is which`]);
  rows.push(["Time", seconds], ["Next", commandLine(["hipmri", "check", path])]);
  return alignRows(rows);
}

export const addConvert: AddVerb = (program, session) => {
  const command = program
    .command("convert")
    .summary("write a data set in another layout: volumes, slices, nnU-Net")
    .description(
      "Writes a data set anew: volumes as coronal 2D slices in HipMRI's layout, slices as volumes again, or either as an nnU-Net data set. Every voxel keeps its place, and its value as float32.",
    )
    .argument("<data>", "a data folder of any layout")
    .option("--out <dir>", "the folder to make (needed)")
    .option(
      "--to <name>",
      `${CONVERSIONS.join(", ")} (default: keras_slices of volumes, volumes of slices)`,
      oneOf("--to", CONVERSIONS),
    )
    .addOption(layoutOption())
    .option(
      "--slices <first:last>",
      "only these coronal slices, from front to back (default: all)",
      parseSlices,
    )
    .option("--seed <n>", "seed of the split, where it is drawn", wholeNumber("--seed", 0), 0)
    .option("--overwrite", "replace an earlier conversion")
    .action(async (data: string, flags: Flags) => {
      const started = performance.now();
      const out = needed(flags.out, "--out", "the folder to make");
      const done = await runConvert(data, out, flags);
      for (const warning of done.warnings) warn(warning);
      session.finish({
        json: { ...done },
        text: convertText(done, formatDuration((performance.now() - started) / 1000)),
      });
    });
  addExamples(addCommonFlags(command), [
    "hipmri convert HipMRI --out keras_slices_data",
    "hipmri convert keras_slices_data --out volumes --to volumes",
    "hipmri convert data --out nnUNet_raw/Dataset001_Pelvis --to nnunet",
  ]);
};
