/** Runs on the real sets in the folder that HIPMRI_DATA names; they are not part of the repository. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeCase } from "../../src/dataset/decode.ts";
import { readDataset } from "../../src/dataset/layouts.ts";
import { splitByPatient } from "../../src/dataset/split.ts";
import { openFolder } from "../../src/node/folder.ts";
import { inflateGzip } from "../../src/node/inflate.ts";

const data = process.env.HIPMRI_DATA;
if (data === undefined) console.warn("Skipped: HIPMRI_DATA names no folder with the real data sets");

describe.skipIf(data === undefined)("real data", () => {
  test.each([
    { name: "hippocampus", cases: 217, patients: 217, labels: [0, 1, 2], warningsPerCase: 0 },
    { name: "acdc", cases: 50, patients: 25, labels: [0, 1, 2, 3], warningsPerCase: 1 },
  ])("$name is indexed, split and decoded in full", async ({ name, ...expected }) => {
    const root = join(data ?? "", name);
    const folder = openFolder(root);
    const index = await readDataset(folder, root, inflateGzip);
    expect(index.layout).toBe("msd");
    expect(index.warnings).toEqual([]);
    expect(index.labels.map((label) => label.id)).toEqual(expected.labels);
    expect(index.cases).toHaveLength(expected.cases);
    expect(new Set(index.cases.map((entry) => entry.patient)).size).toBe(expected.patients);
    const { train, validate, test: held } = splitByPatient(index, { seed: 0 });
    expect(train.length + validate.length + held.length).toBe(expected.cases);
    for (const entry of index.cases) {
      const decoded = await decodeCase(entry, { folder, inflate: inflateGzip, labels: index.labels });
      const voxels = decoded.width * decoded.height * decoded.depth;
      expect([decoded.image.length, decoded.mask.length]).toEqual([voxels, voxels]);
      expect(decoded.orientation).toBe("LPS");
      expect(decoded.warnings).toHaveLength(expected.warningsPerCase);
    }
  });
});
