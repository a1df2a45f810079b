import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chooseSeries } from "../../src/formats/dicom/choose.ts";
import { readDicomSeries } from "../../src/formats/dicom/read.ts";
import { listDicomSeries } from "../../src/formats/dicom/series.ts";
import { DICOM_ON_NODE, findDicomFiles } from "../../src/node/dicom-folder.ts";
import { loadFixture } from "../formats/dicom/support.ts";

let root = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hipmri-dicom-"));
  for (const name of ["axial", "down-deflated", "jpeg-ls", "jpeg-2000", "bare"]) {
    const folder = join(root, "study", name, "deep");
    await mkdir(folder, { recursive: true });
    for (const file of loadFixture(name).files) await writeFile(join(folder, file.name), file.bytes);
  }
  const [first] = loadFixture("axial").files;
  await writeFile(join(root, "DICOMDIR"), first!.bytes);
  await writeFile(join(root, ".hidden"), first!.bytes);
  await writeFile(join(root, "notes.txt"), "no image\n");
  await writeFile(join(root, "empty"), "");
  await symlink(root, join(root, "circle"));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

describe("findDicomFiles()", () => {
  test("finds files by content, in nested folders, and no hidden ones", async () => {
    const { files, others } = await findDicomFiles(join(root, "study"));
    expect(files).toHaveLength(18);
    expect(others).toBe(0);
    expect(files.map(({ name }) => name)).toEqual(files.map(({ name }) => name).sort());
    expect(files[0]!.name).toBe(join(root, "study", "axial", "deep", "IM0000"));
  });

  test("ends where links lead in a circle, and counts what is not DICOM", async () => {
    const { files, others } = await findDicomFiles(root);
    expect(files).toHaveLength(18);
    expect(others).toBe(2);
    const { series } = await listDicomSeries(files, DICOM_ON_NODE);
    expect(series.map(({ sliceCount }) => sliceCount)).toEqual([6, 6, 2, 2, 2]);
  });

  test("takes a single file too", async () => {
    const { files } = await findDicomFiles(join(root, "study", "axial", "deep", "IM0000"));
    expect(files).toHaveLength(1);
  });

  test("names a path that is not there", async () => {
    await expect(findDicomFiles(join(root, "nowhere"))).rejects.toMatchObject({ code: "not-found" });
  });

  test("folder to voxels, with Node's inflate and codecs, leaving nothing open", async () => {
    const { files } = await findDicomFiles(join(root, "study"));
    const open = async (): Promise<number> => (await readdir("/proc/self/fd").catch(() => [])).length;
    const before = await open();
    const { series } = await listDicomSeries(files, DICOM_ON_NODE);
    for (const name of ["axial", "t1 down", "jpeg-ls", "jpeg 2000", "no preamble"]) {
      const { values } = await readDicomSeries(chooseSeries(series, name));
      const fixture = {
        "t2 axial": "axial",
        "t1 down": "down-deflated",
        "jpeg 2000": "jpeg-2000",
        "no preamble": "bare",
      };
      const expected = loadFixture(fixture[name as keyof typeof fixture] ?? name).volumes[0]!.values;
      expect(values.every((value, i) => Math.abs(value - expected[i]!) < 1e-4)).toBe(true);
    }
    expect(await open()).toBeLessThanOrEqual(before + 1);
  });
});
