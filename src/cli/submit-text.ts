/** What `hipmri submit` tells: the plan, what was written or submitted, and what to do next. */
import { join, relative } from "node:path";
import { kubectlCommands, type Manifest } from "../cluster/kubernetes.ts";
import type { ClusterKind, ClusterPlan, Stage } from "../cluster/plan.ts";
import { formatMemory, slurmTime } from "../cluster/quantities.ts";
import type { SubmittedJob } from "../cluster/sbatch.ts";
import type { Script } from "../cluster/slurm.ts";
import { formatDuration } from "../core/duration.ts";
import { counted, wrapText } from "../core/text.ts";
import { commandLine } from "../node/shell.ts";
import { alignRows } from "./layout.ts";

const WIDTH = 96;

interface Submitted {
  readonly plan: ClusterPlan;
  readonly folder: string;
  readonly scripts: readonly Script[];
  readonly manifests: readonly Manifest[];
  readonly files: readonly string[];
  readonly jobs: readonly SubmittedJob[] | undefined;
  readonly isDryRun: boolean;
  readonly command: readonly string[];
}

/** A path as it is shortest to type here. */
function shortPath(path: string): string {
  const near = relative("", path);
  return near !== "" && near.length < path.length ? near : path;
}

function leadText(leadSeconds: number, cluster: ClusterKind): string {
  const lead = formatDuration(leadSeconds);
  return cluster === "slurm"
    ? `saves ${lead} before and is queued again`
    : `has ${lead} to save where its pod must go`;
}

function stageText(
  { name, tasks, atOnce, ranks, resources, after, leadSeconds }: Stage,
  cluster: ClusterKind,
): string {
  const { cpus, memoryMb, seconds } = resources;
  const parts = [
    tasks === 1 ? "one task" : `${tasks} tasks${atOnce === undefined ? "" : `, ${atOnce} at once`}`,
    ...(ranks > 1
      ? [`${ranks} ranks of ${counted(cpus, "CPU")} and ${formatMemory(memoryMb)} each`]
      : [counted(cpus, "CPU"), formatMemory(memoryMb)]),
    ...(seconds === undefined ? [] : [`at most ${slurmTime(seconds)}`]),
    ...(leadSeconds === undefined ? [] : [leadText(leadSeconds, cluster)]),
    ...(after === undefined ? [] : [`once ${after} has ended`]),
  ];
  return `${name}: ${parts.join(", ")}`;
}

/** A training that is not shared out. */
const isResumed = ({ stages }: ClusterPlan): boolean =>
  stages.length === 1 && stages[0]!.leadSeconds !== undefined;

const logsOf = ({ plan }: Submitted): string => join(shortPath(plan.out), "logs");

function nextRows(submitted: Submitted): (readonly [string, string | readonly string[]])[] {
  const { jobs, scripts, folder, manifests, plan } = submitted;
  const short = shortPath(folder);
  const again = isResumed(plan)
    ? "submit the same command with --resume behind it: it goes on"
    : "submit the same command again: what is done is skipped";
  if (jobs !== undefined) {
    const ids = jobs.map(({ id }) => id).join(",");
    return [
      ["Jobs", jobs.map(({ stage, id }) => `${id}  ${stage}`)],
      [
        "Watch",
        [
          `squeue --jobs ${ids}`,
          `tail -f ${logsOf(submitted)}/*`,
          ...(isResumed(plan) ? [commandLine(["hipmri", "serve", shortPath(plan.out)])] : []),
        ],
      ],
      ["Cancel", `scancel ${jobs.map(({ id }) => id).join(" ")}`],
      ["If one fails", again],
    ];
  }
  if (manifests.length > 0)
    return [
      ["Next", kubectlCommands(manifests, short).map((words) => commandLine(words))],
      ["If one fails", [commandLine(["kubectl", "delete", `job/${manifests[0]!.name}`]), `then ${again}`]],
    ];
  return [
    [
      "Next",
      scripts.length > 1
        ? `bash ${commandLine([join(short, "submit.sh")])}, or the same command with --go`
        : `sbatch ${commandLine([join(short, scripts[0]!.file)])}, or the same command with --go`,
    ],
  ];
}

const titled = (title: string, text: string): string => `==> ${title} <==\n${text.trimEnd()}`;

export function submittedText(submitted: Submitted): string {
  const { plan, scripts, manifests, files, isDryRun, command } = submitted;
  const rows: (readonly [string, string | readonly string[]])[] = [
    ["Command", commandLine(["hipmri", ...command])],
    ["Plan", plan.stages.map((stage) => stageText(stage, plan.cluster))],
    ["Because", plan.basis.flatMap((line) => wrapText(line, WIDTH))],
  ];
  if (isDryRun) {
    return [
      alignRows(rows),
      ...scripts.map(({ file, text }) => titled(`SLURM: ${file}`, text)),
      ...manifests.map(({ file, yaml }) => titled(`Kubernetes: ${file}`, yaml)),
      "Nothing was written: leave --dry-run out to write, add --go to submit.",
    ].join("\n\n");
  }
  return alignRows([...rows, ["Files", files.map(shortPath)], ...nextRows(submitted)]);
}
