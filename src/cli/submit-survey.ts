/** From a submitted command to what a cluster's plan is made of: the words of its tasks, and how large its work is. */
import type { Work, WorkKind, Workload } from "../cluster/plan.ts";
import { HipError } from "../core/errors.ts";
import type { LayoutName } from "../dataset/types.ts";
import type { TrainConfig } from "../train/config.ts";
import { withResume } from "./command-words.ts";
import type { SubmittedCall } from "./submit-call.ts";
import { configSources, type Flags as TrainFlags } from "./train.ts";

export interface SurveyedCall {
  readonly work: Work;
  readonly workload: Workload;
  /** Threads that the command states itself, or that a run which goes on has. */
  readonly threads: number | undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const layoutOf = ({ flags }: SubmittedCall): LayoutName | undefined =>
  textOf(flags.layout) as LayoutName | undefined;
const threadsOf = ({ flags }: SubmittedCall): number | undefined =>
  typeof flags.threads === "number" ? flags.threads : undefined;

async function surveyItems(call: SubmittedCall): Promise<Workload> {
  const { surveyCheck, surveyEvaluate, surveyPredict, surveyScore } = await import("../cluster/survey.ts");
  const { verb, operands, flags, out } = call;
  const [first = "", second = ""] = operands;
  switch (verb) {
    case "predict":
      return surveyPredict(first, operands.slice(1), { out, series: textOf(flags.series) });
    case "evaluate":
      return surveyEvaluate(first, second, {
        split: textOf(flags.split) ?? "test",
        mask: textOf(flags.mask),
        layout: layoutOf(call),
      });
    case "score":
      return surveyScore({ prediction: first, truth: second, perOrgan: flags.perOrgan === true });
    default:
      return surveyCheck(first, layoutOf(call));
  }
}

/** What a training that runs alone writes to. Tasks of folds and trials look themselves whose runs are there. */
async function checkRun(out: string, resume: boolean): Promise<void> {
  const { checkRunFolder } = await import("../node/run-folder.ts");
  try {
    await checkRunFolder(out, { resume, overwrite: false });
  } catch (error) {
    if (!(error instanceof HipError) || error.code !== "usage") throw error;
    throw new HipError("usage", error.message, {
      hint: "Go on with --resume behind the command, or give another --out",
    });
  }
}

interface Trainings {
  readonly kind: WorkKind;
  readonly noun: string;
  readonly runs: number;
  /** Of all of them, or of the longest. */
  readonly config: TrainConfig;
}

/** One training, folds, or trials. @throws HipError "usage", "config" of settings and sweeps that do not fit */
async function trainingsOf({ out }: SubmittedCall, flags: TrainFlags): Promise<Trainings> {
  const sources = configSources(flags);
  if (flags.sweep !== undefined) {
    const { planSweep } = await import("../node/workflows/sweep-plan.ts");
    const { trials } = await planSweep(flags.sweep, { trials: flags.trials, sources });
    const longest = trials.reduce((a, b) => ((b.config.minutes ?? 0) > (a.config.minutes ?? 0) ? b : a));
    return { kind: "sweep", noun: "trial", runs: trials.length, config: longest.config };
  }
  const { readTrainConfig } = await import("../node/workflows/config-file.ts");
  if (flags.folds !== undefined) {
    return { kind: "folds", noun: "fold", runs: flags.folds, config: await readTrainConfig(sources) };
  }
  await checkRun(out, flags.resume ?? false);
  const config = await readTrainConfig({ ...sources, resumed: flags.resume ? out : undefined });
  return { kind: "run", noun: "run", runs: 1, config };
}

async function surveyTraining(call: SubmittedCall): Promise<SurveyedCall> {
  const { surveyTrain } = await import("../cluster/survey-train.ts");
  const { operands, words, out } = call;
  const flags = call.flags as TrainFlags;
  const { kind, ...trainings } = await trainingsOf(call, flags);
  const { layout } = flags;
  const workload = await surveyTrain({ data: operands[0] ?? "", layout, out, ...trainings });
  return {
    // A task that starts again goes on; of a folder without a run it starts one.
    work: { verb: "train", words: withResume(words), out, kind },
    workload,
    threads: flags.threads ?? (flags.resume ? trainings.config.threads : undefined),
  };
}

/** @throws HipError of inputs that are not there or of no use */
export async function surveyCall(call: SubmittedCall): Promise<SurveyedCall> {
  if (call.verb === "train") return surveyTraining(call);
  const { verb, words, out } = call;
  return {
    work: { verb, words, out, kind: "items" },
    workload: await surveyItems(call),
    threads: threadsOf(call),
  };
}

const trainingKind = ({ folds, sweep }: SubmittedCall["flags"]): WorkKind =>
  sweep === undefined ? (folds === undefined ? "run" : "folds") : "sweep";

/** Where the inputs are only on the cluster: nothing is known but what the user states. */
export function unseenCall(call: SubmittedCall, tasks: number, why: string): SurveyedCall {
  const { verb, words, out, flags } = call;
  const isTraining = verb === "train";
  const kind: WorkKind = isTraining ? trainingKind(flags) : "items";
  return {
    work: { verb, words: isTraining ? withResume(words) : words, out, kind },
    workload: {
      items: tasks,
      noun: { items: "share", run: "run", folds: "fold", sweep: "trial" }[kind],
      cpuSeconds: undefined,
      itemSeconds: undefined,
      memoryMb: isTraining ? 7000 : 4000,
      cpus: isTraining ? 2 : 4,
      stretchSeconds: undefined,
      basis: [`Not looked at from this machine (${why}): memory is a guess, which --memory states`],
    },
    threads: threadsOf(call),
  };
}
