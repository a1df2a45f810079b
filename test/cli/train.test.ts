import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { niftiBytes } from "../support/data-folder.ts";
import { type CliResult, hipmri, temporaryFolder, writeFiles } from "./support.ts";

const folder = temporaryFolder();
const data = join(folder, "data");
const run = join(folder, "run");
const TINY = ["--set", "unet.levels=1", "--set", "unet.baseWidth=2", "--quiet"];
let trained: CliResult;

beforeAll(async () => {
  await hipmri("phantom", data, "--patients", "3", "--quiet");
  trained = await hipmri("train", data, "--out", run, ...TINY, "--epochs", "1", "--seed", "3");
});

describe("train", () => {
  test("ends with the metrics, the time, the files and the next command", () => {
    const { code, stdout, stderr } = trained;
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^label +Dice\/volume/);
    expect(stdout).toContain('Split "validate": 1 patient, 2 volumes\n');
    expect(stdout).toMatch(/\nTime +\d+ s \(24 steps, 1 epoch, the best was epoch 1\)\n/);
    expect(stdout).toMatch(
      new RegExp(`\nNext +hipmri evaluate ${run} ${data} --split test --out ${run}/test\n$`),
    );
    const config = JSON.parse(readFileSync(join(run, "config.json"), "utf8"));
    expect(config).toMatchObject({ seed: 3, epochs: 1, unet: { levels: 1, baseWidth: 2, classes: 6 } });
  });

  test("does not touch a run that is there", async () => {
    const { code, stderr } = await hipmri("train", data, "--out", run, ...TINY);
    expect(code).toBe(2);
    expect(stderr).toBe(
      `error: Folder "${run}" has a run already: found "config.json"\nhint: Go on with --resume, replace it with --overwrite, or give another --out\n`,
    );
  });

  test("--resume of a finished run says so, without a word about settings that were not given", async () => {
    const { code, stdout, stderr } = await hipmri(
      "train",
      data,
      "--out",
      run,
      "--resume",
      "--quiet",
      "--json",
    );
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ finished: true, alreadyFinished: true, steps: 24, run });
  });

  test("--resume names the settings that it does not take up", async () => {
    const { stderr } = await hipmri("train", data, "--out", run, "--resume", "--quiet", "--seed", "4");
    expect(stderr).toMatch(/^warning: .*\bseed\b/);
  });
});

describe("evaluate", () => {
  test("prints the metrics, the files and where to look", async () => {
    const out = join(folder, "judged");
    const { code, stdout, stderr } = await hipmri("evaluate", run, data, "--out", out);
    expect(code).toBe(0);
    expect(stdout).toContain('Split "test": 1 patient, 2 volumes\n');
    expect(stdout).toContain(`${out}/metrics.json\n`);
    expect(stdout.endsWith(`look at ${out}/report.html\n`)).toBe(true);
    expect(stderr).toContain("Evaluating 100 % 2/2\n");
    expect(existsSync(join(out, "report.html"))).toBe(true);
  });

  test("--json prints metrics.json", async () => {
    const out = join(folder, "json");
    const argv = ["evaluate", join(run, "model.onnx"), data, "--split", "validate", "--out", out];
    const { code, stdout } = await hipmri(...argv, "--json", "--quiet");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(join(out, "metrics.json"), "utf8")));
  });
});

describe("train on volumes", () => {
  const volumes = join(folder, "volumes");
  const out = join(folder, "volumes-run");
  const argv = ["train", volumes, "--out", out, ...TINY, "--set", "steps=2", "--set", "batchSize=2"];

  beforeAll(() => {
    for (const [patient, name] of ["a_1", "b_2", "c_3"].entries()) {
      const grid = { shape: [12, 8, 10], spacingMm: [2, 3, 2] } as const;
      writeFiles(volumes, {
        [`imagesTr/${name}.nii`]: niftiBytes({ ...grid, value: (i) => (i % 31) + (i % 7) + patient / 8 }),
        [`labelsTr/${name}.nii`]: niftiBytes({
          ...grid,
          dtype: "uint8",
          value: (i) => (i % 31 > 15 ? 1 : 0),
        }),
      });
    }
  });

  test("learns the wanted plane and says so on the model's card; the coarsest axis is the default", async () => {
    expect((await hipmri(...argv)).code).toBe(0);
    const card = async () => JSON.parse((await hipmri("info", out, "--json")).stdout).input;
    expect(await card()).toMatchObject({
      orientation: "LSP",
      spacingMm: { width: 2, height: 2 },
      canvas: { width: 12, height: 10 },
    });
    expect((await hipmri(...argv, "--plane", "sagittal", "--overwrite")).code).toBe(0);
    expect(await card()).toMatchObject({ orientation: "PSL", spacingMm: { width: 3, height: 2 } });
    const config = JSON.parse(readFileSync(join(out, "config.json"), "utf8"));
    expect(config.input).toMatchObject({ plane: "sagittal", orientation: "PSL", neighbours: 1 });
  });

  test("--resume refuses a run that does not say how its volumes were cut", async () => {
    const path = join(out, "config.json");
    const config = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...config, input: { ...config.input, orientation: null } }));
    const { code, stderr } = await hipmri("train", volumes, "--out", out, "--resume", "--quiet");
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: Cannot resume "${out}": it does not say in which orientation its volumes were cut (version 0.1.0 did not keep it)\nhint: Start anew with --overwrite, or finish the run with version 0.1.0\n`,
    );
  });

  test("an orientation that is none, or of another plane, is refused", async () => {
    const wrong = await hipmri(...argv, "--set", "input.orientation=LLS", "--overwrite");
    expect(wrong.stderr).toContain(
      'input.orientation: must be one of the 48 orientations such as LSP, got "LLS"',
    );
    const other = await hipmri(...argv, "--plane", "axial", "--set", "input.orientation=LSP", "--overwrite");
    expect(other.stderr).toContain("input.orientation: LSP is coronal, but input.plane is axial");
  });
});
