import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseSlices } from "../../src/cli/convert.ts";
import { readDataset } from "../../src/dataset/layouts.ts";
import { makeAffine } from "../../src/nifti/affine.ts";
import { writeNifti } from "../../src/nifti/write.ts";
import { openFolder } from "../../src/node/folder.ts";
import { inflateGzip } from "../../src/node/inflate.ts";
import { convertData } from "../../src/node/workflows/convert.ts";
import { writePhantom } from "../../src/node/workflows/phantom.ts";
import { filesBelow, hipmri, temporaryFolder, writeFiles } from "../cli/support.ts";
import { type Files, niftiBytes, rejection } from "../support/data-folder.ts";
import { readBytes, sameBytes } from "../support/nifti.ts";

const folder = temporaryFolder();
const unit = {
  spacingMm: [1, 1, 1],
  affine: makeAffine([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]),
} as const;
const names = (path = folder): readonly string[] => readdirSync(path).sort();
const read = (path: string) => readBytes(new Uint8Array(readFileSync(path)), path);

/** Two men of HipMRI's release and one of each held-out split. */
function release(): Files {
  const files: Files = {};
  const grid = {
    affine: makeAffine([0, -2, 0, 5], [3, 0, 0, -4], [0, 0, 1, 1]),
    spacingMm: [3, 2, 1],
  } as const;
  for (const [i, name] of ["004_Week0", "004_Week1", "005_Week0", "036_Week0", "040_Week0"].entries()) {
    const shape = [4, 3, 2 + (i & 1)];
    files[`semantic_MRs_anon/Case_${name}_LFOV.nii`] = niftiBytes({
      shape,
      ...grid,
      value: (at) => 100 * i + at,
    });
    files[`semantic_labels_anon/Case_${name}_SEMANTIC_LFOV.nii`] = niftiBytes({
      shape,
      ...grid,
      dtype: "uint8",
      value: (at) => (at + i) % 6,
    });
  }
  return files;
}
const volumes = writeFiles(join(folder, "HipMRI"), release());

describe("convertData()", () => {
  test("writes gzipped slices in HipMRI's own splits, and the volumes back", async () => {
    const out = join(folder, "new", "slices");
    const progress: string[] = [];
    const descriptions: string[] = [];
    const written = await convertData({
      data: volumes,
      out,
      onStart: (text) => descriptions.push(text),
      onProgress: (done, total) => progress.push(`${done}/${total}`),
    });
    expect(written).toEqual({
      path: out,
      from: "csiro",
      to: "keras_slices",
      description: "HipMRI 3D release (CSIRO): 5 volumes of 4 patients, 6 labels",
      volumes: 5,
      patients: 4,
      slices: 20,
      files: 41,
      splits: { train: 2, validate: 1, test: 1, reason: "HipMRI's own" },
      isRenamed: false,
      warnings: [],
    });
    expect(descriptions).toEqual([written.description]);
    expect(progress).toEqual(["0/5", "1/5", "2/5", "3/5", "4/5", "5/5"]);
    expect(filesBelow(out)).toHaveLength(41);
    expect(names(join(folder, "new"))).toEqual(["slices"]);
    const slice = readFileSync(join(out, "keras_slices_test/case_040_week_0_slice_0.nii.gz"));
    expect([...slice.subarray(0, 10)]).toEqual([31, 139, 8, 0, 0, 0, 0, 0, 0, 255]);
    const index = await readDataset(openFolder(out), out, inflateGzip);
    expect(index.warnings).toEqual([]);
    expect(index.cases.map(({ id, split, files }) => `${id} ${split} ${files.length}`)).toEqual([
      "case_004_week_0 train 4",
      "case_004_week_1 train 4",
      "case_005_week_0 train 4",
      "case_036_week_0 validate 4",
      "case_040_week_0 test 4",
    ]);
    const back = join(folder, "back");
    expect(await convertData({ data: out, out: back })).toMatchObject({
      from: "keras_slices",
      to: "volumes",
      volumes: 5,
      slices: 0,
      files: 11,
      splits: undefined,
    });
    const direct = join(folder, "direct");
    await convertData({ data: volumes, out: direct, to: "volumes" });
    for (const path of filesBelow(back).filter((name) => name.endsWith(".gz"))) {
      const other = path.replace(back, direct);
      expect(sameBytes(readFileSync(path), readFileSync(other))).toBe(true);
      expect((await read(path)).header.orientation).toBe("LPS");
    }
  });

  test("gives equal bytes each time, and replaces an earlier conversion when asked", async () => {
    const out = join(folder, "twice");
    await convertData({ data: volumes, out, to: "nnunet" });
    const before = filesBelow(out).map((path) => readFileSync(path));
    expect(before).toHaveLength(12);
    expect(await rejection(convertData({ data: volumes, out, to: "nnunet" }))).toEqual({
      code: "usage",
      message: `Folder "${out}" is not empty: found "dataset.json"`,
      hint: "Give another folder, or replace an earlier conversion with --overwrite",
      problems: [],
    });
    await convertData({ data: volumes, out, to: "nnunet", overwrite: true });
    expect(filesBelow(out).map((path) => readFileSync(path))).toEqual(before);
    await convertData({ data: volumes, out, to: "volumes", overwrite: true });
    expect(names(out)).toEqual(["mapping.json", "semantic_MRs_anon", "semantic_labels_anon"]);
    expect(names().filter((name) => /\.(tmp|old)$/.test(name))).toEqual([]);
  });

  test("replaces nothing but an earlier conversion, and never its own source", async () => {
    const mine = writeFiles(join(folder, "mine"), { "thesis.txt": new Uint8Array(3) });
    const copy = writeFiles(join(folder, "copy"), release());
    for (const [out, found] of [
      [mine, '"thesis.txt"'],
      [copy, '"semantic_MRs_anon", "semantic_labels_anon"'],
    ] as const) {
      expect(await rejection(convertData({ data: volumes, out, overwrite: true }))).toMatchObject({
        code: "usage",
        message: `Cannot overwrite folder "${out}": it holds more than an earlier conversion: found ${found}`,
      });
    }
    const converted = join(folder, "converted");
    await convertData({ data: volumes, out: converted });
    for (const out of [converted, join(folder, "new", "..", "converted"), folder]) {
      expect(await rejection(convertData({ data: converted, out, overwrite: true }))).toMatchObject({
        code: "usage",
        message: `Cannot write to "${out}": it holds the data that is read`,
      });
    }
    expect(filesBelow(converted)).toHaveLength(41);
    const file = join(mine, "thesis.txt");
    expect((await rejection(convertData({ data: volumes, out: file }))).message).toBe(
      `Cannot write to "${file}": expected a folder, found a file`,
    );
  });

  test.each(["keras_slices", "volumes", "nnunet"] as const)(
    "--overwrite spares what the user put into %s",
    async (to) => {
      const out = join(folder, `spared-${to}`);
      await convertData({ data: volumes, out, to });
      await convertData({ data: volumes, out, to, overwrite: true });
      const [inner = ""] = names(out).filter((name) => /^(keras|semantic|images)/.test(name));
      const path = to === "keras_slices" ? "case_004_week_0_slice_99.nii.gz" : "Case_004_Week7_LFOV.nii.gz";
      for (const mine of [`${inner}/${path}`, `${inner}/sub/x.txt`, "runs/x.txt"]) {
        writeFiles(out, { [mine]: new Uint8Array(3) });
      }
      const found = [`${inner}/${path}`, `${inner}/sub`, "runs"].sort().map((name) => `"${name}"`);
      expect(await rejection(convertData({ data: volumes, out, to, overwrite: true }))).toMatchObject({
        code: "usage",
        message: `Cannot overwrite folder "${out}": it holds more than an earlier conversion: found ${found.join(", ")}`,
      });
      expect(readFileSync(join(out, inner, path))).toHaveLength(3);
    },
  );

  test("a link to an empty folder is followed and stays; one to nothing is refused", async () => {
    const target = writeFiles(join(folder, "target"), {});
    const out = join(folder, "link");
    symlinkSync(target, out);
    await convertData({ data: volumes, out, to: "volumes" });
    expect(names(target)).toEqual(["mapping.json", "semantic_MRs_anon", "semantic_labels_anon"]);
    expect(lstatSync(out).isSymbolicLink()).toBe(true);
    await convertData({ data: volumes, out, to: "volumes", overwrite: true });
    const nowhere = join(folder, "nowhere");
    symlinkSync(join(folder, "missing"), nowhere);
    expect((await rejection(convertData({ data: volumes, out: nowhere }))).message).toBe(
      `Cannot write to "${nowhere}": it is a link to a folder that is not there`,
    );
  });

  test("nothing is written into the data that is read", async () => {
    const before = filesBelow(volumes);
    for (const out of [join(volumes, "slices"), join(volumes, "new", "slices")]) {
      expect(await rejection(convertData({ data: volumes, out }))).toEqual({
        code: "usage",
        message: `Cannot write to "${out}": it lies in the data that is read`,
        hint: "Give a folder outside of the data",
        problems: [],
      });
    }
    expect(filesBelow(volumes)).toEqual(before);
  });

  test("numbers that float32 cannot hold are told", async () => {
    const shape = [2, 2, 2];
    const bytes = writeNifti({ shape, dtype: "float32", data: new Float32Array(8), ...unit });
    const wide = new Uint8Array(bytes.length + 32);
    wide.set(bytes);
    new DataView(wide.buffer).setInt16(70, 64, true);
    new DataView(wide.buffer).setInt16(72, 64, true);
    const data = writeFiles(join(folder, "wide"), {
      "images/a.nii": wide,
      "labels/a.nii": niftiBytes({ shape, value: (i) => i & 1 }),
    });
    const { warnings } = await convertData({ data, out: join(folder, "wide-nnunet"), to: "nnunet" });
    expect(warnings).toEqual(['"a": its values are float64 and are written as float32, to about 7 digits']);
  });

  test("tells the problems of all cases at once and leaves nothing behind", async () => {
    const bad = release();
    const shape = [4, 3, 2];
    bad["semantic_labels_anon/Case_004_Week0_SEMANTIC_LFOV.nii"] = niftiBytes({
      shape: [2, 2, 2],
      dtype: "uint8",
    });
    bad["semantic_MRs_anon/Case_036_Week0_LFOV.nii"] = new Uint8Array();
    bad["semantic_MRs_anon/Case_040_Week0_LFOV.nii"] = niftiBytes({ shape, value: () => Number.NaN });
    const data = writeFiles(join(folder, "bad"), bad);
    const before = names();
    const { code, message, problems } = await rejection(convertData({ data, out: join(folder, "never") }));
    expect([code, message]).toEqual(["bad-dataset", `Cannot convert "${data}": 3 of 5 cases have problems`]);
    // The image of NaN states another place than its mask, too.
    expect(problems).toEqual([
      expect.stringMatching(/^Cannot read "semantic_MRs_anon\/Case_036_Week0_LFOV.nii"/),
      expect.stringMatching(/^Cannot use image "semantic_MRs_anon\/Case_040_Week0_LFOV.nii": .*NaN/),
      expect.stringMatching(
        /^Mask "semantic_labels_anon\/Case_004_Week0_SEMANTIC_LFOV.nii" must have the shape/,
      ),
      expect.stringMatching(/^Mask "semantic_labels_anon\/Case_040_Week0_SEMANTIC_LFOV.nii" must lie where/),
    ]);
    expect(names()).toEqual(before);
  });

  test("leaves nothing behind when it is stopped", async () => {
    const controller = new AbortController();
    const before = names();
    const converting = convertData({
      data: volumes,
      out: join(folder, "stopped"),
      signal: controller.signal,
      onProgress: (done) => {
        if (done === 2) controller.abort();
      },
    });
    await expect(converting).rejects.toMatchObject({ name: "AbortError" });
    expect(names()).toEqual(before);
  });

  test("what is synthetic is still called so", async () => {
    const data = join(folder, "phantom");
    const phantom = {
      patients: { train: 1, validate: 1, test: 1 },
      weeksPerPatient: 1,
      size: { x: 48, y: 24, slices: 12 },
      seed: 5,
    };
    await writePhantom({ out: data, phantom });
    const out = join(folder, "phantom-volumes");
    expect((await convertData({ data, out })).description).toBe(
      "SYNTHETIC data as 2D slices in HipMRI's layout: 36 slices of 3 volumes of 3 patients, 6 labels",
    );
    expect((await readDataset(openFolder(out), out, inflateGzip)).description).toBe(
      "SYNTHETIC data as HipMRI 3D release (CSIRO): 3 volumes of 3 patients, 6 labels",
    );
    const [first = ""] = readFileSync(join(out, "README.txt"), "utf8").split("\n");
    expect(first).toBe(
      "Converted by hipmri-unet from keras_slices to volumes: synthetic data. The README of the source:",
    );
    // Two steps on it is still known, also below the folder that was given.
    const deep = join(folder, "deep");
    mkdirSync(deep);
    await convertData({ data: out, out: join(deep, "inner") });
    const last = join(folder, "last");
    expect((await convertData({ data: deep, out: last })).description).toMatch(/^SYNTHETIC/);
    expect(names(last)).toContain("README.txt");
  });

  test("--slices is for slices alone; nnU-Net's labels have no gap", async () => {
    const options = { data: volumes, out: join(folder, "x"), slices: { first: 0, last: 1 } };
    expect(await rejection(convertData({ ...options, to: "nnunet" }))).toEqual({
      code: "usage",
      message: "--slices is for --to keras_slices, and this is --to nnunet",
      hint: "Leave --slices out",
      problems: [],
    });
    const grid = { shape: [2, 2, 2] };
    const data = writeFiles(join(folder, "gap"), {
      "images/a.nii": niftiBytes(grid),
      "labels/a.nii": niftiBytes({ ...grid, value: (i) => 3 * (i & 1) }),
    });
    expect((await convertData({ data, out: join(folder, "gap-nnunet"), to: "nnunet" })).warnings).toEqual([
      "nnU-Net wants labels 0, 1, 2 … without a gap, the data has 0, 3: kept as they are",
    ]);
  });
});

describe("hipmri convert", () => {
  test("prints what was done and what comes next", async () => {
    const out = join(folder, "cli");
    const { code, stdout, stderr } = await hipmri("convert", volumes, "--out", out, "--slices", "1:2");
    expect(code).toBe(0);
    expect(stdout.split("\n")).toEqual([
      "Read      HipMRI 3D release (CSIRO): 5 volumes of 4 patients, 6 labels",
      `Written   ${out}: 21 files, 10 slices of 5 volumes of 4 patients, as keras_slices`,
      "Patients  2 train, 1 validate, 1 test (HipMRI's own)",
      expect.stringMatching(/^Time {6}\d+ s$/),
      `Next      hipmri check ${out}`,
      "",
    ]);
    expect(stderr).toContain("HipMRI 3D release (CSIRO): 5 volumes of 4 patients, 6 labels\n");
    expect(stderr).toContain("Converting");
  });

  test("--json prints the same as data, --quiet nothing beside it", async () => {
    const out = join(folder, "cli-json");
    const { code, stdout, stderr } = await hipmri(
      ...["convert", volumes, "--out", out, "--to", "nnunet", "--layout", "csiro", "--json", "--quiet"],
    );
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      path: out,
      from: "csiro",
      to: "nnunet",
      files: 12,
      warnings: [],
    });
  });

  test("renamed cases are pointed out", async () => {
    const grid = { shape: [2, 2, 2] };
    const data = writeFiles(join(folder, "plain"), {
      "images/a.nii": niftiBytes(grid),
      "labels/a.nii": niftiBytes({ ...grid, value: () => 1 }),
    });
    const { stdout, stderr } = await hipmri("convert", data, "--out", join(folder, "plain-out"), "--quiet");
    expect(stdout).toContain(
      `Names     changed: ${join(folder, "plain-out")}/mapping.json says which case is which`,
    );
    expect(stderr).toBe(
      "warning: 1 patient cannot be split into train, validate and test: all is written as train\n",
    );
  });

  test("wrong usage ends with 2", async () => {
    const results = [
      await hipmri("convert", volumes),
      await hipmri("convert", volumes, "--out", "x", "--to", "volume"),
      await hipmri("convert", volumes, "--out", "x", "--slices", "9:1"),
      await hipmri("convert", volumes, "--out", "x", "--layout", "msdd"),
    ];
    expect(results.map(({ code, stderr }) => [code, stderr.split("\n")[0]])).toEqual([
      [2, "error: --out is needed: the folder to make"],
      [2, 'error: --to must be one of keras_slices, volumes, nnunet, got "volume"'],
      [2, 'error: --slices must be FIRST:LAST with FIRST <= LAST, got "9:1"'],
      [2, expect.stringContaining("error: --layout must be one of keras_slices, csiro,")],
    ]);
    expect(parseSlices("10:69")).toEqual({ first: 10, last: 69 });
    for (const text of ["", "1", "1:", ":1", "1-2", "a:b", "1:2:3", "1.5:2"]) {
      expect(() => parseSlices(text)).toThrow(
        `--slices must be FIRST:LAST with FIRST <= LAST, got "${text}"`,
      );
    }
  });

  test("a layout that is not there ends with 1", async () => {
    writeFileSync(join(folder, "new", "x.txt"), "x");
    const { code, stderr } = await hipmri("convert", volumes, "--out", "x", "--layout", "msd");
    expect(code).toBe(1);
    expect(stderr).toContain(`"${volumes}" is not of the layout msd: expected "imagesTr" and "labelsTr"`);
  });
});
