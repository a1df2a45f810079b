import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import {
  type KubernetesSettings,
  kubectlCommands,
  kubernetesManifests,
} from "../../src/cluster/kubernetes.ts";
import type { Stage } from "../../src/cluster/plan.ts";
import { makePlan, makeStage, MERGE as merge } from "./plans.ts";

/** What Kubernetes itself says a Job may hold, unknown fields being errors; scripts/make_kubernetes_schema.py made it. */
const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures/kubernetes-job.schema.json"), "utf8"),
);
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
const isJob = ajv.compile(schema);

const stage = (changes: Partial<Stage> = {}): Stage =>
  makeStage({
    words: ["predict", "model.onnx", "my scans", "--out", "masks", "--threads", "4"],
    ...changes,
  });
const train = stage({ name: "train", words: ["train", "data", "--resume"], tasks: 1, leadSeconds: 300 });
const SETTINGS: KubernetesSettings = {
  image: "registry.example/hipmri:1",
  claim: "archive",
  mount: "/work",
  submission: "0123abcd",
};
const manifestsOf = (...stages: readonly Stage[]) =>
  kubernetesManifests(makePlan("kubernetes", stages), SETTINGS);
const jobOf = (one: Stage) => parse(manifestsOf(one)[0]!.yaml);

describe("kubernetesManifests()", () => {
  test.each([
    ["tasks", stage()],
    ["tasks, two at once", stage({ atOnce: 2 })],
    ["what merges them", merge],
    ["a training", train],
    ["folds", stage({ ...train, tasks: 5 })],
  ])("are Jobs as Kubernetes has them: %s", (_, one) => {
    isJob(jobOf(one));
    expect(isJob.errors).toBeNull();
  });

  test("the schema tells what is no Job", () => {
    const job = jobOf(stage());
    expect(isJob({ ...job, spec: { ...job.spec, completionMod: "Indexed" } })).toBe(false);
    expect(isJob({ ...job, spec: { ...job.spec, completions: "8" } })).toBe(false);
    const [container] = job.spec.template.spec.containers;
    container.resources.request = {};
    expect(isJob(job)).toBe(false);
  });

  test("tasks are an Indexed Job that tells each of its pods how many there are", () => {
    const { spec } = jobOf(stage({ atOnce: 3 }));
    expect(spec).toMatchObject({
      completionMode: "Indexed",
      completions: 8,
      parallelism: 3,
      backoffLimitPerIndex: 2,
      maxFailedIndexes: 8,
    });
    const [container] = spec.template.spec.containers;
    expect(container.env).toContainEqual({ name: "JOB_COMPLETIONS", value: "8" });
    // The share comes from the environment: a manifest cannot do sums.
    expect(container.command).toEqual(["hipmri", ...stage().words]);
  });

  test("one task has no index and no share", () => {
    const { spec } = jobOf(merge);
    expect(Object.keys(spec).sort()).toEqual(["backoffLimit", "podFailurePolicy", "template"]);
    expect(JSON.stringify(spec)).not.toContain("JOB_COMPLETIONS");
  });

  test("asks for what it may use, and mounts the claim where the command runs", () => {
    const { template } = jobOf(stage()).spec;
    const [container] = template.spec.containers;
    const amount = { cpu: "4", memory: "3000Mi" };
    expect(container.resources).toEqual({ requests: amount, limits: amount });
    expect(template.spec.volumes).toEqual([
      { name: "work", persistentVolumeClaim: { claimName: "archive" } },
    ]);
    expect([container.volumeMounts, container.workingDir]).toEqual([
      [{ name: "work", mountPath: "/work" }],
      "/work",
    ]);
  });

  test("bad data and wrong usage are not tried again, lost nodes are", () => {
    const rules = (one: Stage) => jobOf(one).spec.podFailurePolicy.rules;
    expect(rules(stage()).map(({ action }: { action: string }) => action)).toEqual(["Ignore", "FailIndex"]);
    expect(rules(merge).map(({ action }: { action: string }) => action)).toEqual(["Ignore", "FailJob"]);
    expect(rules(stage())[1].onExitCodes.values).toEqual([1, 2]);
    // Both need it, by Kubernetes' own rules.
    expect(jobOf(stage()).spec.template.spec.restartPolicy).toBe("Never");
  });

  test("a training gets the time to save when its pod must go", () => {
    expect(jobOf(train).spec.template.spec.terminationGracePeriodSeconds).toBe(300);
    expect(jobOf(train).spec.backoffLimit).toBe(20);
    expect(jobOf(stage()).spec.template.spec.terminationGracePeriodSeconds).toBeUndefined();
  });

  test("names are what Kubernetes takes as names", () => {
    const names = manifestsOf(stage(), merge).map(({ name }) => name);
    expect(names).toEqual(["hipmri-predict-0123abcd", "hipmri-merge-0123abcd"]);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  });

  test("kubectl waits for the tasks before what merges them", () => {
    const commands = kubectlCommands(manifestsOf(stage(), merge), "masks/submit");
    expect(commands.map((words) => words.join(" "))).toEqual([
      "kubectl apply -f masks/submit/1-predict.yaml",
      "kubectl wait --for=condition=Complete --timeout=-1s job/hipmri-predict-0123abcd",
      "kubectl apply -f masks/submit/2-merge.yaml",
    ]);
  });
});
