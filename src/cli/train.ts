/** `hipmri train`. */
import { join } from "node:path";
import { Option } from "commander";
import { HipError } from "../core/errors.ts";
import { counted } from "../core/text.ts";
import type { LayoutName } from "../dataset/types.ts";
import { formatMetricsTables } from "../metrics/table.ts";
import type { DeviceName } from "../node/device-names.ts";
import { commandLine } from "../node/shell.ts";
import type { TrainSummary } from "../node/workflows/train-options.ts";
import { PRESET_NAMES, type PresetName } from "../unet/presets.ts";
import { INTERRUPTED, withInterrupt } from "./interrupt.ts";
import { alignRows } from "./layout.ts";
import type { Outcome } from "./outcome.ts";
import { withRanks } from "./ranks.ts";
import { deviceOption, gather, layoutOption, needed, oneOf, positiveNumber, wholeNumber } from "./values.ts";
import { type AddVerb, addCommonFlags, addExamples, type CommonFlags } from "./verb.ts";

const PLANES = ["axial", "coronal", "sagittal"] as const;

export interface Flags extends CommonFlags {
  readonly out?: string;
  readonly preset?: PresetName;
  readonly config?: string;
  readonly set?: readonly string[];
  readonly epochs?: number;
  readonly minutes?: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly device?: DeviceName;
  readonly layout?: LayoutName;
  readonly plane?: (typeof PLANES)[number];
  readonly resume?: true;
  readonly overwrite?: true;
  readonly test?: true;
  readonly folds?: number;
  readonly from?: string;
}

/** Only the flags that were given, under the names of the configuration. */
function configFlags({ preset, epochs, minutes, seed, threads, plane, from }: Flags) {
  return {
    ...(preset === undefined ? {} : { preset }),
    ...(epochs === undefined ? {} : { epochs }),
    ...(minutes === undefined ? {} : { minutes }),
    ...(seed === undefined ? {} : { seed }),
    ...(threads === undefined ? {} : { threads }),
    ...(from === undefined ? {} : { finetune: { from } }),
    ...(plane === undefined ? {} : { input: { plane } }),
  };
}

/** What is asked of a training, whether of one run or of folds. */
export async function trainOptions(data: string, flags: Flags, command: string) {
  const out = needed(flags.out, "--out", "the run folder to make");
  const { readTrainConfig } = await import("../node/workflows/config-file.ts");
  const config = await readTrainConfig({
    file: flags.config,
    set: flags.set ?? [],
    flags: configFlags(flags),
    // Folds that are still to be trained are trained as the first was.
    resumed: flags.resume ? (flags.folds === undefined ? out : join(out, "fold_0")) : undefined,
  });
  return {
    data,
    layout: flags.layout,
    device: flags.device,
    out,
    config,
    resume: flags.resume ?? false,
    overwrite: flags.overwrite ?? false,
    test: flags.test ?? false,
    quiet: flags.quiet ?? false,
    command,
    stderr: process.stderr,
  };
}

async function runFolds(data: string, flags: Flags, command: string): Promise<Outcome> {
  const out = needed(flags.out, "--out", "the folder to make");
  const folds = flags.folds ?? 0;
  const options = await trainOptions(data, flags, command);
  const { trainFolds } = await import("../node/workflows/folds.ts");
  await refuseLauncher();
  const summary = await withInterrupt((signal) => trainFolds({ ...options, folds, signal }));
  if (!summary.finished) {
    const tested = flags.test === true ? ["--test"] : [];
    const parts = ["train", data, "--folds", `${folds}`, ...tested, "--out", out, "--resume"];
    const again = commandLine(["hipmri", ...parts]);
    process.stderr.write(`Stopped and saved. Go on with: ${again}\n`);
    return { json: { ...summary }, text: "", exitCode: INTERRUPTED };
  }
  const { formatDuration } = await import("../node/progress.ts");
  const tables = formatMetricsTables([summary.metrics, summary.test].filter((each) => each !== undefined));
  const facts = alignRows([
    ["Judged", "every patient by the network that did not learn from him or her"],
    ...(summary.test === undefined
      ? []
      : ([["", "test patients, whom no network learnt from, by the ensemble"]] as const)),
    ["Time", formatDuration(summary.seconds)],
    ["Files", summary.files],
    ["Next", commandLine(["hipmri", "predict", out, "scan.nii.gz", "--out", "masks"])],
  ]);
  return { json: { ...summary }, text: `${tables}\n\n${facts}` };
}

/** Folds need nothing of each other. @throws HipError "usage" under an MPI launcher */
async function refuseLauncher(): Promise<void> {
  const { readLauncher } = await import("../node/mpi/launcher.ts");
  const launcher = readLauncher(process.env);
  if (launcher === undefined) return;
  throw new HipError(
    "usage",
    `Cannot train folds as ranks of ${launcher.name}: every rank would train all of them`,
    {
      hint: "Give each fold a process of its own with --shard or --jobs, or train one run with ranks",
    },
  );
}

/** @returns undefined on all ranks but the first, which tells for all. */
async function runTraining(data: string, flags: Flags, command: string): Promise<TrainSummary | undefined> {
  const options = await trainOptions(data, flags, command);
  const { trainRun } = await import("../node/workflows/train.ts");
  return withRanks(async (ranks) => {
    const summary = await withInterrupt((signal) => trainRun({ ...options, signal, ranks }));
    return (ranks?.rank ?? 0) === 0 ? summary : undefined;
  });
}

/** The metrics of a run, then its time, its files and the next command. */
async function describeRun(summary: TrainSummary, next: string): Promise<string> {
  const { formatDuration } = await import("../node/progress.ts");
  const tables = formatMetricsTables([summary.metrics, summary.test].filter((each) => each !== undefined));
  const { steps, epochs, bestEpoch, files } = summary;
  const done = `${counted(steps, "step")}, ${counted(epochs, "epoch")}, the best was epoch ${bestEpoch}`;
  const facts = alignRows([
    [
      "Time",
      summary.alreadyFinished
        ? `none: the run was complete (${done})`
        : `${formatDuration(summary.seconds)} (${done})`,
    ],
    ...(files.length === 0 ? [] : ([["Files", files]] as const)),
    ["Next", next],
  ]);
  return `${tables}\n\n${facts}`;
}

async function outcomeOf(data: string, summary: TrainSummary): Promise<Outcome> {
  const out = summary.run;
  if (!summary.finished) {
    const again = commandLine(["hipmri", "train", data, "--out", out, "--resume"]);
    process.stderr.write(`Stopped after step ${summary.steps}, saved. Go on with: ${again}\n`);
    return { json: { ...summary }, text: "", exitCode: INTERRUPTED };
  }
  const next =
    summary.test === undefined
      ? commandLine(["hipmri", "evaluate", out, data, "--split", "test", "--out", join(out, "test")])
      : `open ${join(out, "report.html")}`;
  return { json: { ...summary }, text: await describeRun(summary, next) };
}

export const addTrain: AddVerb = (program, session) => {
  const command = program
    .command("train")
    .summary("train a U-Net on a data folder")
    .description(
      "Trains a U-Net and leaves a run folder: model.onnx and its card, metrics.json, report.html, figures, log and checkpoints. Ctrl-C saves and stops; --resume goes on.",
    )
    .argument("<data>", "a data folder: HipMRI's releases, Decathlon, nnU-Net, or images/ and labels/")
    .option("--out <run>", "the run folder to make (needed)")
    .addOption(layoutOption())
    .option(
      "--plane <name>",
      `slices of volumes: ${PLANES.join(", ")} (default: across the coarsest axis)`,
      oneOf("--plane", PLANES),
    )
    .option(
      "--preset <name>",
      `the network and its recipe: ${PRESET_NAMES.join(", ")}`,
      oneOf("--preset", PRESET_NAMES),
    )
    .option("--config <file>", "a YAML file with settings over the preset's")
    .option("--set <key=value>", "one setting, e.g. optimizer.kind=sgd (repeatable)", gather)
    .addOption(
      new Option("--epochs <n>", "passes over the training data")
        .argParser(wholeNumber("--epochs", 1))
        .conflicts("minutes"),
    )
    .option("--minutes <n>", "train for about so long", positiveNumber("--minutes"))
    .option("--seed <n>", "seed of everything that is drawn", wholeNumber("--seed", 0))
    .addOption(deviceOption())
    .option("--threads <n>", "CPU threads", wholeNumber("--threads", 1))
    .addOption(new Option("--resume", "go on with the run in the folder").conflicts("overwrite"))
    .option("--overwrite", "replace the run in the folder")
    .option(
      "--from <model>",
      "start from the weights of a model.onnx, with its network and its preparation of images",
    )
    .addOption(
      new Option(
        "--folds <n>",
        "cross-validate: one network a fold, and their ensemble as one model.onnx",
      ).argParser(wholeNumber("--folds", 2)),
    )
    .option(
      "--test",
      "judge the model once on the test split too; of folds the ensemble, on patients whom no fold saw",
    )
    .action(async (data: string, flags: Flags) => {
      const typed = commandLine(["hipmri", ...session.argv]);
      if (flags.folds !== undefined) return session.finish(await runFolds(data, flags, typed));
      const summary = await runTraining(data, flags, typed);
      if (summary !== undefined) session.finish(await outcomeOf(data, summary));
    });
  addExamples(addCommonFlags(command), [
    "hipmri train keras_slices_data --out runs/pelvis --minutes 30",
    "hipmri train keras_slices_data --out runs/seed --preset seed --config examples/seed-recipe.yaml",
    "hipmri train keras_slices_data --out runs/pelvis --resume",
    "hipmri train my-scans --out runs/mine --from runs/pelvis/model.onnx --minutes 5",
    "hipmri train hippocampus --out runs/folds --folds 5 --minutes 12",
  ]);
};
