/** What `hipmri submit` does: reads the command, plans it, and writes, shows or submits its tasks. */
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { type KubernetesSettings, kubernetesManifests, type Manifest } from "../cluster/kubernetes.ts";
import { type ClusterPlan, planWork } from "../cluster/plan.ts";
import { isOnPath, type SubmittedJob, submitScripts } from "../cluster/sbatch.ts";
import { type Script, slurmScripts, submitAll } from "../cluster/slurm.ts";
import { OWN_COMMAND } from "../cluster/worker.ts";
import { HipError } from "../core/errors.ts";
import { makeFolder, writeFileAtomic } from "../node/atomic.ts";
import { countOfShares } from "../node/shard-store.ts";
import { VERSION } from "../node/version.ts";
import type { Outcome } from "./outcome.ts";
import { readCall, type SubmittedCall } from "./submit-call.ts";
import { readSettings, type SubmitFlags, type SubmitSettings } from "./submit-options.ts";
import { type SurveyedCall, surveyCall, unseenCall } from "./submit-survey.ts";
import { submittedText } from "./submit-text.ts";

/** Everything that is wrong, as one error; a single problem stands by itself. */
function refuse(problems: readonly string[]): never {
  const hint = '"hipmri submit --help" tells the flags; the command stands behind "--"';
  if (problems.length === 1) throw new HipError("usage", problems[0]!, { hint });
  throw new HipError("usage", `Cannot submit: ${problems.length} problems`, { problems, hint });
}

/** Of inputs that only the cluster has, what the user states must do. */
async function survey(call: SubmittedCall, flags: SubmitFlags, settings: SubmitSettings) {
  try {
    return await surveyCall(call);
  } catch (error) {
    const isElsewhere = flags.kubernetes && error instanceof HipError && error.code === "not-found";
    if (!isElsewhere) throw error;
    const { folds, sweep } = call.flags;
    const runs =
      typeof folds === "number" ? folds : sweep === undefined && call.verb === "train" ? 1 : undefined;
    const tasks = settings.wishes.tasks ?? runs;
    if (tasks === undefined)
      refuse([`--tasks is needed: how much there is to do cannot be seen from here (${error.message})`]);
    return unseenCall(call, tasks, error.message);
  }
}

/** Shards that are there already are of one count: others would share the work out otherwise. */
async function tasksBefore(out: string, wished: number | undefined): Promise<number | undefined> {
  const count = await countOfShares(out);
  if (count === undefined) return wished;
  if (wished === undefined || wished === count) return count;
  throw new HipError("usage", `--tasks must be ${count}: "${out}" holds shards of ${count}, got ${wished}`, {
    hint: `Give --tasks ${count} to do what is missing, or another --out`,
  });
}

/** The command with as many threads as its tasks have CPUs; what it states itself stays. */
async function planCall(
  call: SubmittedCall,
  { work, workload, threads }: SurveyedCall,
  { wishes }: SubmitSettings,
  { kubernetes }: SubmitFlags,
): Promise<ClusterPlan> {
  const cpus = wishes.cpus ?? threads ?? workload.cpus;
  if (threads !== undefined && wishes.cpus !== undefined && wishes.cpus < threads)
    refuse([`--cpus ${wishes.cpus} are fewer than the ${threads} threads of the command: give one of them`]);
  const hasThreads = call.verb === "predict" || call.verb === "evaluate" || call.verb === "train";
  const words = hasThreads && threads === undefined ? [...work.words, "--threads", `${cpus}`] : work.words;
  const tasks = await tasksBefore(call.out, wishes.tasks);
  return planWork(
    { ...work, words },
    workload,
    { ...wishes, cpus, tasks },
    kubernetes ? "kubernetes" : "slurm",
  );
}

interface Written {
  readonly plan: ClusterPlan;
  readonly folder: string;
  readonly scripts: readonly Script[];
  readonly manifests: readonly Manifest[];
}

function writeDown(
  plan: ClusterPlan,
  call: SubmittedCall,
  flags: SubmitFlags,
  settings: SubmitSettings,
): Written {
  const submission = randomBytes(4).toString("hex");
  const { partition, account, image = "IMAGE", claim = "CLAIM", mount = "/work" } = flags;
  const kubernetes: KubernetesSettings = { image, claim, mount, submission };
  const isForSlurm = !flags.kubernetes;
  const isForKubernetes = flags.kubernetes || (flags.dryRun && (settings.wishes.ranks ?? 1) === 1);
  return {
    plan,
    folder: resolve(flags.outScripts ?? join(call.out, "submit")),
    scripts: isForSlurm
      ? slurmScripts(plan, {
          // By absolute paths: a compute node starts it whatever its PATH.
          hipmri: OWN_COMMAND,
          folder: process.cwd(),
          out: resolve(plan.out),
          partition,
          account,
          options: settings.slurm,
          version: VERSION,
        })
      : [],
    manifests: isForKubernetes ? kubernetesManifests(plan, kubernetes) : [],
  };
}

async function writeFiles({ plan, folder, scripts, manifests }: Written): Promise<readonly string[]> {
  await makeFolder(folder);
  const files: (readonly [string, string])[] = [
    ...scripts.map(({ file, text }) => [file, text] as const),
    ...manifests.map(({ file, yaml }) => [file, yaml] as const),
    ...(scripts.length > 1 ? [["submit.sh", submitAll(scripts)] as const] : []),
  ];
  // SLURM writes no log where the folder is not there, and says nothing of it.
  if (scripts.length > 0) await makeFolder(join(plan.out, "logs"));
  for (const [name, text] of files) await writeFileAtomic(join(folder, name), text);
  return files.map(([name]) => join(folder, name));
}

/**
 * @param words the command, its verb first
 * @throws HipError "usage" with everything that is wrong with the flags and the command; of inputs that are not there or of no use
 */
export async function submit(
  program: Command,
  words: readonly string[],
  flags: SubmitFlags,
): Promise<Outcome> {
  const problems: string[] = [];
  const settings = readSettings(flags, problems);
  const call = await readCall(program, words, problems);
  if (flags.go && !flags.kubernetes && !isOnPath("sbatch"))
    problems.push("sbatch is not found: --go must run on a node of a SLURM cluster that may submit jobs");
  if (call === undefined || problems.length > 0) return refuse(problems);
  const surveyed = await survey(call, flags, settings);
  const plan = await planCall(call, surveyed, settings, flags);
  const written = writeDown(plan, call, flags, settings);
  const files = flags.dryRun ? [] : await writeFiles(written);
  let jobs: readonly SubmittedJob[] | undefined;
  if (flags.go) jobs = await submitScripts(written.folder, written.scripts);
  const { stages, basis, verb, out } = plan;
  return {
    json: {
      verb,
      out,
      stages,
      basis,
      files,
      ...(jobs === undefined ? {} : { jobs }),
      ...(flags.dryRun ? { scripts: written.scripts, manifests: written.manifests } : {}),
    },
    text: submittedText({ ...written, files, jobs, isDryRun: flags.dryRun ?? false, command: call.words }),
  };
}
