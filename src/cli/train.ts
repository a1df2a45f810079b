/** `hipmri train`. */
import { join } from "node:path";
import { Option } from "commander";
import { formatDuration } from "../core/duration.ts";
import { HipError } from "../core/errors.ts";
import type { Shard } from "../core/shard.ts";
import { counted } from "../core/text.ts";
import type { LayoutName } from "../dataset/types.ts";
import { formatMetricsTables } from "../metrics/table.ts";
import { tell } from "../node/as-typed.ts";
import type { DeviceName } from "../node/device-names.ts";
import type { ShardRequest } from "../node/shard-store.ts";
import { commandLine } from "../node/shell.ts";
import { foldFolder, foldName } from "../node/workflows/folds-options.ts";
import type { TrainSummary } from "../node/workflows/train-options.ts";
import { PRESET_NAMES, type PresetName } from "../unet/presets.ts";
import { withResume } from "./command-words.ts";
import { INTERRUPTED, withInterrupt } from "./interrupt.ts";
import { hasJobs, jobsOption, runWithJobs } from "./jobs-option.ts";
import { alignRows } from "./layout.ts";
import type { Outcome } from "./outcome.ts";
import { withRanks } from "./ranks.ts";
import { shardOption, shardRequest, wholeCommand } from "./shard-option.ts";
import { foldsOutcome } from "./train-folds.ts";
import { checkSweepFlags, sweepOutcome } from "./train-sweep.ts";
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
  readonly sweep?: readonly string[];
  readonly trials?: number;
  readonly shard?: Shard;
  readonly jobs?: number;
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

/** Folds that are still to be trained are trained as the first was. */
const resumedRun = (out: string, { folds }: Flags): string =>
  folds === undefined ? out : foldFolder(out, 0);

/** Where the configuration comes from. */
export const configSources = (flags: Flags) => ({
  file: flags.config,
  set: flags.set ?? [],
  flags: configFlags(flags),
});

/** What is asked of any training, besides its configuration. */
const commonOptions = (data: string, flags: Flags, argv: readonly string[]) => ({
  data,
  layout: flags.layout,
  device: flags.device,
  resume: flags.resume ?? false,
  overwrite: flags.overwrite ?? false,
  quiet: flags.quiet ?? false,
  command: commandLine(["hipmri", ...argv]),
  stderr: process.stderr,
});

/** What is asked of a training, whether of one run or of folds. */
async function trainOptions(data: string, flags: Flags, argv: readonly string[], isShard = false) {
  const out = needed(flags.out, "--out", "the run folder to make");
  const { readTrainConfig } = await import("../node/workflows/config-file.ts");
  const config = await readTrainConfig({
    ...configSources(flags),
    resumed: flags.resume && !isShard ? resumedRun(out, flags) : undefined,
  });
  return { ...commonOptions(data, flags, argv), out, config, test: flags.test ?? false };
}

/** Folds or trials, one a job; what is wrong with the settings was told before. */
async function trainWithJobs(
  names: readonly string[],
  flags: Flags,
  argv: readonly string[],
  check: () => Promise<void>,
): Promise<Outcome> {
  const { resume = false, overwrite = false, ...others } = flags;
  const isThreadsSet = [...(flags.set ?? []), ...(flags.sweep ?? [])].some((text) =>
    /^\s*threads\s*=/.test(text),
  );
  return runWithJobs(argv, others, {
    shards: names.length,
    sharesThreads: flags.threads === undefined && !isThreadsSet,
    again: resume ? [] : ["--resume"],
    async threadsBefore(out) {
      const { threadsOfRuns } = await import("../node/workflows/train-jobs.ts");
      return resume ? threadsOfRuns(out, names) : undefined;
    },
    async prepare(out) {
      const { prepareForJobs } = await import("../node/workflows/train-jobs.ts");
      await prepareForJobs(out, names, { resume, overwrite }, check);
    },
  });
}

async function runSweep(data: string, flags: Flags, argv: readonly string[]): Promise<Outcome> {
  const out = needed(flags.out, "--out", "the folder to make");
  await refuseLauncher("trials");
  const { planSweep } = await import("../node/workflows/sweep-plan.ts");
  const plan = await planSweep(flags.sweep ?? [], { trials: flags.trials, sources: configSources(flags) });
  if (hasJobs(flags)) {
    const names = plan.trials.map(({ name }) => name);
    const { checkSweep } = await import("../node/workflows/sweep.ts");
    return trainWithJobs(names, flags, argv, () => checkSweep({ plan, data, layout: flags.layout }));
  }
  const shard = await shardRequest(flags, argv);
  const { trainSweep } = await import("../node/workflows/sweep.ts");
  const summary = await withInterrupt((signal) =>
    trainSweep({ ...commonOptions(data, flags, argv), out, plan, signal, shard }),
  );
  const again = await againCommand(argv, shard);
  return sweepOutcome(summary, { time: formatDuration(summary.seconds), again, data });
}

/** The whole command once more; a share goes on by itself when it is asked for again. */
async function againCommand(argv: readonly string[], shard: ShardRequest | undefined): Promise<string> {
  const { redoCommand } = await import("../node/shard-store.ts");
  const words = wholeCommand(argv);
  return commandLine(
    shard === undefined ? ["hipmri", ...withResume(words)] : redoCommand(shard.command ?? words, shard)!,
  );
}

async function runFolds(data: string, flags: Flags, argv: readonly string[]): Promise<Outcome> {
  const out = needed(flags.out, "--out", "the folder to make");
  const folds = flags.folds ?? 0;
  await refuseLauncher("folds");
  if (hasJobs(flags)) {
    const options = await trainOptions(data, flags, argv, true);
    const { checkFolds } = await import("../node/workflows/folds.ts");
    return trainWithJobs(
      Array.from({ length: folds }, (_, fold) => foldName(fold)),
      flags,
      argv,
      () => checkFolds({ ...options, folds }),
    );
  }
  const shard = await shardRequest(flags, argv);
  const options = await trainOptions(data, flags, argv, shard !== undefined);
  const { trainFolds } = await import("../node/workflows/folds.ts");
  const summary = await withInterrupt((signal) => trainFolds({ ...options, folds, signal, shard }));
  const tested = flags.test === true ? ["--test"] : [];
  const parts = ["train", data, "--folds", `${folds}`, ...tested, "--out", out, "--resume"];
  const again = shard === undefined ? commandLine(["hipmri", ...parts]) : await againCommand(argv, shard);
  return foldsOutcome(summary, { time: formatDuration(summary.seconds), again });
}

/** Folds, and trials, need nothing of each other. @throws HipError "usage" under an MPI launcher */
async function refuseLauncher(what: "folds" | "trials"): Promise<void> {
  const { readLauncher } = await import("../node/mpi/launcher.ts");
  const launcher = readLauncher(process.env);
  if (launcher === undefined) return;
  throw new HipError(
    "usage",
    `Cannot train ${what} as ranks of ${launcher.name}: every rank would train all of them`,
    {
      hint: "Give each of them a process of its own with --shard or --jobs, or train one run with ranks",
    },
  );
}

/** @returns undefined on all ranks but the first, which tells for all. */
async function runTraining(
  data: string,
  flags: Flags,
  argv: readonly string[],
): Promise<TrainSummary | undefined> {
  const asked = hasJobs(flags) ? "--jobs" : (flags.shard?.count ?? 1) > 1 ? "--shard" : undefined;
  if (asked !== undefined) {
    throw new HipError("usage", `${asked} needs --folds or --sweep: one training is not shared out by it`, {
      hint: `Add --folds N, or leave ${asked} out; ranks of MPI do share out one training`,
    });
  }
  const options = await trainOptions(data, flags, argv);
  const { trainRun } = await import("../node/workflows/train.ts");
  return withRanks({ threads: options.config.threads, isQuiet: options.quiet }, async (ranks) => {
    const isFirst = (ranks?.rank ?? 0) === 0;
    const says = isFirst ? undefined : null;
    const summary = await withInterrupt((signal) => trainRun({ ...options, signal, ranks }), says);
    return isFirst ? summary : undefined;
  });
}

/** The metrics of a run, then its time, its files and the next command. */
async function describeRun(summary: TrainSummary, next: string): Promise<string> {
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
    tell(`Stopped after step ${summary.steps}, saved. Go on with: ${again}\n`);
    return { json: { ...summary }, text: "", exitCode: INTERRUPTED };
  }
  const next =
    summary.test === undefined
      ? commandLine(["hipmri", "evaluate", out, data, "--split", "test", "--out", join(out, "test")])
      : `look at ${join(out, "report.html")}`;
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
      "--sweep <key=values>",
      "vary a setting: key=VALUE,VALUE or key=LOW..HIGH (repeatable); trials are ranked on validation patients",
      gather,
    )
    .option(
      "--trials <n>",
      "of a sweep: draw so many trials instead of trying every combination",
      wholeNumber("--trials", 1),
    )
    .addOption(shardOption())
    .addOption(jobsOption())
    .option(
      "--test",
      "judge the model once on the test split too; of folds the ensemble, on patients whom no fold saw",
    )
    .action(async (data: string, flags: Flags) => {
      const { argv } = session;
      checkSweepFlags(flags);
      if (flags.sweep !== undefined) return session.finish(await runSweep(data, flags, argv));
      if (flags.folds !== undefined) return session.finish(await runFolds(data, flags, argv));
      const summary = await runTraining(data, flags, argv);
      if (summary !== undefined) session.finish(await outcomeOf(data, summary));
    });
  addExamples(addCommonFlags(command), [
    "hipmri train keras_slices_data --out runs/pelvis --minutes 30",
    "hipmri train keras_slices_data --out runs/seed --preset seed --config examples/seed-recipe.yaml",
    "hipmri train keras_slices_data --out runs/pelvis --resume",
    "hipmri train my-scans --out runs/mine --from runs/pelvis/model.onnx --minutes 5",
    "hipmri train hippocampus --out runs/folds --folds 5 --minutes 12",
    "hipmri train hippocampus --out runs/folds --folds 5 --minutes 12 --jobs 2",
    "hipmri train hippocampus --out runs/folds --folds 5 --minutes 12 --shard 2/5",
    "hipmri train hippocampus --out runs/sweep --sweep optimizer.kind=sgd,adamw --sweep schedule.learningRate=1e-4..1e-2 --trials 20",
  ]);
};
