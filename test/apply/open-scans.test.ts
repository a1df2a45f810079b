import { describe, expect, test } from "vitest";
import { openScans } from "../../src/apply/open-scans.ts";
import { gzip } from "../../src/node/inflate.ts";
import { loadFixture } from "../formats/dicom/support.ts";
import { niftiBytes } from "../support/data-folder.ts";
import { dropped, PLATFORM } from "./support.ts";

const open = (files: Readonly<Record<string, Uint8Array>>) => openScans(dropped(files), PLATFORM);
const VOLUME = niftiBytes({ shape: [4, 3, 2], value: (i) => i, originMm: [1, 2, 3] });

describe("openScans()", () => {
  test("lists files by name, and reads a volume when it is asked to", async () => {
    const { scans, problems } = await open({ "b10.nii": VOLUME, "b9.nii.gz": gzip(VOLUME) });
    expect(problems).toEqual([]);
    expect(scans.map(({ name }) => name)).toEqual(["b9", "b10"]);
    const { data, grid } = await scans[0]!.load();
    expect(grid.shape).toEqual([4, 3, 2]);
    expect([...data.slice(0, 3)]).toEqual([0, 1, 2]);
    expect(scans[0]!.masks(new Uint8Array(24)).map(({ name }) => name)).toEqual(["b9.nii"]);
  });

  test("tells patients apart by their folders, and names that repeat, too", async () => {
    const files = Object.fromEntries(["p1", "p2", "p3"].map((each) => [`${each}/T2.nii`, VOLUME]));
    const { scans } = await open({ ...files, "p1/ADC.nii": VOLUME });
    expect(scans.map(({ name }) => name)).toEqual(["ADC", "p1/T2", "p2/T2", "p3/T2"]);
    expect(scans.map(({ patient }) => patient)).toEqual(["p1", "p1", "p2", "p3"]);
    expect(scans[1]!.masks(new Uint8Array(24))[0]!.name).toBe("T2.nii");
  });

  test("passes over masks beside their scans, and files of other kinds in a folder", async () => {
    const slice = niftiBytes({ shape: [4, 3] });
    const text = new TextEncoder().encode("Read me");
    const { scans, problems } = await open({
      "d/keras_slices_test/case_004_week_0_slice_0.nii": slice,
      "d/keras_slices_seg_test/seg_004_week_0_slice_0.nii": slice,
      "d/keras_slices_seg_test/seg_005_week_0_slice_0.nii": slice,
      "d/README.txt": text,
    });
    expect(problems).toEqual([]);
    expect(scans.map(({ name }) => name)).toEqual(["case_004_week_0_slice_0", "seg_005_week_0_slice_0"]);
    expect((await open({ "README.txt": text })).problems).toHaveLength(1);
  });

  test("takes slice files of one folder for one scan", async () => {
    const slice = (z: number) =>
      niftiBytes({ shape: [4, 3], value: (i) => 100 * z + i, originMm: [0, 0, 5 * z] });
    const name = (z: number) => `s/case_004_week_0_slice_${z}.nii`;
    const { scans } = await open({ [name(10)]: slice(2), [name(9)]: slice(1), [name(8)]: slice(0) });
    expect(scans).toHaveLength(1);
    expect(scans[0]).toMatchObject({ name: "case_004_week_0", source: "slices", patient: "case_004" });
    expect((await scans[0]!.load()).data[12]).toBe(100);
  });

  test("knows series of one patient by a digest of the ID, which is shown nowhere", async () => {
    const files = (name: string, change: (text: string) => string = (text) => text) =>
      loadFixture(name).files.map((file) => {
        const text = change(Buffer.from(file.bytes).toString("latin1"));
        return [`${name}/${file.name}`, new Uint8Array(Buffer.from(text, "latin1"))] as const;
      });
    const other = (text: string): string => text.replace("SECRET-4711", "SECRET-4712");
    const { scans, seriesOf } = await open(
      Object.fromEntries([...files("axial"), ...files("coronal-implicit"), ...files("jpeg-ls", other)]),
    );
    expect(seriesOf.size).toBe(3);
    const [axial, jpeg, coronal] = ["axial", "jpeg-ls", "coronal"].map(
      (word) => scans.find(({ name }) => name.endsWith(word))!.patient,
    );
    expect(axial).toMatch(/^patient [0-9a-f]{16}$/);
    expect(coronal).toBe(axial);
    expect(jpeg).not.toBe(axial);
    expect(JSON.stringify([scans, [...seriesOf.values()]])).not.toContain("SECRET");
  });

  test("tells what cannot be used, and opens the rest", async () => {
    const { scans, problems } = await open({
      "bad.nii": new Uint8Array(400).fill(7),
      "good.nii": VOLUME,
      ".DS_Store": new Uint8Array(5),
    });
    expect(scans.map(({ name }) => name)).toEqual(["good"]);
    expect(problems.map(({ name }) => name)).toEqual(["bad.nii"]);
  });

  test("opens a header's second half only beside it", async () => {
    const head = (file: string): Uint8Array =>
      new TextEncoder().encode(
        `ObjectType = Image\nNDims = 3\nDimSize = 2 2 2\nElementSpacing = 1 1 1\nElementType = MET_UCHAR\nElementDataFile = ${file}\n`,
      );
    const raw = Uint8Array.from({ length: 8 }, (_, i) => i);
    const { scans } = await open({ "a/x.mhd": head("x.raw"), "a/x.raw": raw, "b/y.mhd": head("y.raw") });
    const loaded = await Promise.allSettled(scans.map((scan) => scan.load()));
    expect(loaded[0]).toMatchObject({ status: "fulfilled" });
    expect(scans.length === 1 || loaded[1]?.status === "rejected").toBe(true);
  });
});
