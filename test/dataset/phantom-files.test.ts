import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { makeByteSource } from "../../src/core/bytes.ts";
import { PHANTOM_DESCRIPTION, phantomFiles, phantomReadme } from "../../src/dataset/phantom/files.ts";
import type { PhantomOptions } from "../../src/dataset/phantom/phantom.ts";
import { defaultPhantomOptions, makePhantomVolume } from "../../src/dataset/phantom/phantom.ts";
import { readNifti } from "../../src/nifti/read.ts";

const OPTIONS: PhantomOptions = {
  patients: { train: 1, validate: 1, test: 1 },
  weeksPerPatient: 2,
  size: { x: 32, y: 16, slices: 12 },
  seed: 7,
};
const files = [...phantomFiles(OPTIONS)];

function fileOf(path: string): Uint8Array {
  const found = files.find((file) => file.path === path);
  if (found === undefined) throw new Error(`No file ${path}`);
  return found.bytes;
}

describe("phantomFiles", () => {
  it("names slices exactly as keras_slices_data does", () => {
    const paths = files.map((file) => file.path);
    expect(paths.length).toBe(1 + 3 * 2 * 12 * 2);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths.slice(0, 5)).toEqual([
      "README.txt",
      "keras_slices_train/case_004_week_0_slice_0.nii.gz",
      "keras_slices_seg_train/seg_004_week_0_slice_0.nii.gz",
      "keras_slices_train/case_004_week_0_slice_1.nii.gz",
      "keras_slices_seg_train/seg_004_week_0_slice_1.nii.gz",
    ]);
    expect(paths).toContain("keras_slices_validate/case_005_week_1_slice_10.nii.gz");
    expect(paths).toContain("keras_slices_seg_test/seg_006_week_1_slice_11.nii.gz");
    expect(files.every((file) => file.gzip === file.path.endsWith(".nii.gz"))).toBe(true);
  });

  it("puts no man in two splits", () => {
    const splitsOf = new Map<string, Set<string>>();
    for (const { path } of files.slice(1)) {
      const [, split, patient] = /^keras_slices_(?:seg_)?(\w+)\/\w+?_(\d{3})_/.exec(path)!;
      splitsOf.set(patient!, (splitsOf.get(patient!) ?? new Set()).add(split!));
    }
    expect([...splitsOf.keys()]).toEqual(["004", "005", "006"]);
    for (const splits of splitsOf.values()) expect(splits.size).toBe(1);
  });

  it("gives the same bytes for the same options and other bytes for another seed", () => {
    const digest = (options: PhantomOptions): string => {
      const hash = createHash("sha256");
      for (const file of phantomFiles(options)) hash.update(file.path).update(file.bytes);
      return hash.digest("hex");
    };
    expect(digest(OPTIONS)).toBe(digest(OPTIONS));
    expect(digest({ ...OPTIONS, seed: 8 })).not.toBe(digest(OPTIONS));
  });

  it("writes each slice's own pixels, true to its place in space", async () => {
    const volume = makePhantomVolume(OPTIONS, 1, 1);
    const read = async (path: string) => {
      return readNifti(makeByteSource(fileOf(path)), {
        name: path,
        inflate: () => Promise.reject(new Error("These bytes are not gzipped")),
      });
    };
    const image = await read("keras_slices_validate/case_005_week_1_slice_6.nii.gz");
    const mask = await read("keras_slices_seg_validate/seg_005_week_1_slice_6.nii.gz");
    expect(image.header.shape).toEqual([32, 16]);
    expect(image.header.dtype).toBe("float32");
    expect(mask.header.dtype).toBe("uint8");
    expect(image.values).toEqual(volume.image.slice(6 * 512, 7 * 512));
    expect(mask.values).toEqual(Float32Array.from(volume.mask.slice(6 * 512, 7 * 512)));
    expect(image.header.orientation).toBe("LSP");
    const [a, b, c, d] = volume.affine[1];
    expect([a, b]).toEqual([0, 0]);
    expect(image.header.affine[1][3]).toBeCloseTo(d + 6 * c, 4);
    expect(mask.header.affine).toEqual(image.header.affine);
    expect(new TextDecoder().decode(image.header.raw)).toContain(PHANTOM_DESCRIPTION);
  });
});

describe("phantomReadme", () => {
  it("says that the data are synthetic, with seed, version and counts", () => {
    const text = phantomReadme(defaultPhantomOptions);
    expect(text).toMatch(/^SYNTHETIC DATA - NOT PATIENTS\n/);
    expect(text).toContain("Phantom version: 1\nSeed: 1\n");
    expect(text).toContain("train     18 synthetic men, 36 synthetic volumes, 864 synthetic slices");
    expect(text).toContain("test      5 synthetic men, 10 synthetic volumes, 240 synthetic slices");
    expect(new TextDecoder().decode(fileOf("README.txt"))).toBe(phantomReadme(OPTIONS));
  });
});
