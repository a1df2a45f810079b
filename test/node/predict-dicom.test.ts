/** DICOM through the verbs: a folder in, the mask as NIfTI and as a segmentation out, at the same millimetres. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { apply } from "../../src/nifti/affine.ts";
import { inflateGzip } from "../../src/node/inflate.ts";
import { predictInputs } from "../../src/node/workflows/predict.ts";
import { filesBelow, hipmri, temporaryFolder, tinyModel, writeFiles } from "../cli/support.ts";
import { placeKey, readSeg } from "../formats/dicom/seg-reader.ts";
import { loadFixture } from "../formats/dicom/support.ts";
import { niftiBytes } from "../support/data-folder.ts";
import { readBytes } from "../support/nifti.ts";

const folder = temporaryFolder();
const model = join(
  writeFiles(join(folder, "run"), {
    "model.onnx": tinyModel({ over: "volume", orientation: "LPS" }),
  }),
  "model.onnx",
);
const bytes = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
const text = (path: string): string => readFileSync(path, "latin1");

function writeSeries(at: string, ...names: readonly string[]): void {
  for (const name of names) {
    const files = loadFixture(name).files.map((file) => [`${name}/${file.name}`, file.bytes]);
    writeFiles(at, Object.fromEntries(files));
  }
}

beforeAll(() => {
  writeSeries(folder, "oblique-rle", "coronal-implicit");
  writeSeries(join(folder, "study"), "axial", "sagittal-big-endian");
});

describe("predictInputs() of DICOM", () => {
  test.each(["oblique-rle", "coronal-implicit"])(
    "%s: both masks say the same of every place",
    async (name) => {
      const out = join(folder, `out-${name}`);
      const { outputs, failures } = await predictInputs({
        model,
        inputs: [join(folder, name)],
        out,
        threads: 1,
      });
      expect(failures).toEqual([]);
      expect(outputs.map(({ mask, seg }) => [mask, seg])).toEqual([
        [join(out, `${name}.nii.gz`), join(out, `${name}.dcm`)],
      ]);
      const [expected] = loadFixture(name).volumes;
      const { header, values } = await readBytes(await inflateGzip(bytes(outputs[0]!.mask), 2 ** 20));
      expect(header.shape).toEqual(expected!.shape);
      for (const [i, row] of expected!.affine.entries()) {
        for (const [j, value] of row.entries()) expect(header.affine[i]![j]).toBeCloseTo(value, 4);
      }
      const seg = await readSeg(bytes(outputs[0]!.seg!));
      const numbers = new Map(seg.segments.map(({ number, label }) => [label, number]));
      const names = ["background", "body", "bone", "bladder", "rectum", "prostate"];
      const places = new Set<string>();
      const [nx, ny] = expected!.shape;
      for (let at = 0; at < values.length; at++) {
        if (values[at] === 0) continue;
        const index = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / nx / ny)] as const;
        places.add(placeKey(numbers.get(names[values[at]!]!)!, apply(expected!.affine, index)));
      }
      expect(places.size).toBeGreaterThan(10);
      expect(seg.places).toEqual(places);
    },
  );

  test("names of patients go into the segmentation alone, and not there once anonymised", async () => {
    const [first] = loadFixture("coronal-implicit").files;
    const patient = /[A-Z][A-Za-z]+\^[A-Za-z]+/.exec(Buffer.from(first!.bytes).toString("latin1"))![0];
    const predict = async (out: string, anonymise: boolean) => {
      const warned: string[] = [];
      const inputs = [join(folder, "coronal-implicit")];
      const warn = (message: string): void => void warned.push(message);
      const result = await predictInputs({ model, inputs, out, threads: 1, anonymise, warn });
      return { result: JSON.stringify(result) + warned.join(), out };
    };
    const plain = await predict(join(folder, "plain"), false);
    const neutral = await predict(join(folder, "neutral"), true);
    expect(text(join(plain.out, "coronal-implicit.dcm"))).toContain(patient);
    expect(text(join(neutral.out, "coronal-implicit.dcm"))).not.toContain(patient);
    for (const { result, out } of [plain, neutral]) {
      expect(result).not.toContain(patient);
      const nifti = await inflateGzip(bytes(join(out, "coronal-implicit.nii.gz")), 2 ** 20);
      expect(Buffer.from(nifti).toString("latin1")).not.toContain(patient);
    }
  });
});

describe("predictInputs() of files beside DICOM", () => {
  test("single files make up their series together", async () => {
    const files = filesBelow(join(folder, "oblique-rle"));
    const out = join(folder, "glob");
    const { outputs } = await predictInputs({ model, inputs: files, out, threads: 1 });
    expect(outputs.map(({ mask }) => mask)).toEqual([join(out, "oblique-rle.nii.gz")]);
    expect(bytes(outputs[0]!.mask)).toEqual(bytes(join(folder, "out-oblique-rle", "oblique-rle.nii.gz")));
  });

  test("a folder that also holds an image is asked about, or read by --series", async () => {
    const mixed = join(folder, "mixed");
    writeSeries(mixed, "oblique-rle");
    writeFiles(mixed, { "preview.nii": niftiBytes({ shape: [8, 6] }) });
    const out = join(folder, "mixed-out");
    await expect(predictInputs({ model, inputs: [mixed], out, threads: 1 })).rejects.toMatchObject({
      code: "usage",
      message: `Folder "${mixed}" holds both DICOM and other images, such as "preview.nii"`,
    });
    const { outputs } = await predictInputs({ model, inputs: [mixed], out, threads: 1, series: "oblique" });
    expect(outputs.map(({ seg }) => seg)).toEqual([join(out, "mixed.dcm")]);
  });
});

describe("of several series", () => {
  const study = join(folder, "study");

  test("info lists them", async () => {
    const { code, stdout, stderr } = await hipmri("info", study, "--json");
    expect([code, stderr]).toEqual([0, ""]);
    const { kind, series, damaged } = JSON.parse(stdout);
    expect([kind, damaged]).toEqual(["dicom", []]);
    expect(series.map(({ index, plane }: { index: number; plane: string }) => [index, plane])).toEqual([
      // Their Series Numbers, as the scanner shows them.
      [11, "axial"],
      [13, "sagittal"],
    ]);
    const table = await hipmri("info", study);
    expect(table.stdout).toMatch(/^DICOM +\S+study\n\nseries +kind +voxels +spacing mm +plane +axes\n/);
    expect(table.stdout).toContain("\nNext  hipmri predict RUN ");
  });

  test("predict asks which, and takes the one that is named", async () => {
    const out = join(folder, "chosen");
    const asked = await hipmri("predict", model, study, "--out", out, "--quiet");
    expect(asked.code).toBe(2);
    expect(asked.stderr).toMatch(/^error: There are 2 DICOM series: one must be chosen\n {2}- 11: MR, /);
    expect(filesBelow(out)).toEqual([]);
    const { code, stdout } = await hipmri("predict", model, study, "--out", out, "--series", "13", "--quiet");
    expect(code).toBe(0);
    expect(stdout).toContain("1 mask, 1 DICOM segmentation");
    expect(filesBelow(out)).toEqual(
      ["study_series_13.dcm", "study_series_13.nii.gz"].map((n) => join(out, n)),
    );
  });
});
