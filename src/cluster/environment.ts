/** Which share of the work a task of a cluster's array has, by the variables that the cluster sets. */
import { HipError } from "../core/errors.ts";
import type { Shard } from "../core/shard.ts";

export interface EnvironmentShare {
  readonly shard: Shard;
  /** What says so, for people: "a SLURM array". */
  readonly source: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

function unknownShare(source: string, found: string): never {
  throw new HipError("usage", `Cannot tell which share of the work is this task's of ${source}: ${found}`, {
    hint: "Say it with --shard i/n, task i of n counted from 1; --shard 1/1 does all",
  });
}

const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** As NAME=VALUE, those that are set. */
const listed = (names: readonly string[], env: Environment): string =>
  names.map((name) => `${name}=${env[name] ?? ""}`).join(", ");

const SLURM = "a SLURM array";
const SLURM_NAMES = ["ID", "COUNT", "MIN", "MAX", "STEP"].map((name) => `SLURM_ARRAY_TASK_${name}`);

/** Tasks of `--array=MIN-MAX:STEP`; lists such as 3,5 say nothing of a task's place among them. */
function shareOfSlurm(env: Environment): EnvironmentShare {
  const found = listed(SLURM_NAMES, env);
  const numbers = SLURM_NAMES.map((name) => (/^\d+$/.test(env[name] ?? "") ? Number(env[name]) : Number.NaN));
  const [id, count, min, max, step] = numbers as [number, number, number, number, number];
  if (!numbers.every(isWhole) || step < 1) return unknownShare(SLURM, `found ${found}`);
  if (Math.floor((max - min) / step) + 1 !== count)
    return unknownShare(SLURM, `its tasks must be evenly spaced (--array=1-8), found ${found}`);
  const place = (id - min) / step;
  if (!Number.isSafeInteger(place) || place < 0 || place >= count)
    return unknownShare(SLURM, `found ${found}`);
  return { shard: { index: place + 1, count }, source: SLURM };
}

const KUBERNETES = "a Kubernetes Indexed Job";
const KUBERNETES_NAMES = ["JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"];

/** Kubernetes sets the index, from 0, and leaves it to the manifest to tell how many there are. */
function shareOfKubernetes(env: Environment): EnvironmentShare {
  const found = listed(KUBERNETES_NAMES, env);
  const [index, count] = KUBERNETES_NAMES.map((name) =>
    /^\d+$/.test(env[name] ?? "") ? Number(env[name]) : Number.NaN,
  ) as [number, number];
  if (!isWhole(index) || !isWhole(count) || index >= count)
    return unknownShare(KUBERNETES, `the manifest must set JOB_COMPLETIONS, found ${found}`);
  return { shard: { index: index + 1, count }, source: KUBERNETES };
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== "";

/**
 * The share of a task of a SLURM array or of a Kubernetes Indexed Job; undefined outside of both.
 * @throws HipError "usage" where the variables do not say which share it is
 */
export function shareOfEnvironment(env: Environment): EnvironmentShare | undefined {
  if (isSet(env.SLURM_ARRAY_TASK_ID)) return shareOfSlurm(env);
  if (isSet(env.JOB_COMPLETION_INDEX)) return shareOfKubernetes(env);
  return undefined;
}
