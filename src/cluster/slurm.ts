/**
 * A plan as SLURM's sbatch scripts: https://slurm.schedmd.com/sbatch.html and job_array.html; tried on SLURM 22.05.
 * A training script asks for SIGUSR2 before its limit, passes it on, and queues itself again once the training has saved.
 */
import { basename, join } from "node:path";
import { SAVED_MARK_VARIABLE } from "../node/saved-mark.ts";
import { commandLine } from "../node/shell.ts";
import type { ClusterPlan, Stage } from "./plan.ts";
import { slurmTime } from "./quantities.ts";

export interface SlurmSettings {
  /** Words that start hipmri on a compute node, e.g. the absolute paths of node and bin/hipmri.js. */
  readonly hipmri: readonly string[];
  /** Where relative paths of the command are looked for. */
  readonly folder: string;
  /** The plan's --out, absolute. */
  readonly out: string;
  readonly partition?: string | undefined;
  readonly account?: string | undefined;
  /** Further options of sbatch: name, and value where it takes one. */
  readonly options: readonly (readonly [name: string, value: string | undefined])[];
  /** The version that writes the scripts. */
  readonly version: string;
}

export interface Script {
  readonly stage: string;
  /** A plain file name. */
  readonly file: string;
  readonly text: string;
  /** The stage that it waits for. */
  readonly after: string | undefined;
}

/** How often a training is queued again, at most: a guard against one that never ends. */
const MOST_RESTARTS = 500;
/** To queue a training again takes a moment: so much of the lead, half a minute at most, is left when waiting for it ends. */
const LEFT_OF_LEAD = { share: 0.25, mostSeconds: 30 } as const;

const patience = (leadSeconds: number): number =>
  Math.ceil(leadSeconds - Math.min(leadSeconds * LEFT_OF_LEAD.share, LEFT_OF_LEAD.mostSeconds));

/** A value as sbatch reads it in a #SBATCH line: in double quotes where it holds more than plain letters. */
const directiveValue = (value: string): string =>
  /^[\w@%+=:,./-]+$/.test(value) ? value : `"${value.replace(/(["\\])/g, "\\$1")}"`;

/** A path in which sbatch sees no pattern such as %j. */
const plainPath = (path: string): string => path.replaceAll("%", "%%");

function directives(stage: Stage, settings: SlurmSettings): string[] {
  const { tasks, atOnce, ranks, resources, leadSeconds } = stage;
  const { cpus, memoryMb, seconds } = resources;
  const isArray = tasks > 1;
  const log = `${plainPath(join(settings.out, "logs"))}/%x-${isArray ? "%A_%a" : "%j"}.log`;
  const options: (readonly [string, string | undefined])[] = [
    ["job-name", jobName(stage, settings)],
    ...(isArray ? [["array", `1-${tasks}${atOnce === undefined ? "" : `%${atOnce}`}`] as const] : []),
    ...(ranks > 1 ? [["ntasks", `${ranks}`] as const] : []),
    ["cpus-per-task", `${cpus}`],
    // Memory is that of one rank; with --mem it would be that of a node, however many ranks are on it.
    ranks > 1 ? ["mem-per-cpu", `${Math.ceil(memoryMb / cpus)}M`] : ["mem", `${memoryMb}M`],
    ...(seconds === undefined ? [] : [["time", slurmTime(seconds)] as const]),
    ...(leadSeconds === undefined ? [] : [["signal", `B:USR2@${leadSeconds}`] as const]),
    ["chdir", settings.folder],
    ["output", log],
    ["open-mode", "append"],
    ["requeue", undefined],
    ...(settings.partition === undefined ? [] : [["partition", settings.partition] as const]),
    ...(settings.account === undefined ? [] : [["account", settings.account] as const]),
    ...settings.options,
  ];
  return options.map(([name, value]) =>
    value === undefined ? `#SBATCH --${name}` : `#SBATCH --${name}=${directiveValue(value)}`,
  );
}

/** "hipmri-predict-masks": plain letters alone, since it becomes a part of the log's name. */
const jobName = ({ name }: Stage, { out }: SlurmSettings): string =>
  `hipmri-${name}-${basename(out).replace(/[^\w.-]+/g, "_")}`;

/** The command as bash words; the share is stated, so that a task of the array can also be run by itself. */
function commandOf({ words, tasks, ranks }: Stage): string {
  const launcher = ranks > 1 ? `mpirun -n ${ranks} ` : "";
  const share = tasks > 1 ? ` --shard "$SLURM_ARRAY_TASK_ID/${tasks}"` : "";
  return `${launcher}"\${hipmri[@]}" ${commandLine(words)}${share}`;
}

/**
 * Open MPI 4 reads OMPI_MCA_, 5 PRTE_MCA_, and others neither, whereas not every mpirun knows the flag --bind-to: bound to one
 * core, as Open MPI does by default, all threads of a rank would share it. scancel's SIGTERM comes to mpirun itself, too, which
 * kills its ranks after so many seconds (1 by default) and waits twice as long: within SLURM's own KillWait of 30.
 */
const FOR_MPI = `# Open MPI 4 and 5: no rank is bound to a single core; ranks have 10 s to save when mpirun itself is told to end.
export OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_hwloc_default_binding_policy=none
export OMPI_MCA_odls_base_sigkill_timeout=10 PRTE_MCA_odls_base_sigkill_timeout=10
`;

const start = (stage: Stage, { hipmri }: SlurmSettings): string => `
echo "$(date '+%F %T') job $SLURM_JOB_ID on $(hostname -s), start $((\${SLURM_RESTART_COUNT:-0} + 1))"
export OMP_NUM_THREADS=${stage.resources.cpus} UV_THREADPOOL_SIZE=${Math.max(4, stage.resources.cpus)}
${stage.ranks > 1 ? FOR_MPI : ""}hipmri=(${commandLine(hipmri)})
`;

/** Whatever ends the task is what the job ends with: nothing goes on by itself. */
const plainBody = (stage: Stage): string => `
exec ${commandOf(stage)}
`;

/**
 * The training runs beside the shell, which alone gets SLURM's signal (B:) and could not act on it while it waits for a
 * program in the foreground. mpirun passes SIGUSR2 on; at SIGTERM it kills its ranks, saved or not. A run that was interrupted ends with 128 or more; errors and successes are not queued again.
 */
const resumingBody = (stage: Stage, leadSeconds: number, settings: SlurmSettings): string => `
out=${commandLine([settings.out])}
# The training leaves this file once it has saved a step; each task of an array has a job number of its own.
export ${SAVED_MARK_VARIABLE}="$out/logs/.saved-$SLURM_JOB_ID"
rm -f "$${SAVED_MARK_VARIABLE}"
trap 'rm -f "$${SAVED_MARK_VARIABLE}"' EXIT

limit=
child=
trap 'limit=near; echo "$(date "+%F %T") the time limit is near: the training saves and is queued again"; kill -USR2 $child 2>/dev/null || true' USR2
trap 'kill -${stage.ranks > 1 ? "USR2" : "TERM"} $child 2>/dev/null || true' TERM

queue_again() {
  if [ ! -e "$${SAVED_MARK_VARIABLE}" ]; then
    echo "No step was saved within the time limit, so it is not queued again: raise --time or --lead" >&2
    exit 1
  fi
  if [ "\${SLURM_RESTART_COUNT:-0}" -ge ${MOST_RESTARTS} ]; then
    echo "Queued again ${MOST_RESTARTS} times already: submit it once more to go on" >&2
    exit 1
  fi
  # Ends this job: what stands below is reached only where SLURM refuses.
  scontrol requeue "$SLURM_JOB_ID" && sleep 60
  echo "SLURM did not queue the job again: submit it once more to go on" >&2
  exit "$1"
}

${commandOf(stage)} &
child=$!
status=0
while kill -0 $child 2>/dev/null; do
  wait $child && status=0 || status=$?
  if [ -n "$limit" ]; then
    for ((left = ${patience(leadSeconds)}; left > 0; left--)); do
      kill -0 $child 2>/dev/null || break
      sleep 1
    done
    # Amid a long validation; the last checkpoint is what it goes on from.
    if kill -0 $child 2>/dev/null; then queue_again 130; fi
  fi
done
# Where a signal ended the waiting, the status was the signal's; bash knows the program's own once.
wait $child 2>/dev/null && ended=0 || ended=$?
if [ "$ended" -ne 127 ]; then status=$ended; fi
if [ -n "$limit" ] && [ "$status" -ge 128 ]; then queue_again "$status"; fi
exit "$status"
`;

function scriptText(stage: Stage, settings: SlurmSettings): string {
  const { tasks, leadSeconds } = stage;
  const how = tasks > 1 ? `task $SLURM_ARRAY_TASK_ID of ${tasks}` : "one job";
  return [
    "#!/usr/bin/env bash",
    `# hipmri-unet ${settings.version}: ${stage.name}, ${how}. Written by "hipmri submit"; may be edited and given to sbatch by hand.`,
    ...directives(stage, settings),
    "set -euo pipefail",
    start(stage, settings).trim(),
    leadSeconds === undefined ? plainBody(stage).trim() : resumingBody(stage, leadSeconds, settings).trim(),
    "",
  ].join("\n");
}

/** The scripts of a plan, in the order in which they are submitted. */
export function slurmScripts(plan: ClusterPlan, settings: SlurmSettings): readonly Script[] {
  return plan.stages.map((stage, i) => ({
    stage: stage.name,
    file: `${i + 1}-${stage.name}.sh`,
    text: scriptText(stage, settings),
    after: stage.after,
  }));
}

/** sbatch's words for a script, once the job that it waits for has its number. */
export function sbatchWords(path: string, afterJob: string | undefined): readonly string[] {
  const waits = afterJob === undefined ? [] : [`--dependency=afterany:${afterJob}`];
  return ["sbatch", "--parsable", ...waits, path];
}

/** A script that submits all of them, the later ones waiting for the earlier ones. */
export function submitAll(scripts: readonly Script[]): string {
  const variable = (stage: string): string => `${stage.replace(/\W/g, "_")}_job`;
  const lines = scripts.map(({ stage, file, after }) => {
    const waits = after === undefined ? "" : ` --dependency=afterany:"$${variable(after)}"`;
    return `${variable(stage)}=$(sbatch --parsable${waits} ${file})\necho "${stage} is job $${variable(stage)}"`;
  });
  return ["#!/usr/bin/env bash", "set -euo pipefail", 'cd "$(dirname "$0")"', ...lines, ""].join("\n");
}
