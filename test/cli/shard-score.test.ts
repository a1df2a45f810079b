/** `hipmri score --shard` and `merge`: the figures are those of one task. */
import { readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { readShardFile } from "../../src/node/shard-store.ts";
import { type Files, niftiBytes } from "../support/data-folder.ts";
import { expectRedone } from "./shard-redone.ts";
import { filesBelow, hipmri, temporaryFolder, writeFiles } from "./support.ts";

const folder = temporaryFolder();
const out = join(folder, "out");
const mask = (n: number, depth: number, shift: number): Uint8Array =>
  niftiBytes({
    shape: [7, 6, depth],
    spacingMm: [1.5, 1.5, 2],
    dtype: "uint8",
    value: (at) => ((at + shift) % (n + 3) < 3 ? 1 : (at + 2 * shift) % 11 === n ? 5 : 0),
  });

/** Patients of two volumes each, of several sizes; one truth without prediction, labels that are missed or false. */
const [truths, predictions]: [Files, Files] = [{}, {}];
for (let n = 0; n < 9; n++) {
  const name = `patient00${Math.floor(n / 2)}_week_${n % 2}.nii`;
  truths[name] = mask(n, 3 + (n % 4), 0);
  if (n !== 4) predictions[name] = mask(n, 3 + (n % 4), n % 3);
}
const truth = writeFiles(join(folder, "truth"), {
  ...truths,
  "dataset.json": new TextEncoder().encode('{"labels":{"background":0,"bladder":1,"prostate":5}}'),
});
const predicted = writeFiles(join(folder, "predicted"), predictions);

describe.each([
  ["by our rules", []],
  ["by MONAI's, with labels renamed", ["--convention", "monai", "--labels", "1=one,5=five"]],
])("shards %s", (_, flags) => {
  test.each([2, 5])("in %i tasks give the same metrics.json, page and text", async (count) => {
    const score = (...more: readonly string[]) =>
      hipmri("score", predicted, truth, "--out", out, "--quiet", ...flags, ...more);
    rmSync(out, { recursive: true, force: true });
    const whole = await score("--json");
    expect(whole.code).toBe(0);
    const text = (await score()).stdout;
    const files = new Map(filesBelow(out).map((path) => [path, readFileSync(path, "utf8")]));
    rmSync(out, { recursive: true });
    for (let i = 1; i <= count; i++) expect((await score("--shard", `${i}/${count}`)).code).toBe(0);
    const merged = await hipmri("merge", out, "--json");
    expect(merged).toEqual({ code: 0, stdout: whole.stdout, stderr: "" });
    const found = filesBelow(out).filter((path) => !path.startsWith(join(out, "shards")));
    expect(new Map(found.map((path) => [path, readFileSync(path, "utf8")]))).toEqual(files);
    const timeless = (lines: string): string => lines.replace(/^Time .*$/m, "");
    expect(timeless((await hipmri("merge", out)).stdout)).toBe(timeless(text));
  });
});

test("a bad case leaves its share without a result", async () => {
  const bad = writeFiles(join(folder, "bad"), { ...predictions, "patient001_week_1.nii": new Uint8Array(9) });
  const to = join(folder, "of-bad");
  const codes = [];
  for (const shard of ["1/2", "2/2"])
    codes.push((await hipmri("score", bad, truth, "--out", to, "--quiet", "--shard", shard)).code);
  expect(codes.toSorted()).toEqual([0, 1]);
  expect(filesBelow(to)).toHaveLength(1);
});

test("without --out there is nowhere to meet", async () => {
  expect(await hipmri("score", predicted, truth, "--shard", "1/2")).toEqual({
    code: 2,
    stdout: "",
    stderr:
      "error: --out is needed with shard 1/2: the folder where all shards meet\nhint: Add --out DIR, or do all of the work with --shard 1/1\n",
  });
});

test("files that were changed since are done again, once that is asked for", async () => {
  const mended = writeFiles(join(folder, "again"), predictions);
  const to = join(folder, "of-again");
  const share = (...more: readonly string[]) =>
    hipmri("score", mended, truth, "--out", to, "--quiet", "--json", "--shard", "1/2", ...more);
  expect((await share()).code).toBe(0);
  writeFiles(mended, {
    "patient001_week_1.nii": new Uint8Array([...predictions["patient001_week_1.nii"]!, 0]),
  });
  await expectRedone(share);
});

test("merge finds nnU-Net's summary from any folder, and says where the predictions are gone", async () => {
  const moved = writeFiles(join(folder, "moved"), predictions);
  const to = join(folder, "of-moved");
  for (const shard of ["1/2", "2/2"]) {
    const argv = ["score", relative("", moved), truth, "--out", to, "--quiet", "--shard", shard];
    expect((await hipmri(...argv)).code).toBe(0);
  }
  expect(await readShardFile(join(to, "shards", "1-of-2.json"))).toMatchObject({
    result: { context: { comparable: moved } },
  });
  expect((await hipmri("merge", to)).stderr).toBe("");
  rmSync(moved, { recursive: true });
  expect(await hipmri("merge", to)).toMatchObject({
    code: 0,
    stderr: `warning: "${moved}" is gone: nnU-Net's own figures beside the predictions, if any, are not compared\n`,
  });
});
