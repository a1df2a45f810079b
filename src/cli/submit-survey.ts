/** From a submitted command to what a cluster's plan is made of: the words of its tasks, and how large its work is. */
import { join } from "node:path";
import type { Work, WorkKind, Workload } from "../cluster/plan.ts";
import { HipError } from "../core/errors.ts";
import type { LayoutName } from "../dataset/types.ts";
import type { SubmittedCall } from "./submit-call.ts";
import { type Flags as TrainFlags, trainOptions } from "./train.ts";

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

/** Of the folders that a training writes to. @throws HipError "usage" where one has a run that is not to go on */
async function checkRuns(out: string, folds: number, resume: boolean): Promise<void> {
  const { checkRunFolder } = await import("../node/run-folder.ts");
  const runs = folds === 0 ? [out] : Array.from({ length: folds }, (_, k) => join(out, `fold_${k}`));
  for (const run of runs) {
    try {
      await checkRunFolder(run, { resume, overwrite: false });
    } catch (error) {
      if (!(error instanceof HipError) || error.code !== "usage") throw error;
      throw new HipError("usage", error.message, {
        hint: "Go on with --resume behind the command, or give another --out",
      });
    }
  }
}

async function surveyTraining(call: SubmittedCall): Promise<SurveyedCall> {
  const { surveyTrain } = await import("../cluster/survey-train.ts");
  const { operands, words, out } = call;
  const flags = call.flags as TrainFlags;
  const [data = ""] = operands;
  const folds = flags.folds ?? 0;
  await checkRuns(out, folds, flags.resume ?? false);
  const { config } = await trainOptions(data, flags, []);
  const kind: WorkKind = folds === 0 ? "run" : "folds";
  const workload = await surveyTrain({
    data,
    layout: flags.layout,
    config,
    out,
    runs: Math.max(1, folds),
    noun: folds === 0 ? "run" : "fold",
  });
  return {
    // A task that starts again goes on; of a folder without a run it starts one.
    work: { verb: "train", words: flags.resume ? words : [...words, "--resume"], out, kind },
    workload,
    threads: flags.threads ?? (flags.resume ? config.threads : undefined),
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

/** Where the inputs are only on the cluster: nothing is known but what the user states. */
export function unseenCall(call: SubmittedCall, tasks: number, why: string): SurveyedCall {
  const { verb, words, out, flags } = call;
  const isTraining = verb === "train";
  const kind: WorkKind = !isTraining ? "items" : flags.folds === undefined ? "run" : "folds";
  return {
    work: { verb, words: isTraining && !flags.resume ? [...words, "--resume"] : words, out, kind },
    workload: {
      items: tasks,
      noun: isTraining ? (kind === "run" ? "run" : "fold") : "share",
      cpuSeconds: undefined,
      itemSeconds: undefined,
      memoryMb: isTraining ? 7000 : 4000,
      cpus: isTraining ? 2 : 4,
      stretchSeconds: undefined,
      basis: [`Not looked at from this machine (${why}): memory is a guess; --memory and --time state it`],
    },
    threads: threadsOf(call),
  };
}
