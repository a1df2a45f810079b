import { join } from "node:path";
import { expect, test } from "vitest";
import type { DatasetIndex } from "../../src/dataset/types.ts";
import { readLicence } from "../../src/node/workflows/data-licence.ts";
import { temporaryFolder, writeFiles } from "../cli/support.ts";

const folder = temporaryFolder();
const text = (content: unknown): Uint8Array =>
  new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content));

function indexOf(root: string, image = "imagesTr/a.nii.gz"): DatasetIndex {
  const files = [{ name: "a", image, mask: image }];
  return {
    layout: "msd",
    unit: "volume",
    description: "",
    root,
    labels: [],
    cases: [{ id: "a", patient: "a", split: undefined, files }],
    warnings: [],
  };
}

test.each([
  ["British", { licence: "CC-BY-SA 4.0" }, "CC-BY-SA 4.0"],
  ["American", { license: " CC0\n1.0 " }, "CC0 1.0"],
  ["empty", { licence: " ", license: "MIT" }, "MIT"],
  ["no text", { licence: 4 }, null],
  ["none", {}, null],
  ["a list", [], null],
  ["no JSON", "{", null],
])("the licence of a dataset.json: %s", async (name, content, expected) => {
  const root = writeFiles(join(folder, name), { "dataset.json": text(content) });
  expect(await readLicence(indexOf(root))).toBe(expected);
});

test("dataset.json may lie with the layout one level down, or be missing", async () => {
  const root = writeFiles(join(folder, "deep"), { "Task05/dataset.json": text({ licence: "x" }) });
  expect(await readLicence(indexOf(root, "Task05/imagesTr/a.nii.gz"))).toBe("x");
  expect(await readLicence(indexOf(root))).toBeNull();
});
