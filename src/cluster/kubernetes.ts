/**
 * A plan as Kubernetes Jobs of batch/v1: https://kubernetes.io/docs/concepts/workloads/controllers/job/. Tasks are an Indexed
 * Job, each of whose pods reads its share from JOB_COMPLETION_INDEX, which Kubernetes sets, and JOB_COMPLETIONS, which
 * stands in the manifest. Jobs know no dependencies: what merges is a manifest of its own, applied once the tasks have
 * completed, so that no pod holds memory while it waits for others.
 */
import { stringify } from "yaml";
import type { ClusterPlan, Stage } from "./plan.ts";

export interface KubernetesSettings {
  /** An image in which `hipmri` can be started. */
  readonly image: string;
  /** A PersistentVolumeClaim that holds data, models and results; several pods write to it at once (ReadWriteMany). */
  readonly claim: string;
  /** Where the claim is mounted, absolute; relative paths of the command start there. */
  readonly mount: string;
  /**
   * What tells two submissions apart in names, be they of the same command: lower-case letters and digits. A Job that has
   * ended, well or not, stays as it is whenever a manifest of its name is applied.
   */
  readonly submission: string;
}

export interface Manifest {
  readonly stage: string;
  /** A plain file name. */
  readonly file: string;
  /** Of the Job. */
  readonly name: string;
  readonly yaml: string;
  /** The stage that must have ended before it is applied. */
  readonly after: string | undefined;
}

/** A pod that fails for another reason than its node is started again so often. */
const RETRIES = 2;
/** Of trainings, which go on where they were: nodes go away more often over days. */
const TRAINING_RETRIES = 20;
/** hipmri's exit codes for bad data and for wrong usage: trying again changes nothing. */
const HOPELESS = [1, 2] as const;

/** A name as Kubernetes takes it: RFC 1123, at most 63 letters, of which Kubernetes needs some for the pods' own. */
function jobName({ name }: Stage, { submission }: KubernetesSettings): string {
  return `hipmri-${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-${submission}`.slice(0, 52);
}

function containerOf(stage: Stage, settings: KubernetesSettings) {
  const { words, tasks, resources } = stage;
  const { cpus, memoryMb } = resources;
  const amount = { cpu: `${cpus}`, memory: `${memoryMb}Mi` };
  return {
    name: "hipmri",
    image: settings.image,
    // Without a shell between, so that the signal that ends a pod reaches hipmri, which then saves.
    command: ["hipmri", ...words],
    workingDir: settings.mount,
    env: [
      ...(tasks > 1 ? [{ name: "JOB_COMPLETIONS", value: `${tasks}` }] : []),
      { name: "OMP_NUM_THREADS", value: `${cpus}` },
      { name: "UV_THREADPOOL_SIZE", value: `${Math.max(4, cpus)}` },
      // The home of an image is often not to be written to.
      { name: "HIPMRI_CACHE", value: "/tmp/hipmri-cache" },
    ],
    resources: { requests: amount, limits: amount },
    volumeMounts: [{ name: "work", mountPath: settings.mount }],
  };
}

function jobOf(stage: Stage, settings: KubernetesSettings) {
  const { tasks, atOnce, leadSeconds } = stage;
  const isIndexed = tasks > 1;
  const retries = leadSeconds === undefined ? RETRIES : TRAINING_RETRIES;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: jobName(stage, settings),
      labels: { "app.kubernetes.io/name": "hipmri", "app.kubernetes.io/component": stage.name },
    },
    spec: {
      ...(isIndexed
        ? {
            completionMode: "Indexed",
            completions: tasks,
            parallelism: Math.min(atOnce ?? tasks, tasks),
            // One share that fails keeps no other from being done.
            backoffLimitPerIndex: retries,
            maxFailedIndexes: tasks,
          }
        : { backoffLimit: retries }),
      podFailurePolicy: {
        rules: [
          // A node that goes away is no failure of the task.
          { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
          {
            action: isIndexed ? "FailIndex" : "FailJob",
            onExitCodes: { containerName: "hipmri", operator: "In", values: [...HOPELESS] },
          },
        ],
      },
      template: {
        metadata: { labels: { "app.kubernetes.io/name": "hipmri" } },
        spec: {
          restartPolicy: "Never",
          ...(leadSeconds === undefined ? {} : { terminationGracePeriodSeconds: leadSeconds }),
          containers: [containerOf(stage, settings)],
          volumes: [{ name: "work", persistentVolumeClaim: { claimName: settings.claim } }],
        },
      },
    },
  };
}

/** The manifests of a plan, in the order in which they are applied. */
export function kubernetesManifests(plan: ClusterPlan, settings: KubernetesSettings): readonly Manifest[] {
  return plan.stages.map((stage, i) => {
    const job = jobOf(stage, settings);
    return {
      stage: stage.name,
      file: `${i + 1}-${stage.name}.yaml`,
      name: job.metadata.name,
      yaml: stringify(job, { lineWidth: 0, aliasDuplicateObjects: false }),
      after: stage.after,
    };
  });
}

/**
 * kubectl's words: apply each manifest once the one before has completed. Where tasks fail for good, waiting does not end:
 * whoever sees that applies the next by hand, or submits again.
 */
export function kubectlCommands(
  manifests: readonly Manifest[],
  folder: string,
): readonly (readonly string[])[] {
  return manifests.flatMap(({ file, after }) => {
    const before = manifests.find(({ stage }) => stage === after);
    const apply = ["kubectl", "apply", "-f", `${folder}/${file}`];
    return before === undefined
      ? [apply]
      : [["kubectl", "wait", "--for=condition=Complete", "--timeout=-1s", `job/${before.name}`], apply];
  });
}
