/** Stages and plans for the tests of what is made of them. */
import type { ClusterPlan, Stage } from "../../src/cluster/plan.ts";

/** A share of predict, eight in all, but for the changes. */
export const makeStage = (changes: Partial<Stage> = {}): Stage => ({
  name: "predict",
  words: ["predict", "model.onnx", "my scans", "--out", "masks"],
  tasks: 8,
  atOnce: undefined,
  ranks: 1,
  resources: { cpus: 4, memoryMb: 3000, seconds: 5400 },
  after: undefined,
  leadSeconds: undefined,
  ...changes,
});

/** What joins the shares of makeStage(). */
export const MERGE = makeStage({ name: "merge", words: ["merge", "masks"], tasks: 1, after: "predict" });

export const makePlan = (cluster: ClusterPlan["cluster"], stages: readonly Stage[]): ClusterPlan => ({
  cluster,
  verb: "predict",
  out: "masks",
  stages,
  basis: [],
});
