import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { phantomFiles } from "../../src/dataset/phantom/files.ts";
import type { PhantomOptions } from "../../src/dataset/phantom/options.ts";
import { inflateGzip } from "../../src/node/inflate.ts";
import { openData } from "../../src/node/workflows/open-data.ts";
import { writePhantom } from "../../src/node/workflows/phantom.ts";
import { filesBelow, temporaryFolder, writeFiles } from "../cli/support.ts";
import { rejection } from "../support/data-folder.ts";

const folder = temporaryFolder();
const phantom: PhantomOptions = {
  patients: { train: 1, validate: 1, test: 1 },
  weeksPerPatient: 1,
  size: { x: 16, y: 16, slices: 8 },
  seed: 5,
};
/** Temporary folders stand beside what they become. */
const names = (): readonly string[] => readdirSync(folder).sort();

describe("writePhantom()", () => {
  test("writes every file of the phantom, gzipped, as a data set that can be read", async () => {
    const out = join(folder, "new", "data");
    const progress: string[] = [];
    const written = await writePhantom({
      out,
      phantom,
      onProgress: (done, total) => progress.push(`${done}/${total}`),
    });
    expect(written).toEqual({
      path: out,
      synthetic: true,
      seed: 5,
      patients: { train: 1, validate: 1, test: 1 },
      volumes: 3,
      slices: 24,
      files: 49,
    });
    expect(progress).toEqual(["32/49", "49/49"]);
    const expected = [...phantomFiles(phantom)];
    expect(filesBelow(out)).toEqual(expected.map(({ path }) => join(out, path)).sort());
    for (const { path, bytes, gzip } of expected) {
      const found = new Uint8Array(readFileSync(join(out, path)));
      expect(gzip ? await inflateGzip(found, 2 ** 20) : found).toEqual(bytes);
    }
    const { index } = await openData(out);
    expect(index.cases.map(({ id, split }) => `${id} ${split}`)).toEqual([
      "case_004_week_0 train",
      "case_005_week_0 validate",
      "case_006_week_0 test",
    ]);
    expect(index.warnings).toEqual([]);
    expect(readdirSync(join(folder, "new"))).toEqual(["data"]);
  });

  test("fills an empty folder and replaces an earlier phantom when asked, whole", async () => {
    const out = writeFiles(join(folder, "again"), {});
    await writePhantom({ out, phantom });
    const before = filesBelow(out);
    expect(before).toHaveLength(49);
    await writePhantom({
      out,
      phantom: { ...phantom, size: { ...phantom.size, slices: 9 } },
      overwrite: true,
    });
    expect(filesBelow(out)).toHaveLength(55);
    expect(names()).toContain("again");
    expect(names().filter((name) => name.endsWith(".tmp") || name.endsWith(".old"))).toEqual([]);
  });

  test("leaves a folder with other things in it alone, with and without overwrite", async () => {
    const out = writeFiles(join(folder, "mine"), { "thesis.txt": new Uint8Array(3) });
    expect(await rejection(writePhantom({ out, phantom }))).toEqual({
      code: "usage",
      message: `Folder "${out}" is not empty: found "thesis.txt"`,
      hint: "Give another folder, or replace an earlier phantom with --overwrite",
      problems: [],
    });
    expect(await rejection(writePhantom({ out, phantom, overwrite: true }))).toEqual({
      code: "usage",
      message: `Cannot overwrite folder "${out}": it holds more than an earlier phantom`,
      hint: "Give another folder, or empty this one yourself",
      problems: [],
    });
    expect(filesBelow(out)).toEqual([join(out, "thesis.txt")]);
  });

  test("takes real data in the same layout for no phantom", async () => {
    const out = writeFiles(join(folder, "real"), {
      "README.txt": new TextEncoder().encode("HipMRI"),
      "keras_slices_train/case_004_week_0_slice_0.nii.gz": new Uint8Array(3),
    });
    expect((await rejection(writePhantom({ out, phantom, overwrite: true }))).code).toBe("usage");
    expect(filesBelow(out)).toHaveLength(2);
  });

  test("refuses a file and the folder one works in", async () => {
    const path = join(writeFiles(join(folder, "file"), {}), "x");
    writeFileSync(path, "x");
    expect((await rejection(writePhantom({ out: path, phantom }))).message).toBe(
      `Cannot write to "${path}": expected a folder, found a file`,
    );
    const here = writeFiles(join(folder, "here"), {});
    const before = process.cwd();
    process.chdir(here);
    try {
      expect((await rejection(writePhantom({ out: ".", phantom }))).message).toBe(
        'Cannot replace folder ".": you are working inside it',
      );
    } finally {
      process.chdir(before);
    }
  });

  test("leaves nothing behind when it is stopped", async () => {
    const controller = new AbortController();
    const before = names();
    const writing = writePhantom({
      out: join(folder, "stopped"),
      phantom,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(writing).rejects.toMatchObject({ name: "AbortError" });
    expect(names()).toEqual(before);
  });
});
