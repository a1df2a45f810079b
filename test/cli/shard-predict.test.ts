/** `hipmri predict --shard` and `merge`: what several tasks make together is what one makes. */
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readShardFile } from "../../src/node/shard-store.ts";
import { type Files, niftiBytes } from "../support/data-folder.ts";
import { expectRedone } from "./shard-redone.ts";
import { filesBelow, hipmri, temporaryFolder, tinyModel, writeFiles } from "./support.ts";

const folder = temporaryFolder();
const model = join(writeFiles(join(folder, "model"), { "model.onnx": tinyModel({}, [5]) }), "model.onnx");
const texture = (i: number): number => ((i * 7919) % 101) + (i % 13);
const slice = (seed: number): Uint8Array =>
  niftiBytes({ shape: [8, 6], value: (i) => texture(i + seed), originMm: [0, 0, seed] });

/** Volumes of 5, 3 and 2 slices, and two images by themselves. */
function images(): Files {
  const files: Files = { "lone_a.nii": slice(70), "lone_b.nii": slice(80) };
  for (const [volume, depth] of [5, 3, 2].entries())
    for (let n = 0; n < depth; n++) files[`v${volume}_slice_${n}.nii`] = slice(10 * volume + n);
  return files;
}
const good = writeFiles(join(folder, "good"), images());
const bad = writeFiles(join(folder, "bad"), { ...images(), "v1_slice_1.nii": new Uint8Array(400) });

/** Runs a command; that the tiny model is of synthetic data goes without saying here. */
async function quietly(...argv: readonly string[]) {
  const result = await hipmri(...argv);
  return {
    ...result,
    stderr: result.stderr.replace(/^warning: The model was trained on SYNTHETIC .*\n/m, ""),
  };
}
const predict = (out: string, data: string, ...flags: readonly string[]) =>
  quietly("predict", model, data, "--out", out, "--threads", "1", "--quiet", ...flags);
const shardFile = (out: string, name: string): string => join(out, "shards", `${name}.json`);
/** Masks below a folder by name. */
const masksIn = (out: string) =>
  new Map(
    filesBelow(out)
      .filter((path) => path.endsWith(".nii.gz"))
      .map((path) => [relative(out, path), readFileSync(path)]),
  );

describe("predict --shard", () => {
  const out = join(folder, "shared");
  let whole: string;
  beforeAll(async () => {
    // Into the same folder, so that paths are equal.
    whole = (await predict(out, good, "--json")).stdout;
  });

  test("masks, predictions.json and what merge prints are those of one task", async () => {
    const masks = masksIn(out);
    expect(masks.size).toBe(12);
    rmSync(out, { recursive: true });
    for (const shard of ["2/3", "1/3", "3/3"]) {
      const { code, stderr } = await predict(out, good, "--shard", shard);
      expect([code, stderr]).toEqual([0, ""]);
    }
    expect(masksIn(out)).toEqual(masks);
    const merged = await hipmri("merge", out, "--json");
    expect([merged.code, merged.stderr]).toEqual([0, ""]);
    expect(merged.stdout).toBe(whole);
    expect(readFileSync(join(out, "predictions.json"), "utf8")).toBe(whole);
    const { stdout } = await hipmri("merge", out);
    expect(stdout).toContain("12 masks\n");
    expect(stdout).toContain(join(out, "volumes.csv"));
  });

  test("slices of one volume stay together, and shares are balanced by slices", async () => {
    const items = await Promise.all(
      [1, 2, 3].map(async (i) => (await readShardFile(shardFile(out, `${i}-of-3`))).items),
    );
    expect(items.map((list) => list.length)).toEqual([5, 4, 3]);
    const volumes = items.map((list) => new Set(list.map((path) => /v\d/.exec(path)?.[0]).filter(Boolean)));
    expect(volumes).toEqual([new Set(["v0"]), new Set(["v1"]), new Set(["v2"])]);
  });

  test("volumes.csv has a line for each label of each mask", () => {
    const lines = readFileSync(join(out, "volumes.csv"), "utf8").split("\r\n");
    expect(lines).toHaveLength(1 + 12 * 5 + 1);
    const { outputs } = JSON.parse(whole);
    const [first] = outputs;
    expect(lines.slice(0, 2)).toEqual([
      "id,label,ml",
      `lone_a,body,${Number(first.labels[0].ml.toPrecision(6))}`,
    ]);
  });

  test("a share that is done is skipped, and its result told again", async () => {
    const { mtimeMs } = statSync(join(out, "lone_a.nii.gz"));
    const file = shardFile(out, "2-of-3");
    const before = statSync(file).mtimeMs;
    const { stdout } = await predict(out, good, "--shard", "2/3", "--json");
    expect(JSON.parse(stdout).shard).toEqual({
      shard: "2/3",
      items: 4,
      total: 12,
      doneBefore: true,
      file,
    });
    expect(JSON.parse(stdout).outputs).toHaveLength(4);
    expect([statSync(file).mtimeMs, statSync(join(out, "lone_a.nii.gz")).mtimeMs]).toEqual([before, mtimeMs]);
    expect((await predict(out, good, "--shard", "2/3")).stdout).toContain(
      "2 of 3: 4 of 12 images, done before",
    );
  });

  test("but not where one of its masks is gone", async () => {
    const gone = join(out, "v1_slice_1.nii.gz");
    rmSync(gone);
    const { stdout } = await predict(out, good, "--shard", "2/3", "--json");
    expect(JSON.parse(stdout).shard.doneBefore).toBe(false);
    expect(existsSync(gone)).toBe(true);
  });

  test("another model, or another number of shards, is refused in the same folder", async () => {
    const other = join(writeFiles(join(folder, "other"), { "model.onnx": tinyModel() }), "model.onnx");
    const { code, stderr } = await quietly("predict", other, good, "--out", out, "--shard", "1/3", "--quiet");
    expect(code).toBe(2);
    expect(stderr.replaceAll(/[0-9a-f]{64}/g, "#")).toBe(
      [
        `error: Folder "${out}" holds the shards of another job: "${shardFile(out, "1-of-3")}" (and 2 files more)`,
        "  - model: expected sha256:#, found sha256:#",
        "hint: Give another folder with --out, or remove them with --overwrite",
        "",
      ].join("\n"),
    );
    const fewer = await predict(out, good, "--shard", "1/2");
    expect([fewer.code, fewer.stderr]).toEqual([
      2,
      [
        `error: Folder "${out}" holds the shards of another job: "${shardFile(out, "1-of-3")}" (and 2 files more)`,
        "  - number of shards: expected 2, found 3",
        "hint: Give another folder with --out, or remove them with --overwrite",
        "",
      ].join("\n"),
    ]);
    expect((await predict(out, good, "--shard", "1/2", "--overwrite")).code).toBe(0);
    expect(filesBelow(join(out, "shards"))).toEqual([shardFile(out, "1-of-2")]);
  });
});

test("more tasks than volumes: those without work say so, and merge is whole", async () => {
  const out = join(folder, "many");
  for (let i = 1; i <= 7; i++) expect((await predict(out, good, "--shard", `${i}/7`)).code).toBe(0);
  expect(JSON.parse((await hipmri("merge", out, "--json")).stdout).outputs).toHaveLength(12);
  expect((await predict(out, good, "--shard", "7/7")).stdout).toContain("7 of 7: 0 of 12 images");
});

test("an image that fails: its share is done again, and merge says what predict says", async () => {
  const out = join(folder, "failing");
  const whole = await predict(out, bad, "--json");
  expect(whole.code).toBe(1);
  rmSync(out, { recursive: true });
  const codes = [];
  for (const shard of ["1/2", "2/2"]) codes.push((await predict(out, bad, "--shard", shard)).code);
  expect(codes.toSorted()).toEqual([0, 1]);
  const failed = `${codes.indexOf(1) + 1}/2`;
  const again = JSON.parse((await predict(out, bad, "--shard", failed, "--json")).stdout);
  expect(again.shard.doneBefore).toBe(false);
  expect(await hipmri("merge", out, "--json")).toEqual(whole);
  expect(readFileSync(join(out, "predictions.json"), "utf8")).toBe(whole.stdout);
});

describe("the share of a cluster's task", () => {
  const slurm = (values: Readonly<Record<string, string>>) => {
    for (const [name, value] of Object.entries(values)) process.env[`SLURM_ARRAY_TASK_${name}`] = value;
    return () => {
      for (const name of Object.keys(values)) delete process.env[`SLURM_ARRAY_TASK_${name}`];
    };
  };

  test("is taken from a SLURM array, which is told; a flag wins", async () => {
    const out = join(folder, "slurm");
    const restore = slurm({ ID: "2", COUNT: "2", MIN: "1", MAX: "2", STEP: "1" });
    try {
      const { code, stderr } = await predict(out, good);
      expect([code, stderr]).toEqual([
        0,
        "Task 2 of 2 of a SLURM array: does its share; --shard 1/1 does all\n",
      ]);
      expect(filesBelow(join(out, "shards"))).toEqual([shardFile(out, "2-of-2")]);
      const all = await predict(join(folder, "slurm-all"), good, "--shard", "1/1");
      expect([all.code, all.stderr]).toEqual([0, ""]);
      expect(existsSync(join(folder, "slurm-all", "shards"))).toBe(false);
    } finally {
      restore();
    }
  });

  test("is an error where it cannot be told", async () => {
    const restore = slurm({ ID: "3", COUNT: "2", MIN: "3", MAX: "5", STEP: "1" });
    try {
      const { code, stderr } = await predict(join(folder, "uneven"), good);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^error: Cannot tell which share of the work is this task's of a SLURM array: /);
      expect(existsSync(join(folder, "uneven"))).toBe(false);
    } finally {
      restore();
    }
  });
});

test.each([
  ["9/8", 'must be i/n with i from 1 to 8, got "9/8"'],
  ["0/8", 'must be i/n with i from 1 to 8, got "0/8"'],
  ["x", 'must be i/n, task i of n, got "x"'],
])("--shard %s is refused", async (text, message) => {
  expect(await predict(join(folder, "no"), good, "--shard", text)).toEqual({
    code: 2,
    stdout: "",
    stderr: `error: --shard ${message}\nhint: Tasks are counted from 1: the third of eight is --shard 3/8, and --shard 1/1 does all\n`,
  });
});

describe("merge refuses", () => {
  test("a missing shard, and says how to do it", async () => {
    const out = join(folder, "missing");
    await predict(out, good, "--shard", "1/2", "--json");
    expect(await hipmri("merge", out)).toEqual({
      code: 1,
      stdout: "",
      stderr: [
        `error: Cannot merge "${out}": its shards are not one whole job`,
        `  - Shard 2/2 is missing; do it with: hipmri predict ${model} ${good} --out ${out} --threads 1 --shard 2/2`,
        "hint: Shards that are done are skipped: doing all of them again does only what is missing",
        "",
      ].join("\n"),
    });
    expect(existsSync(join(out, "predictions.json"))).toBe(false);
  });

  test("a folder without shards", async () => {
    expect((await hipmri("merge", good)).stderr).toBe(
      `error: Cannot merge "${good}": expected shards/1-of-2.json and so on, found none\nhint: Give the folder that the shards had as --out; a shard writes its result when it is done\n`,
    );
  });
});

test("files that were changed since are done again, once that is asked for", async () => {
  const data = writeFiles(join(folder, "replaced"), images());
  const to = join(folder, "of-replaced");
  const share = (...more: readonly string[]) =>
    hipmri(
      "predict",
      model,
      data,
      "--threads",
      "1",
      "--out",
      to,
      "--quiet",
      "--json",
      "--shard",
      "1/2",
      ...more,
    );
  expect((await share()).code).toBe(0);
  writeFiles(data, { "lone_a.nii": new Uint8Array([...slice(70), 0]) });
  await expectRedone(share);
});
