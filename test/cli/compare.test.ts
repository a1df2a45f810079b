/** `hipmri compare` from the command line. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { resolveConfig } from "../../src/train/recipes.ts";
import { niftiBytes } from "../support/data-folder.ts";
import { filesBelow, hipmri, temporaryFolder, tinyModel, writeFiles } from "./support.ts";

const folder = temporaryFolder();
const mask = (text: string): Uint8Array =>
  niftiBytes({ shape: [text.length, 1, 1], dtype: "uint8", value: (at) => Number(text[at]) });
const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const at = (name: string): string => join(folder, name);

/** Scores masks of six patients. @returns the folder of metrics.json */
async function scored(name: string, masks: readonly string[], truth = "truth"): Promise<string> {
  const predictions = writeFiles(
    at(`${name}-masks`),
    Object.fromEntries(masks.map((ids, i) => [`p${i}.nii`, mask(ids)])),
  );
  const { code } = await hipmri(
    "score",
    predictions,
    at(truth),
    "--labels",
    "1=gland",
    "--quiet",
    "--out",
    at(name),
  );
  expect(code).toBe(0);
  return at(name);
}

/** A run folder that was judged on its test patients. */
function runFolder(name: string, from: string): string {
  const metrics = JSON.parse(readFileSync(join(from, "metrics.json"), "utf8"));
  return writeFiles(at(name), {
    "model.onnx": tinyModel(),
    "config.json": text(resolveConfig({ preset: "pelvis" }, "test")),
    "split.json": text({ train: ["x"], validate: ["y"], test: ["z"] }),
    "metrics.json": text({ ...metrics, split: "validate" }),
    "test-metrics.json": text({ ...metrics, split: "test" }),
  });
}

describe("hipmri compare", () => {
  let good = "";
  let bad = "";
  beforeAll(async () => {
    writeFiles(at("truth"), Object.fromEntries([0, 1, 2, 3, 4, 5].map((i) => [`p${i}.nii`, mask("011110")])));
    good = await scored("good", ["011110", "011110", "011110", "001110", "011110", "011110"]);
    bad = await scored("bad", ["000110", "000100", "000110", "000100", "000110", "000110"]);
  });

  test("of scored masks: verdict, page, JSON and figures", async () => {
    const out = at("compared");
    const { code, stdout, stderr } = await hipmri("compare", bad, good, "--out", out);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain('"good" is better than "bad": Dice of gland 0.976 against 0.578');
    expect(stdout).toContain("p = 0.031");
    expect(stdout).toContain("Warning: Only 6 patients");
    expect(filesBelow(out).map((path) => path.slice(out.length + 1))).toEqual([
      "comparison.html",
      "comparison.json",
      "figures/differences-1.svg",
    ]);
    const { stdout: json } = await hipmri("compare", bad, good, "--out", out, "--json");
    expect(json.trim()).toBe(readFileSync(join(out, "comparison.json"), "utf8").trim());
  });

  test("of runs goes by test patients where all have been judged on them, and keeps count of the look", async () => {
    const [a, b] = [runFolder("a", bad), runFolder("b", good)];
    const { code, stdout } = await hipmri("compare", a, b, "--out", at("tested"), "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ split: "test", settings: [] });
    for (const run of [a, b]) {
      const looks = readFileSync(join(run, "test-looks.jsonl"), "utf8");
      expect(looks).toContain('"by":"compare"');
    }
    const validated = await hipmri(
      "compare",
      a,
      b,
      "--split",
      "validate",
      "--out",
      at("validated"),
      "--json",
    );
    expect(JSON.parse(validated.stdout)).toMatchObject({ split: "validate" });
    expect(readFileSync(join(a, "test-looks.jsonl"), "utf8").trim().split("\n")).toHaveLength(1);
  });

  test("refuses runs judged on other cases, telling all, and writes nothing", async () => {
    writeFiles(at("other-truth"), { "p0.nii": mask("011100"), "p9.nii": mask("011110") });
    const other = await scored("other", ["011110"], "other-truth");
    const out = at("none");
    const { code, stderr } = await hipmri("compare", good, other, "--out", out);
    expect(code).toBe(1);
    expect(stderr).toContain(
      "error: Cannot compare: the runs were not judged on the same cases by the same rules",
    );
    expect(stderr).toContain('5 cases of "good" not in "other"');
    expect(stderr).toContain('1 case of "other" not in "good": "p9"');
    expect(stderr).toContain('The true masks of 1 case in "other" are not those of "good": "p0"');
    expect(existsSync(out)).toBe(false);
  });

  test("refuses one run twice, no --out, its own run as --out, and test figures that are not there", async () => {
    const wrong = async (...args: readonly string[]) => {
      const { code, stderr } = await hipmri("compare", ...args);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await wrong(good, `${good}/`, "--out", at("x"))).toContain("got ");
    expect(await wrong(good, "--out", at("x"))).toContain("two different runs or more, got 1");
    expect(await wrong(good, bad)).toContain("--out is needed");
    expect(await wrong(good, bad, "--out", good)).toContain("it is one of the runs to compare");
    const fresh = writeFiles(at("fresh"), {
      "model.onnx": tinyModel(),
      "config.json": text(resolveConfig({ preset: "pelvis" }, "test")),
      "metrics.json": readFileSync(join(good, "metrics.json")),
    });
    expect(await wrong(good, fresh, "--split", "test", "--out", at("x"))).toContain(
      "there is no test-metrics.json",
    );
    expect((await hipmri("compare", good, at("nowhere"), "--out", at("x"))).code).toBe(1);
    expect((await hipmri("compare", good, folder, "--out", at("x"))).stderr).toContain(
      "expected a folder with metrics.json, found none",
    );
  });
});
