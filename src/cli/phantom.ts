/** `hipmri phantom`. */
import { defaultPhantomOptions, PHANTOM_SIZES, splitPatients } from "../dataset/phantom/options.ts";
import { commandLine } from "../node/shell.ts";
import { withInterrupt } from "./interrupt.ts";
import { alignRows } from "./layout.ts";
import { oneOf, wholeNumber } from "./values.ts";
import { type AddVerb, addCommonFlags, addExamples, type CommonFlags, withProgress } from "./verb.ts";

interface Flags extends CommonFlags {
  readonly patients?: number;
  readonly weeks: number;
  readonly seed: number;
  readonly size: "demo" | "full";
  readonly overwrite?: true;
}

async function runPhantom(out: string, flags: Flags) {
  const { writePhantom } = await import("../node/workflows/phantom.ts");
  const { patients } = flags;
  const phantom = {
    ...defaultPhantomOptions,
    ...(patients === undefined ? {} : { patients: splitPatients(patients) }),
    weeksPerPatient: flags.weeks,
    size: PHANTOM_SIZES[flags.size],
    seed: flags.seed,
  };
  return withInterrupt((signal) =>
    withProgress({ label: "Drawing", isQuiet: flags.quiet ?? false }, (onProgress) =>
      writePhantom({ out, phantom, overwrite: flags.overwrite ?? false, onProgress, signal }),
    ),
  );
}

export const addPhantom: AddVerb = (program, session) => {
  const command = program
    .command("phantom")
    .summary("write a synthetic pelvis data set to try the tool on")
    .description(
      "Writes a SYNTHETIC male pelvis in the keras_slices layout: no patient, no download. The same seed gives the same images.",
    )
    .argument("<dir>", "the folder to make")
    .option("--patients <n>", "synthetic men in all, from 3 on (default: 27)", wholeNumber("--patients", 3))
    .option(
      "--weeks <n>",
      "scans of each man",
      wholeNumber("--weeks", 1),
      defaultPhantomOptions.weeksPerPatient,
    )
    .option("--seed <n>", "seed of the drawing", wholeNumber("--seed", 0), defaultPhantomOptions.seed)
    .option(
      "--size <name>",
      `"demo" (128 x 64, 24 slices) or "full" (256 x 128, 60 slices, as HipMRI)`,
      oneOf("--size", ["demo", "full"] as const),
      "demo",
    )
    .option("--overwrite", "replace an earlier phantom")
    .action(async (dir: string, flags: Flags) => {
      const written = await runPhantom(dir, flags);
      const { train, validate, test } = written.patients;
      const text = alignRows([
        [
          "Written",
          `${written.path}: ${written.files} files, ${written.slices} slices, ${written.volumes} volumes`,
        ],
        [
          "Patients",
          `${train} train, ${validate} validate, ${test} test: all SYNTHETIC (seed ${written.seed})`,
        ],
        ["Next", commandLine(["hipmri", "train", dir, "--out", "runs/phantom", "--minutes", "2"])],
      ]);
      session.finish({ json: { ...written }, text });
    });
  addExamples(addCommonFlags(command), [
    "hipmri phantom phantom-data",
    "hipmri phantom phantom-data --patients 40 --size full --seed 7",
  ]);
};
