/** `hipmri evaluate --shard` and `merge`: the figures are those of one task, to the last digit. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { phantomFiles } from "../../src/dataset/phantom/files.ts";
import { readShardFile } from "../../src/node/shard-store.ts";
import { PLAIN_INPUT } from "../../src/predict/card.ts";
import { exportModel } from "../../src/predict/export.ts";
import { specifyNetwork } from "../../src/unet/network.ts";
import { initialParameters, initialStatistics } from "../../src/unet/parameters.ts";
import { makeCard, TINY_UNET } from "../support/model-card.ts";
import { tinyConfig } from "../support/tiny-phantom.ts";
import { expectRedone } from "./shard-redone.ts";
import { type CliResult, filesBelow, hipmri, temporaryFolder, writeFiles } from "./support.ts";

const folder = temporaryFolder();
const data = join(folder, "data");
const run = join(folder, "run");
const out = join(folder, "out");

beforeAll(() => {
  const patients = { train: 2, validate: 1, test: 3 };
  // Batches of slices, of 2 and of 8, take slices of two volumes.
  const size = { x: 32, y: 16, slices: 9 };
  const files = phantomFiles({ patients, weeksPerPatient: 2, size, seed: 4 });
  writeFiles(
    data,
    Object.fromEntries([...files].map(({ path, bytes }) => [path.replace(/\.gz$/, ""), bytes])),
  );
  const card = makeCard({
    synthetic: true,
    input: {
      mode: "pad",
      normalise: "zscore",
      over: "slice",
      canvas: { width: 32, height: 16 },
      ...PLAIN_INPUT,
    },
  });
  const spec = specifyNetwork(TINY_UNET, [1, 1, 16, 32]);
  const model = exportModel(card, spec, {
    parameters: initialParameters(spec.parameters, { seed: 5, initialisation: "he" }),
    statistics: initialStatistics(spec.statistics),
  });
  writeFiles(run, { "model.onnx": model });
  writeFileSync(join(run, "config.json"), JSON.stringify(tinyConfig()));
  const named = (...numbers: readonly number[]) => numbers.map((n) => `case_00${n}`);
  const split = { train: named(4, 5), validate: named(6), test: named(7, 8, 9) };
  writeFileSync(join(run, "split.json"), JSON.stringify(split));
});

const evaluate = (...flags: readonly string[]): Promise<CliResult> =>
  hipmri("evaluate", run, data, "--out", out, "--quiet", ...flags);
const read = (name: string): string => readFileSync(join(out, name), "utf8");
const looks = (): number => readFileSync(join(run, "test-looks.jsonl"), "utf8").trim().split("\n").length;
/** Without the facts on the work, which differ. */
const figuresOf = (html: string): string => html.slice(html.indexOf("</dl>"));

describe.each([
  ["of the test split", []],
  ["of all patients by other rules", ["--split", "all", "--convention", "monai", "--tolerance", "3"]],
] as const)("shards %s", (_, flags) => {
  let whole: CliResult;
  const files = new Map<string, Buffer>();
  let page = "";
  beforeAll(async () => {
    rmSync(out, { recursive: true, force: true });
    whole = await evaluate("--json", ...flags);
    expect(whole.code).toBe(0);
    page = read("report.html");
    for (const path of filesBelow(out).filter((each) => !each.endsWith("report.html")))
      files.set(path, readFileSync(path));
    rmSync(out, { recursive: true });
  });

  test.each([2, 4])("give, in %i tasks, the same metrics.json, figures and JSON", async (count) => {
    rmSync(out, { recursive: true, force: true });
    for (let i = count; i >= 1; i--) {
      const { code, stdout } = await evaluate("--shard", `${i}/${count}`, "--json", ...flags);
      expect([code, JSON.parse(stdout).doneBefore]).toEqual([0, false]);
    }
    expect(filesBelow(out).map((path) => path.slice(out.length + 1))).toEqual(
      Array.from({ length: count }, (_, i) => `shards/${i + 1}-of-${count}.json`),
    );
    const before = looks();
    const merged = await hipmri("merge", out, "--json");
    expect(merged).toEqual({ code: 0, stdout: whole.stdout, stderr: "" });
    expect(looks()).toBe(before + 1);
    const found = filesBelow(out).filter((path) => !/report\.html$|shards/.test(path));
    expect(new Map(found.map((path) => [path, readFileSync(path)]))).toEqual(files);
    const mergedPage = read("report.html");
    expect(mergedPage).toContain(` in ${count} shards together, `);
    expect(figuresOf(page).length).toBeGreaterThan(10_000);
    expect(figuresOf(mergedPage)).toBe(figuresOf(page));
  });
});

test("shares are balanced by voxels, and a share that is done is skipped", async () => {
  rmSync(out, { recursive: true, force: true });
  await evaluate("--shard", "1/2");
  const { items, places, total } = await readShardFile(join(out, "shards", "1-of-2.json"));
  expect([items.length, total]).toEqual([3, 6]);
  expect(places).toEqual([0, 2, 4]);
  const { stdout } = await evaluate("--shard", "1/2");
  expect(stdout).toContain("Shard  1 of 2: 3 of 6 cases, done before\n");
  expect(stdout).toContain(`hipmri merge ${out}, once all 2 are done`);
});

test("another split in the same folder is refused", async () => {
  const { code, stderr } = await evaluate("--shard", "2/2", "--split", "validate");
  expect(code).toBe(2);
  expect(stderr).toContain("  - --split: expected validate, found test\n");
  expect(stderr).toContain("hint: Give another folder with --out, or remove them with --overwrite\n");
});

test("files that were changed since are done again, once that is asked for", async () => {
  const to = join(folder, "of-changed");
  const [image] = filesBelow(data).filter((path) => path.includes("case_009"));
  const share = (...more: readonly string[]) =>
    hipmri("evaluate", run, data, "--out", to, "--quiet", "--json", "--shard", "1/2", ...more);
  expect((await share()).code).toBe(0);
  writeFileSync(image!, new Uint8Array([...readFileSync(image!), 0]));
  await expectRedone(share);
});
