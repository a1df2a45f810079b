/** `hipmri score`: masks of any origin, from the command line. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Metrics } from "../../src/metrics/types.ts";
import { niftiBytes } from "../support/data-folder.ts";
import { hipmri, temporaryFolder, writeFiles } from "./support.ts";

const folder = temporaryFolder();
const mask = (text: string): Uint8Array =>
  niftiBytes({
    shape: [text.length, 1, 1],
    spacingMm: [2, 2, 2],
    dtype: "uint8",
    value: (at) => Number(text[at]),
  });
const json = (labels: object): Uint8Array => new TextEncoder().encode(JSON.stringify({ labels }));

// patient 1: Dice of bladder 1, of prostate 2 / 3; patient 2: nothing was predicted
const truth = writeFiles(join(folder, "truth"), {
  "patient001_frame01.nii": mask("1155"),
  "patient002_frame01.nii": mask("1155"),
  "dataset.json": json({ background: 0, bladder: 1, prostate: 5 }),
});
const predicted = writeFiles(join(folder, "pred"), {
  "patient001_frame01.nii": mask("3304"),
  "dataset.json": json({ background: 0, bladder: 3, prostate: 4 }),
});

describe("hipmri score", () => {
  test("matches labels by name, counts what was not predicted as missed, and writes metrics.json", async () => {
    const out = join(folder, "scored");
    const { code, stdout, stderr } = await hipmri("score", predicted, truth, "--quiet", "--out", out);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `warning: 1 true mask without a prediction in "${predicted}", scored as nothing found: "patient002_frame01.nii"\n`,
    });
    expect(stdout).toContain("bladder         0.500 (2)    0.500 (2) [0.000, 1.000]");
    expect(stdout).toContain("\nWarning: prostate was missed altogether in 1 of 2 volumes\n");
    expect(stdout).toContain("\nLabels  3 as bladder, 4 as prostate (from dataset.json)\n");
    const page = readFileSync(join(out, "report.html"), "utf8");
    expect(page).toContain("<h1>Scored masks</h1>");
    expect(page).toContain("The masks of 2 patients (2 volumes) have a mean Dice of");
    expect(page).toContain(readFileSync(join(out, "figures", "dice-by-label.svg"), "utf8"));
    const metrics = JSON.parse(readFileSync(join(out, "metrics.json"), "utf8")) as Metrics;
    expect(metrics).toMatchObject({ split: "unstated", conventionName: "hipmri", patients: 2 });
    expect(metrics.labels[1]!.dice.perVolume.mean).toBeCloseTo(1 / 3, 12);
  });

  test("by another tool's rules, and beside them", async () => {
    const args = [
      "score",
      predicted,
      truth,
      "--quiet",
      "--json",
      "--convention",
      "monai",
      "--tolerance",
      "3",
    ];
    const metrics = JSON.parse((await hipmri(...args)).stdout) as Metrics;
    expect(metrics.conventionName).toBe("monai");
    expect(metrics.convention).toContain("SurfaceDiceMetric at 3 mm");
    expect(metrics.rescored.map(({ convention }) => convention)).toEqual([
      "hipmri",
      "monai",
      "nnunet",
      "medpy",
      "deepmind",
    ]);
    const { stdout } = await hipmri("score", predicted, truth, "--quiet", "--rescored");
    expect(stdout).toContain("\nmedpy     0.500 (2)  0.333 (2)  0.417\n");
  });

  test("of two files, with the numbers of the truth where nothing names them", async () => {
    const [one, other] = ["a", "b"].map((name) =>
      join(writeFiles(join(folder, name), { "x.nii": mask("022") }), "x.nii"),
    );
    const { stdout } = await hipmri("score", one!, other!, "--quiet");
    expect(stdout).toMatch(/\nlabel 2 +1\.000 \(1\)/);
    expect(stdout).toContain("Labels  2 label 2 (from the numbers in the true masks)");
  });

  test("of a file for each organ, against a mask of label numbers or one by one", async () => {
    const organs = writeFiles(join(folder, "organs"), {
      "urinary_bladder.nii": mask("1100"),
      "prostate.nii": mask("0001"),
      "liver.nii": mask("0010"),
    });
    const nameless = writeFiles(join(folder, "nameless"), { "patient001_frame01.nii": mask("1100") });
    writeFiles(join(folder, "by-organ"), { "patient001_frame01/bladder.nii": mask("1100") });
    const file = join(truth, "patient001_frame01.nii");
    const labels = ["--labels", "1=bladder,5=prostate", "--quiet"];
    const map = ["--map", "urinary_bladder=bladder"];
    const { code, stdout, stderr } = await hipmri("score", organs, file, ...labels, ...map);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'warning: 1 predicted organ left out, since no label bears the name: "liver"\n',
    });
    expect(stdout).toMatch(/\nbladder +1\.000 \(1\)[\s\S]*\nprostate +0\.667 \(1\)/);
    expect(stdout).toContain("Labels  prostate, urinary_bladder as bladder (from --labels)");
    const slip = await hipmri("score", organs, file, ...labels, "--map", "urinary_blader=bladder");
    expect({ code: slip.code, hint: /hint: .*/.exec(slip.stderr)?.[0] }).toEqual({
      code: 2,
      hint: 'hint: Did you mean "urinary_bladder"?',
    });
    const numbers = await hipmri("score", nameless, join(folder, "by-organ"), "--quiet");
    expect(numbers.code).toBe(2);
    expect(numbers.stderr).toContain("nothing says which number is which organ");
    const asCases = await hipmri("score", organs, organs, "--quiet");
    expect(asCases.stderr).toContain("give --per-organ");
    const self = await hipmri("score", organs, organs, "--per-organ", "--quiet", "--json");
    expect(JSON.parse(self.stdout)).toMatchObject({ foregroundMean: 1, cases: [{ id: "organs" }] });
  });

  test("holds its counts against nnU-Net's summary.json", async () => {
    const summary = (overlap: number) => ({
      foreground_mean: { Dice: 0.75 },
      mean: {},
      metric_per_case: [
        {
          prediction_file: "/home/x/preds/patient001_frame01.nii",
          reference_file: "",
          metrics: {
            1: { Dice: 1, n_pred: 2, n_ref: 2, TP: overlap },
            "(1, 5)": { n_pred: 4, n_ref: 4, TP: 4 },
          },
        },
      ],
    });
    const write = (name: string, value: object) =>
      writeFiles(join(folder, name), {
        "patient001_frame01.nii": mask("1150"),
        "summary.json": new TextEncoder().encode(JSON.stringify(value).replace('"Dice":1,', '"Dice": NaN,')),
      });
    const same = await hipmri("score", write("nn1", summary(2)), truth, "--quiet");
    expect(same.stdout).toContain(
      "summary.json  agrees in all voxel counts (1); its mean Dice by nnU-Net's rules: 0.7500",
    );
    const other = await hipmri("score", write("nn2", summary(1)), truth, "--quiet");
    expect(other.stderr).toContain(
      'was made of other masks than these: "patient001_frame01.nii, bladder: 1 common voxel there, 2 here"',
    );
    const strange = await hipmri("score", write("nn3", { mine: 1 }), truth, "--quiet");
    expect(strange.code).toBe(0);
    expect(strange.stderr).toContain("is no evaluation by nnU-Net: not compared");
  });

  test("tells all bad masks at once, ends with 1 and writes nothing", async () => {
    const bad = writeFiles(join(folder, "bad"), {
      "patient001_frame01.nii": mask("11550"),
      "patient002_frame01.nii": mask("1166"),
    });
    const out = join(folder, "none");
    const { code, stdout, stderr } = await hipmri("score", bad, truth, "--quiet", "--out", out);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("error: Cannot score: 2 of 2 cases have problems\n");
    expect(stderr).toContain("expected shape [4], got [5]\n");
    expect(stderr).toContain("it has numbers that mean no label: 6 in 2 voxels, the first at [2]\n");
    expect(existsSync(out)).toBe(false);
  });

  test("of a file against a folder, or of wrong flags, ends with 2", async () => {
    const file = join(truth, "patient001_frame01.nii");
    const mixed = await hipmri("score", file, predicted);
    expect(mixed.code).toBe(2);
    expect(mixed.stderr).toContain("Cannot score a file against a folder");
    const { code, stderr } = await hipmri("score", predicted, truth, "--convention", "monia");
    expect(code).toBe(2);
    expect(stderr).toContain('hint: Did you mean "monai"?');
    expect((await hipmri("score", join(folder, "nowhere"), truth)).code).toBe(1);
  });
});
