import { linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Affine } from "../../src/nifti/affine.ts";
import { determinant } from "../../src/nifti/affine.ts";
import { gzip, inflateGzip } from "../../src/node/inflate.ts";
import { failuresError, predictInputs } from "../../src/node/workflows/predict.ts";
import { keepLargestComponent } from "../../src/volume/components.ts";
import type { AxisCodes } from "../../src/volume/orient.ts";
import { filesBelow, temporaryFolder, tinyModel, writeFiles } from "../cli/support.ts";
import { type NiftiOptions, niftiBytes, rejection } from "../support/data-folder.ts";
import { readBytes } from "../support/nifti.ts";

const folder = temporaryFolder();
const model = join(writeFiles(join(folder, "run"), { "model.onnx": tinyModel() }), "model.onnx");
/** Of volumes in a plane; without z-score, so that a slice alone looks as it does in its volume. */
function volumeModel(orientation: AxisCodes): string {
  const bytes = tinyModel({ over: "volume", normalise: "none", orientation });
  return join(writeFiles(join(folder, orientation), { "model.onnx": bytes }), "model.onnx");
}
let made = 0;
const newFolder = (): string => join(folder, `case${made++}`);
const ENDINGS = ".nii, .nii.gz, .hdr with .img, .nrrd, .nhdr, .mha, .mhd or .png";
/** Neither smooth nor constant. */
const texture = (i: number): number => ((i * 7919) % 101) + (i % 13);
const image = (options: Partial<NiftiOptions> = {}): Uint8Array =>
  niftiBytes({ shape: [8, 6], value: texture, ...options });

async function readMask(path: string) {
  return readBytes(await inflateGzip(new Uint8Array(readFileSync(path)), 2 ** 20));
}

/** Predicts files of a new folder into its "out". */
async function predictFiles(files: Readonly<Record<string, Uint8Array>>, by = model) {
  const at = writeFiles(newFolder(), { ...files });
  const out = join(at, "out");
  const inputs = Object.keys(files).map((name) => join(at, name));
  return { at, out, result: await predictInputs({ model: by, inputs, out, threads: 1 }) };
}

describe("predictInputs()", () => {
  test("writes the mask of X.nii.gz and of X.nii as OUT/X.nii.gz on the image's own grid", async () => {
    const affine: Affine = [
      [-1.5, 0.1, 0, 20],
      [0.2, 0, 3, -10],
      [0, 2, 0.3, 5],
      [0, 0, 0, 1],
    ];
    const { out, result } = await predictFiles({
      "a.nii.gz": gzip(image({ shape: [8, 6, 1], affine })),
      "b.nii": image(),
    });
    expect(result.failures).toEqual([]);
    expect(result.outputs.map(({ mask }) => mask)).toEqual([join(out, "a.nii.gz"), join(out, "b.nii.gz")]);
    const { header, values } = await readMask(join(out, "a.nii.gz"));
    expect(header.shape).toEqual([8, 6, 1]);
    expect(header.dtype).toBe("uint8");
    for (const [i, row] of affine.entries()) {
      for (const [j, value] of row.entries()) expect(header.affine[i]![j]).toBeCloseTo(value, 5);
    }
    const counts = [1, 2, 3, 4, 5].map((id) => values.filter((value) => value === id).length);
    const { labels } = result.outputs[0]!;
    expect(labels.map(({ name }) => name)).toEqual(["body", "bone", "bladder", "rectum", "prostate"]);
    expect(labels.map(({ voxels }) => voxels)).toEqual(counts);
    expect(counts.some((count) => count > 0)).toBe(true);
    const voxelMl = Math.abs(determinant(affine)) / 1000;
    for (const [i, { ml }] of labels.entries()) expect(ml).toBeCloseTo(counts[i]! * voxelMl, 6);
    expect((await readMask(join(out, "b.nii.gz"))).header.shape).toEqual([8, 6]);
  });

  test.each([
    ["coronal", "RSA", [8, 3, 6], 1],
    ["axial", "RAS", [8, 6, 3], 2],
    ["sagittal", "ASR", [3, 8, 6], 0],
  ] as const)("cuts a volume as the model's slices lay: %s", async (_, orientation, shape, axis) => {
    const volume = image({ shape });
    const steps = [1, shape[0], shape[0] * shape[1]];
    const [across, down] = [0, 1, 2].filter((each) => each !== axis) as [number, number];
    const at = (slice: number, i: number): number =>
      slice * steps[axis]! + (i % 8) * steps[across]! + Math.floor(i / 8) * steps[down]!;
    const slices = [0, 1, 2].map((slice) => image({ shape: [8, 6], value: (i) => texture(at(slice, i)) }));
    const { out } = await predictFiles(
      { "volume.nii": volume, "s0.nii": slices[0]!, "s1.nii": slices[1]!, "s2.nii": slices[2]! },
      volumeModel(orientation),
    );
    const whole = await readMask(join(out, "volume.nii.gz"));
    expect(whole.header.shape).toEqual(shape);
    expect(new Set(whole.values).size).toBeGreaterThan(1);
    for (const slice of [0, 1, 2]) {
      const alone = await readMask(join(out, `s${slice}.nii.gz`));
      const cut = Float32Array.from({ length: 48 }, (_, i) => whole.values[at(slice, i)]!);
      expect(alone.values).toEqual(cut);
    }
  });

  test("refuses a volume where the model was trained on single slices, whose plane is not known", async () => {
    const { at, out, result } = await predictFiles({
      "volume.nii": image({ shape: [8, 6, 2] }),
      "flat.nii": image({ shape: [8, 6, 1, 1] }),
    });
    expect(result.failures.map(({ error: { code, message, hint } }) => ({ code, message, hint }))).toEqual([
      {
        code: "bad-image",
        message: `Cannot segment "${at}/volume.nii": the model was trained on single slices whose plane it does not know and takes images of 2 axes, got a volume of [8, 6, 2]`,
        hint: "Train with input.plane set to axial, coronal or sagittal, or cut the volume into slices as the training data were",
      },
    ]);
    expect(filesBelow(out)).toEqual([join(out, "flat.nii.gz")]);
  });

  test("takes the NIfTI files of a folder in numeric order, and a run folder as model", async () => {
    const at = writeFiles(newFolder(), {
      "s_10.nii": image(),
      "s_9.nii": image(),
      "notes.txt": new Uint8Array(1),
      "deeper/s_1.nii": image(),
    });
    const progress: string[] = [];
    const { outputs } = await predictInputs({
      model: join(folder, "run"),
      inputs: [at],
      out: join(at, "out"),
      threads: 1,
      onProgress: (done, total) => progress.push(`${done}/${total}`),
    });
    expect(outputs.map(({ input }) => input)).toEqual([join(at, "s_9.nii"), join(at, "s_10.nii")]);
    expect(progress).toEqual(["1/2", "2/2"]);
    expect(filesBelow(join(at, "out"))).toEqual([
      join(at, "out", "s_10.nii.gz"),
      join(at, "out", "s_9.nii.gz"),
    ]);
  });

  test("lets a model of neighbouring slices see the slices of one volume together", async () => {
    const neighbours = join(
      writeFiles(join(folder, "nb"), { "model.onnx": tinyModel({ neighbours: 1, orientation: "RAS" }) }),
      "model.onnx",
    );
    const at = (slice: number): Affine => [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 3 * slice],
      [0, 0, 0, 1],
    ];
    const sliceOf = (slice: number): Uint8Array =>
      image({ value: (i) => texture(i + 50 * slice), affine: at(slice) });
    const slices = {
      "v_slice_9.nii": sliceOf(0),
      "v_slice_10.nii": sliceOf(1),
      "v_slice_11.nii": sliceOf(2),
    };
    const together = await predictFiles({ ...slices, "w_slice_10.nii": sliceOf(1) }, neighbours);
    expect(together.result.failures).toEqual([]);
    const masks = await Promise.all(
      ["v_slice_10", "w_slice_10"].map((name) => readMask(join(together.out, `${name}.nii.gz`))),
    );
    expect(masks[0]!.header.affine).toEqual(at(1));
    // One and the same picture, but another slice above and below.
    expect(masks[0]!.values).not.toEqual(masks[1]!.values);
    const volume = image({ shape: [8, 6, 3], value: (i) => texture((i % 48) + 50 * Math.floor(i / 48)) });
    const { out } = await predictFiles({ "volume.nii": volume }, neighbours);
    expect((await readMask(join(out, "volume.nii.gz"))).values.slice(48, 96)).toEqual(masks[0]!.values);
  });

  describe("slices of one volume, by a model whose labels are cleaned up", () => {
    const every = [1, 2, 3, 4, 5];
    const bytes = tinyModel({ orientation: "RAS" }, every);
    const cleaning = join(writeFiles(join(folder, "cleaning"), { "model.onnx": bytes }), "model.onnx");
    const at = (slice: number): Affine => [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, slice],
      [0, 0, 0, 1],
    ];
    const value = (i: number): number => texture(i * 31 + Math.floor(i / 48));
    const sliceOf = (slice: number): Uint8Array =>
      image({ affine: at(slice), value: (i) => value(48 * slice + i) });
    const masksOf = async (numbers: readonly number[], by: string): Promise<Uint8Array[]> => {
      const files = Object.fromEntries(numbers.map((k) => [`v_slice_${k}.nii`, sliceOf(k)]));
      const { out, result } = await predictFiles(files, by);
      expect(result.failures).toEqual([]);
      const read = numbers.map((k) => readMask(join(out, `v_slice_${k}.nii.gz`)));
      return (await Promise.all(read)).map(({ values }) => Uint8Array.from(values));
    };

    test("have the masks that the volume has", async () => {
      const masks = await masksOf([0, 1, 2], cleaning);
      const raw = await masksOf([0, 1, 2], model);
      const whole = Uint8Array.from(raw.flatMap((mask) => [...mask]));
      const before = whole.slice();
      for (const id of every) keepLargestComponent(whole, [8, 6, 3], id);
      // Something was to be removed.
      expect(whole).not.toEqual(before);
      expect(Uint8Array.from(masks.flatMap((mask) => [...mask]))).toEqual(whole);
    });

    test("are left as they are where some are missing: an organ may be cut in two", async () => {
      expect(await masksOf([0, 2], cleaning)).toEqual(await masksOf([0, 2], model));
    });

    test("are segmented one by one where one cannot be used", async () => {
      const files = { "v_slice_0.nii": sliceOf(0), "v_slice_1.nii": image({ shape: [8, 5], affine: at(1) }) };
      const { out, result } = await predictFiles(files, cleaning);
      expect(result.failures).toEqual([]);
      const { values } = await readMask(join(out, "v_slice_0.nii.gz"));
      expect(Uint8Array.from(values)).toEqual((await masksOf([0], model))[0]);
    });
  });

  test("gives slices of one volume the mask of the volume where the model scaled volumes as one", async () => {
    const bytes = tinyModel({ over: "volume", orientation: "RAS" });
    const scaled = join(writeFiles(join(folder, "scaled"), { "model.onnx": bytes }), "model.onnx");
    const at = (slice: number): Affine => [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 3 * slice],
      [0, 0, 0, 1],
    ];
    // The second slice is far brighter.
    const value = (i: number): number => texture(i) + (i >= 48 ? 500 : 0);
    const slices = Object.fromEntries(
      [0, 1].map((k) => [`v_slice_${k}.nii`, image({ affine: at(k), value: (i) => value(48 * k + i) })]),
    );
    const { out } = await predictFiles({ ...slices, "v.nii": image({ shape: [8, 6, 2], value }) }, scaled);
    const whole = (await readMask(join(out, "v.nii.gz"))).values;
    for (const k of [0, 1]) {
      const { values } = await readMask(join(out, `v_slice_${k}.nii.gz`));
      expect(values).toEqual(whole.slice(48 * k, 48 * (k + 1)));
    }
  });

  test("warns of slices that are missing between those it sees together", async () => {
    const files = { "g_slice_0.nii": image(), "g_slice_4.nii": image({ value: (i) => i }) };
    const { result } = await predictFiles(files, join(folder, "nb", "model.onnx"));
    expect(result.outputs[0]!.warnings).toContain(
      "slices between 0 and 4 are missing, and the model sees neighbouring slices: those around the gap were taken for neighbours",
    );
  });

  test("refuses voxels without a size, or of another magnitude than the training slices'", async () => {
    const bytes = tinyModel({ orientation: "RAS", spacingMm: { width: 1, height: 1 } });
    const sized = join(writeFiles(join(folder, "sized"), { "model.onnx": bytes }), "model.onnx");
    const flat: Affine = [
      [1, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ];
    const { at, out, result } = await predictFiles(
      {
        "flat.nii": image({ shape: [8, 6, 2], affine: flat }),
        "micrometres.nii": image({ shape: [8, 6, 2], spacingMm: [1000, 1000, 1000] }),
      },
      sized,
    );
    expect(result.failures.map(({ error }) => error.message)).toEqual([
      `Cannot use image "${at}/flat.nii": the voxel size must be > 0 mm along each axis, got [1, 0, 1]`,
      `Cannot use "${at}/micrometres.nii": its pixels of 1000 x 1000 mm must be within 16 times the 1 x 1 mm of training`,
    ]);
    expect(filesBelow(out)).toEqual([]);
  });

  test("states no volume where the file states no size or thickness", async () => {
    const { result } = await predictFiles({
      "made-up.nii": image(),
      "thick.nii": image({ spacingMm: [2, 2, 3] }),
    });
    expect(result.outputs.map(({ labels }) => labels[0]!.ml === null)).toEqual([true, false]);
  });

  test("refuses slices of one volume that are of unequal shape", async () => {
    const neighbours = join(folder, "nb", "model.onnx");
    const files = { "v_slice_0.nii": image(), "v_slice_1.nii": image({ shape: [8, 5] }) };
    const { at, result } = await predictFiles(files, neighbours);
    expect(result.failures.map(({ error }) => error.message)).toEqual(
      [0, 1].map(
        () =>
          `Slices of one volume must have equal shapes: "${at}/v_slice_0.nii" has [8, 6], "${at}/v_slice_1.nii" has [8, 5]`,
      ),
    );
  });

  test("gives equal bytes for equal images", async () => {
    const one = await predictFiles({ "x.nii": image() });
    const two = await predictFiles({ "x.nii": image() });
    expect(readFileSync(join(one.out, "x.nii.gz")).equals(readFileSync(join(two.out, "x.nii.gz")))).toBe(
      true,
    );
  });

  test("goes on past images that cannot be used and reports them", async () => {
    const { at, out, result } = await predictFiles({
      "nan.nii": image({ value: (i) => (i === 5 ? Number.NaN : i) }),
      "cut.nii.gz": gzip(image()).subarray(0, 60),
      "four.nii": image({ shape: [8, 6, 2, 2] }),
      "good.nii": image(),
    });
    expect(result.outputs.map(({ input }) => input)).toEqual([join(at, "good.nii")]);
    expect(result.failures.map(({ error }) => `${error.code}: ${error.message}`)).toEqual([
      `bad-image: Cannot use image "${at}/nan.nii": intensities must be finite, got NaN at voxel [5, 0] (1 voxel that is NaN or infinite)`,
      `unreadable-image: Cannot read "${at}/cut.nii.gz": the gzip data ends early, after 60 compressed bytes`,
      `bad-image: Cannot segment "${at}/four.nii": an image must have at most 3 axes, got [8, 6, 2, 2]`,
    ]);
    expect(filesBelow(out)).toEqual([join(out, "good.nii.gz")]);
    const error = failuresError(result.failures, 4)!;
    expect(error.message).toBe("3 of 4 images could not be segmented");
    expect(error.problems).toEqual(result.failures.map((failure) => failure.error.message));
  });

  test("makes no folder where no image can be used", async () => {
    const { out, result } = await predictFiles({ "nan.nii": image({ value: () => Number.NaN }) });
    expect(failuresError(result.failures, 1)).toBe(result.failures[0]!.error);
    expect(() => readFileSync(out)).toThrow("ENOENT");
  });
});

describe("predictInputs() refuses, before anything is written,", () => {
  const refuse = (inputs: readonly string[], out: string) =>
    rejection(predictInputs({ model, inputs, out, threads: 1 }));

  test("two inputs for one mask", async () => {
    const at = writeFiles(newFolder(), { "a/x.nii": image(), "b/x.nii.gz": gzip(image()) });
    const out = join(at, "out");
    expect(await refuse([join(at, "a"), join(at, "b", "x.nii.gz")], out)).toEqual({
      code: "usage",
      message: `Two inputs would have the same mask "${out}/x.nii.gz": "${at}/a/x.nii" and "${at}/b/x.nii.gz"`,
      hint: "Predict them into two folders, or rename one",
      problems: [],
    });
    expect(filesBelow(out)).toEqual([]);
  });

  test("but not one input given twice", async () => {
    const at = writeFiles(newFolder(), { "x.nii": image() });
    const inputs = [at, join(at, "x.nii")];
    const { outputs } = await predictInputs({ model, inputs, out: join(at, "out"), threads: 1 });
    expect(outputs).toHaveLength(1);
  });

  test.each(["same path", "symbolic link", "hard link"])(
    "a mask that would replace an input: %s",
    async (kind) => {
      const bytes = gzip(image());
      const at = writeFiles(newFolder(), { "x.nii.gz": bytes });
      const input = join(at, "x.nii.gz");
      let out = at;
      if (kind !== "same path") {
        out = join(at, "out");
        mkdirSync(out);
        (kind === "hard link" ? linkSync : symlinkSync)(input, join(out, "x.nii.gz"));
      }
      expect(await refuse([input], out)).toEqual({
        code: "usage",
        message: `Mask "${out}/x.nii.gz" would replace the input "${input}"`,
        hint: "Give another folder with --out",
        problems: [],
      });
      expect(readFileSync(input).equals(bytes)).toBe(true);
    },
  );

  test("an input that is missing, no NIfTI file, or a folder without any", async () => {
    const at = writeFiles(newFolder(), { "x.txt": image(), "sub/y.nii": image() });
    expect(await refuse([join(at, "z.nii")], at)).toMatchObject({
      code: "not-found",
      message: `Cannot find input "${at}/z.nii"`,
    });
    expect(await refuse([join(at, "x.txt")], at)).toMatchObject({
      code: "usage",
      message: `Input "${at}/x.txt" must be an image (${ENDINGS}), DICOM, or a folder of such files`,
    });
    expect(await refuse([at], at)).toMatchObject({
      code: "not-found",
      message: `Cannot find images in folder "${at}": expected ${ENDINGS}, or DICOM, found "sub/", "x.txt"`,
    });
  });

  test("an OUT that cannot be a folder", async () => {
    const at = writeFiles(newFolder(), { "x.nii": image(), file: new Uint8Array(1) });
    expect(await refuse([join(at, "x.nii")], join(at, "file", "sub"))).toMatchObject({
      code: "usage",
      message: `Cannot write to "${at}/file/sub": "${at}/file" must be a folder, found a file`,
    });
  });

  test("a model that is none, or a run folder without one", async () => {
    const at = writeFiles(newFolder(), { "x.nii": image(), "no.onnx": new Uint8Array(9).fill(7) });
    const attempt = (path: string) =>
      rejection(predictInputs({ model: path, inputs: [join(at, "x.nii")], out: join(at, "out") }));
    expect(await attempt(join(at, "no.onnx"))).toMatchObject({
      code: "bad-model",
      message: `Cannot read "${at}/no.onnx": expected an ONNX model, got something else`,
    });
    writeFileSync(join(at, "cut.onnx"), tinyModel().subarray(0, 400));
    expect(await attempt(join(at, "cut.onnx"))).toMatchObject({ code: "bad-model" });
    expect(await attempt(at)).toMatchObject({
      code: "not-found",
      message: `Cannot find a model in folder "${at}": expected "model.onnx"`,
    });
    expect(filesBelow(join(at, "out"))).toEqual([]);
  });
});
