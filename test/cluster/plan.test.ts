import { describe, expect, test } from "vitest";
import { planWork, type Wishes, type Work, type Workload } from "../../src/cluster/plan.ts";

const PREDICT: Work = {
  verb: "predict",
  words: ["predict", "run", "scans", "--out", "masks"],
  out: "masks",
  kind: "items",
};
const TRAIN: Work = { verb: "train", words: ["train", "data", "--out", "run"], out: "run", kind: "run" };
const FOLDS: Work = { ...TRAIN, kind: "folds" };

const workload = (changes: Partial<Workload> = {}): Workload => ({
  items: 1000,
  noun: "scan",
  cpuSeconds: 40_000,
  itemSeconds: undefined,
  memoryMb: 1000,
  cpus: 4,
  stretchSeconds: undefined,
  basis: ["1000 scans"],
  ...changes,
});
const training = (changes: Partial<Workload> = {}): Workload =>
  workload({ items: 1, noun: "run", cpuSeconds: undefined, itemSeconds: 3600, cpus: 2, ...changes });
const plan = (work: Work, load: Workload, wishes: Wishes = {}) => planWork(work, load, wishes);

describe("planWork() of scans", () => {
  test("shares them out in tasks of about half an hour, and merges once all have ended", () => {
    const { stages } = plan(PREDICT, workload());
    // 40,000 CPU seconds on 4 CPUs are 10,000 s.
    expect(stages.map(({ name, tasks, after, words }) => ({ name, tasks, after, words }))).toEqual([
      { name: "predict", tasks: 6, after: undefined, words: PREDICT.words },
      { name: "merge", tasks: 1, after: "predict", words: ["merge", "masks"] },
    ]);
  });

  test("gives a task twice its estimated time, and five minutes to start", () => {
    const [tasks] = plan(PREDICT, workload(), { tasks: 10 }).stages;
    // 100 scans of 10 s are 1000 s.
    expect(tasks!.resources.seconds).toBe(2400);
    expect(tasks!.leadSeconds).toBeUndefined();
  });

  test("asks for more memory than is estimated, for the cases that are kept", () => {
    const { stages, basis } = plan(PREDICT, workload());
    expect(stages.map(({ resources }) => resources.memoryMb)).toEqual([2048, 2048]);
    expect(basis).toContain("Memory is estimated at 1000 MB a task, 2 GB asked for");
  });

  test("more CPUs, fewer tasks", () => {
    expect(plan(PREDICT, workload(), { cpus: 16 }).stages[0]).toMatchObject({
      tasks: 2,
      resources: { cpus: 16 },
    });
  });

  test("what is stated stands", () => {
    const wishes = { tasks: 3, seconds: 90_000, memoryMb: 9000, cpus: 2, atOnce: 2 };
    expect(plan(PREDICT, workload(), wishes).stages[0]).toMatchObject({
      tasks: 3,
      atOnce: 2,
      resources: { seconds: 90_000, memoryMb: 9000, cpus: 2 },
    });
  });

  test("never makes more tasks than there are scans, and says so", () => {
    const { stages, basis } = plan(PREDICT, workload({ items: 3 }), { tasks: 8 });
    expect(stages[0]!.tasks).toBe(3);
    expect(basis).toContain("--tasks 8: 3 are enough for 3 scans");
  });

  test("a thousand tasks are the most: SLURM's own limit", () => {
    expect(plan(PREDICT, workload({ items: 1e6, cpuSeconds: 1e9 })).stages[0]!.tasks).toBe(1000);
  });

  test("little work is one task, which needs no merging", () => {
    const { stages } = plan(PREDICT, workload({ items: 5, cpuSeconds: 100 }));
    expect(stages.map(({ name, tasks }) => [name, tasks])).toEqual([["predict", 1]]);
  });

  test("says where the stated limit is too short", () => {
    const { basis } = plan(PREDICT, workload(), { tasks: 1, seconds: 3600 });
    expect(basis).toContain(
      "The limit of 1 h 00 min is less than the 2 h 47 min that the largest task may take: raise --time or --tasks",
    );
  });

  test("where nothing tells the time, eight tasks of four hours", () => {
    const { stages, basis } = plan(PREDICT, workload({ cpuSeconds: undefined }));
    expect(stages[0]).toMatchObject({ tasks: 8, resources: { seconds: 14_400 } });
    expect(basis).toContain(
      "Nothing tells how long a task takes: at the limit of 4 h 00 min SLURM ends it, to be begun anew: state --time, or more --tasks",
    );
    expect(basis.join("\n")).not.toContain("queued again");
  });

  test("where nothing tells the time of a training, it is queued again", () => {
    expect(plan(TRAIN, training({ itemSeconds: undefined })).basis).toContain(
      "Nothing tells how long a run takes: at the limit of 4 h 00 min it is queued again, and goes on",
    );
  });
});

describe("planWork() for Kubernetes, which has no time limit", () => {
  const onKubernetes = (work: Work, load: Workload, wishes: Wishes = {}) =>
    planWork(work, load, wishes, "kubernetes");

  test("says nothing of limits, nor of queues", () => {
    for (const [work, load] of [
      [PREDICT, workload()],
      [PREDICT, workload({ cpuSeconds: undefined })],
      [TRAIN, training()],
      [TRAIN, training({ itemSeconds: undefined })],
    ] as const) {
      const { stages, basis } = onKubernetes(work, load);
      expect(stages.map(({ resources }) => resources.seconds)).toEqual(stages.map(() => undefined));
      expect(basis.join("\n")).not.toMatch(/the limit|queued/);
      expect(basis.join("\n")).toContain("; nothing limits it");
    }
  });

  test("a training has its lead to save when its pod must go", () => {
    expect(onKubernetes(TRAIN, training()).stages[0]!.leadSeconds).toBe(120);
    expect(onKubernetes(TRAIN, training(), { leadSeconds: 900 }).stages[0]!.leadSeconds).toBe(900);
  });
});

describe("planWork() of trainings", () => {
  test("one training is one task, which saves two minutes before its limit", () => {
    const { stages } = plan(TRAIN, training());
    expect(stages).toHaveLength(1);
    // An hour, a quarter more, five minutes to start.
    expect(stages[0]).toMatchObject({ tasks: 1, leadSeconds: 120, resources: { cpus: 2, seconds: 4800 } });
  });

  test("steps of minutes want a longer lead", () => {
    expect(plan(TRAIN, training({ stretchSeconds: 200 })).stages[0]!.leadSeconds).toBe(460);
  });

  test("the lead leaves half of a short limit to work in", () => {
    expect(plan(TRAIN, training(), { seconds: 60 }).stages[0]!.leadSeconds).toBe(30);
    expect(plan(TRAIN, training(), { seconds: 60, leadSeconds: 50 }).stages[0]!.leadSeconds).toBe(50);
  });

  test("refuses a lead beyond the limit", () => {
    expect(() => plan(TRAIN, training(), { seconds: 60, leadSeconds: 60 })).toThrow(
      "--lead must be shorter than the time limit of 1 min 00 s, got 1 min 00 s",
    );
  });

  test("a limit below the estimate is no error: it is queued again", () => {
    expect(plan(TRAIN, training(), { seconds: 1800 }).basis).toContain(
      "The limit of 30 min 00 s is less than the 1 h 00 min estimated: the training is queued again, and goes on",
    );
  });

  test("is not shared out", () => {
    expect(() => plan(TRAIN, training(), { tasks: 4 })).toThrow(
      "--tasks must be 1 for one training, which is not shared out, got 4",
    );
  });

  test("folds are a task each, and so is what merges them", () => {
    const { stages } = plan(FOLDS, training({ items: 5, noun: "fold", memoryMb: 4000 }));
    expect(stages.map(({ name, tasks, leadSeconds }) => [name, tasks, leadSeconds])).toEqual([
      ["train", 5, 120],
      ["merge", 1, undefined],
    ]);
    expect(stages[1]!.resources).toEqual(stages[0]!.resources);
  });

  test("fewer tasks than folds train several folds each", () => {
    const [tasks] = plan(FOLDS, training({ items: 5, noun: "fold" }), { tasks: 2 }).stages;
    expect(tasks).toMatchObject({ tasks: 2, resources: { seconds: 13_800 } });
  });

  test("ranks are processes of one task", () => {
    expect(plan(TRAIN, training(), { ranks: 4 }).stages[0]).toMatchObject({ tasks: 1, ranks: 4 });
  });

  test("memory is that of each rank", () => {
    const { stages, basis } = plan(TRAIN, training(), { ranks: 4, memoryMb: 2048 });
    expect(stages[0]!.resources.memoryMb).toBe(2048);
    expect(basis).toContain("Memory is estimated at 1000 MB a rank, 2 GB asked for");
  });

  test.each([
    [PREDICT, "predict"],
    [{ ...PREDICT, verb: "check" }, "check"],
    [FOLDS, "train --folds"],
    [{ ...TRAIN, kind: "sweep" as const }, "train --sweep"],
  ])("ranks are of one training alone: %#", (work, named) => {
    expect(() => plan(work, training({ items: 5 }), { ranks: 2 })).toThrow(
      `--ranks must be 1 for ${named}, which is shared out as tasks, got 2`,
    );
    expect(plan(work, training({ items: 5 }), { ranks: 1 }).stages[0]!.ranks).toBe(1);
  });

  test("refuses ranks that cannot share out the stated batch, before anything waits in a queue", () => {
    const batch = { batchSize: 8, microBatch: null };
    expect(plan(TRAIN, training({ batch }), { ranks: 4 }).stages[0]!.ranks).toBe(4);
    expect(() => plan(TRAIN, training({ batch }), { ranks: 3 })).toThrow(
      "A batch of 8 cannot be shared out evenly among 3 ranks",
    );
    expect(() => plan(TRAIN, training({ batch: { batchSize: 12, microBatch: 4 } }), { ranks: 2 })).toThrow(
      "cannot be cut into parts of 4",
    );
  });
});
