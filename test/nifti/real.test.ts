/** Real images, where the environment variable HIPMRI_DATA names the folder that holds them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeByteSource } from "../../src/core/bytes.ts";
import { HipError } from "../../src/core/errors.ts";
import { checkFinite, readNifti } from "../../src/nifti/read.ts";
import { writeMaskLike } from "../../src/nifti/write.ts";
import { inflateGzip } from "../../src/node/inflate.ts";
import { readBytes, sameBytes } from "../support/nifti.ts";

const ROOT = process.env.HIPMRI_DATA ?? "";
const read = (path: string) => readBytes(new Uint8Array(readFileSync(path)), path);

describe.each([
  ["hippocampus", 2, "sform"],
  ["acdc", 3, "pixdim"],
] as const)("%s", (set, largest, source) => {
  const folder = join(ROOT, set);
  const there = ROOT !== "" && existsSync(folder);
  test.skipIf(!there)(
    `reads images and masks${there ? "" : ` (skipped: set HIPMRI_DATA to a folder with ${set})`}`,
    async () => {
      const files = readdirSync(join(folder, "imagesTr")).sort().slice(0, 4);
      expect(files.length).toBe(4);
      for (const file of files) {
        const image = await read(join(folder, "imagesTr", file));
        const mask = await read(join(folder, "labelsTr", file));
        checkFinite(image.values, { name: file, shape: image.header.shape });
        expect(image.header.shape.length).toBe(3);
        expect(mask.header.shape).toEqual(image.header.shape);
        expect(image.header.affineSource).toBe(source);
        expect(mask.header.affine).toEqual(image.header.affine);
        const labels = Uint8Array.from(mask.values);
        expect([...new Set(labels)].sort()).toEqual(Array.from({ length: largest + 1 }, (_, i) => i));
        const again = await readBytes(writeMaskLike(image.header, labels));
        expect(sameBytes(again.values, mask.values)).toBe(true);
        expect(again.header.affine).toEqual(image.header.affine);
      }
    },
  );
});

/** What is wrong with those that are no image to segment; all others are read, as scripts/check_nifti.py shows. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  "nibabel/row_major.dconn.nii": /CIFTI-2/,
  "niivue_demos/Conte69.MyelinAndCorrThickness.32k_fs_LR.dtseries.nii": /CIFTI-2/,
  "niivue_demos/complex.nii.gz": /complex64/,
  "niivue_tests/ct_perfusion.nii.gz": /rgb24/,
  "nifti-rs/avg152T1_LR_nifti.hdr.gz": /its voxels are not there/,
  "nifti-rs/complex_complex32.nii": /complex64/,
  "nifti-rs/rgb_4D.nii": /rgb24/,
  "nifti-rs/rgba_4D.nii": /rgba32/,
};

const tricky = join(ROOT, "tricky-nifti");
const tricksThere = ROOT !== "" && existsSync(tricky);
test.skipIf(!tricksThere)(
  `tricky-nifti is read, or refused by name${tricksThere ? "" : " (skipped: set HIPMRI_DATA to a folder with it)"}`,
  async () => {
    const files = readdirSync(tricky, { recursive: true })
      .map(String)
      .filter((file) => /\.(?:nii|hdr|img)(?:\.gz)?$/.test(file));
    expect(files.length).toBeGreaterThan(90);
    for (const file of files) {
      const open = async (path: string) => {
        if (!existsSync(path)) throw new HipError("not-found", `No ${path}`);
        return makeByteSource(new Uint8Array(readFileSync(path)));
      };
      const openBeside = (name: string) => open(join(tricky, dirname(file), name));
      const options = { name: basename(file), inflate: inflateGzip, openBeside };
      const work = open(join(tricky, file)).then((source) => readNifti(source, options));
      const refused = REFUSED[file];
      if (refused !== undefined) {
        await expect(work, file).rejects.toThrow(refused);
        continue;
      }
      const { header, values } = await work;
      expect(values.length, file).toBe(header.shape.reduce((product, n) => product * n, 1));
    }
  },
);
