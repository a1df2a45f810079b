/** The flags of `hipmri submit` itself, read together so that all that is wrong with them is told at once. */

import type { Wishes } from "../cluster/plan.ts";
import { parseDuration, parseMemoryMb } from "../cluster/quantities.ts";
import { HipError } from "../core/errors.ts";
import { wholeNumber } from "./values.ts";
import type { CommonFlags } from "./verb.ts";

export interface SubmitFlags extends CommonFlags {
  readonly go?: true;
  readonly dryRun?: true;
  readonly tasks?: string;
  readonly atOnce?: string;
  readonly time?: string;
  readonly lead?: string;
  readonly memory?: string;
  readonly cpus?: string;
  readonly ranks?: string;
  readonly partition?: string;
  readonly account?: string;
  readonly slurm?: readonly string[];
  readonly kubernetes?: true;
  readonly image?: string;
  readonly claim?: string;
  readonly mount?: string;
  readonly outScripts?: string;
}

export interface SubmitSettings {
  readonly wishes: Wishes;
  /** Further options of sbatch. */
  readonly slurm: readonly (readonly [name: string, value: string | undefined])[];
}

/** What the scripts state themselves; a second line of the same name would win unseen. */
const OWN_OPTIONS: Readonly<Record<string, string>> = {
  array: "--tasks",
  time: "--time",
  mem: "--memory",
  "mem-per-cpu": "--memory",
  "cpus-per-task": "--cpus",
  ntasks: "--ranks",
  partition: "--partition",
  account: "--account",
  signal: "--lead",
  output: "--out",
  chdir: "the folder that submit is run in",
  dependency: "the order of the stages",
  "job-name": "the verb and --out",
  "open-mode": "submit",
  requeue: "submit",
  "no-requeue": "submit",
};

/** "constraint=avx512", "exclusive". @throws HipError "usage" */
function parseSlurmOption(text: string): readonly [string, string | undefined] {
  const [, name, value] = /^(?:--)?([a-z][a-z-]*)(?:=([^\n\r]+))?$/.exec(text) ?? [];
  if (name === undefined) {
    throw new HipError("usage", `--slurm must be an option of sbatch, name=value or name, got "${text}"`);
  }
  const own = OWN_OPTIONS[name];
  if (own !== undefined) throw new HipError("usage", `--slurm ${name}: that is set by ${own}`);
  return [name, value];
}

/** Plain words: they come into scripts. */
function plainWord(flag: string, text: string): string {
  if (/^[\w.,:+@-]+$/.test(text)) return text;
  throw new HipError("usage", `${flag} must be a name, got "${text}"`);
}

/** A lower-case name as Kubernetes has it (RFC 1123). */
function kubernetesName(flag: string, text: string): string {
  if (/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)) return text;
  throw new HipError(
    "usage",
    `${flag} must be a name of lower-case letters, digits, "-" and ".", got "${text}"`,
  );
}

function checkKubernetes(flags: SubmitFlags, problems: string[]): void {
  const { kubernetes, image, claim, mount, ranks, go, time, partition, account, slurm } = flags;
  if (kubernetes === undefined) {
    const given = Object.entries({ image, claim, mount }).filter(([, value]) => value !== undefined);
    for (const [name] of given) problems.push(`--${name} is for --kubernetes: add that`);
    return;
  }
  if (image === undefined) problems.push("--image is needed with --kubernetes: an image that holds hipmri");
  if (claim === undefined)
    problems.push("--claim is needed with --kubernetes: the PersistentVolumeClaim with the data");
  if (mount !== undefined && !/^\/[^\n\r:]*$/.test(mount))
    problems.push(`--mount must be an absolute path, got "${mount}"`);
  if (go)
    problems.push(
      "--go is for SLURM: leave it out with --kubernetes, and apply the files with kubectl as submit tells",
    );
  if (time !== undefined)
    problems.push("--time is for SLURM: Jobs of Kubernetes have no time limit, leave it out");
  for (const [name, value] of Object.entries({ partition, account, slurm }))
    if (value !== undefined) problems.push(`--${name} is for SLURM: leave it out with --kubernetes`);
  if (ranks !== undefined)
    problems.push("--ranks is for SLURM: MPI on Kubernetes wants an operator of its own");
}

/** @param problems takes everything that is wrong */
export function readSettings(flags: SubmitFlags, problems: string[]): SubmitSettings {
  const read = <T>(text: string | undefined, parse: (text: string) => T): T | undefined => {
    if (text === undefined) return undefined;
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof HipError)) throw error;
      problems.push(error.hint === undefined ? error.message : `${error.message} (${error.hint})`);
      return undefined;
    }
  };
  const settings: SubmitSettings = {
    wishes: {
      tasks: read(flags.tasks, wholeNumber("--tasks", 1)),
      atOnce: read(flags.atOnce, wholeNumber("--at-once", 1)),
      seconds: read(flags.time, (text) => parseDuration("--time", text)),
      leadSeconds: read(flags.lead, (text) => parseDuration("--lead", text)),
      memoryMb: read(flags.memory, (text) => parseMemoryMb("--memory", text)),
      cpus: read(flags.cpus, wholeNumber("--cpus", 1)),
      ranks: read(flags.ranks, wholeNumber("--ranks", 1)),
    },
    slurm: (flags.slurm ?? []).flatMap((text) => {
      const option = read(text, parseSlurmOption);
      return option === undefined ? [] : [option];
    }),
  };
  read(flags.partition, (text) => plainWord("--partition", text));
  read(flags.account, (text) => plainWord("--account", text));
  read(flags.claim, (text) => kubernetesName("--claim", text));
  if (flags.go && flags.dryRun) problems.push("--go submits and --dry-run writes nothing: give one of them");
  checkKubernetes(flags, problems);
  return settings;
}
