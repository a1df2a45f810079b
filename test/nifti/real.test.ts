/** Real images, where the environment variable HIPMRI_DATA names the folder that holds them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkFinite } from "../../src/nifti/read.ts";
import { writeMaskLike } from "../../src/nifti/write.ts";
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
