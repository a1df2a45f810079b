import { expect, test } from "vitest";
import { makeByteSource } from "../../src/core/bytes.ts";
import type { Folder } from "../../src/dataset/folder.ts";
import { findLabels, nameLabels, scanLabels, scanMask } from "../../src/dataset/labels.ts";
import { memoryFolder, niftiBytes, noInflate, rejection } from "../support/data-folder.ts";

const maskOf = (labels: readonly number[]): Uint8Array =>
  niftiBytes({ shape: [labels.length, 1, 1], value: (i) => labels[i]! });

test("scanLabels() gathers the ids of all masks, upwards", async () => {
  const folder = memoryFolder({ "a.nii": maskOf([7, 0, 7]), "b.nii": maskOf([3, 254]) });
  expect(await scanMask(folder, "a.nii", noInflate)).toEqual([0, 7]);
  expect(await scanLabels({ folder, inflate: noInflate, masks: ["a.nii", "b.nii"] })).toEqual([0, 3, 7, 254]);
});

test("nameLabels() adds the background", () => {
  expect(nameLabels([2])).toEqual([
    { id: 0, name: "background" },
    { id: 2, name: "label_2" },
  ]);
});

test("scanMask() looks for the voxels of a header beside it, in the mask's own folder", async () => {
  const asked: string[] = [];
  const bytes = niftiBytes({ shape: [2, 1, 1] });
  bytes.set(new TextEncoder().encode("ni1"), 344);
  const folder: Folder = {
    list: () => Promise.resolve([]),
    open(path) {
      asked.push(path);
      return Promise.resolve(makeByteSource(bytes));
    },
  };
  await scanMask(folder, "labels/x.hdr", noInflate).catch(() => undefined);
  expect(asked[0]).toBe("labels/x.hdr");
  expect(asked.slice(1).every((path) => path.startsWith("labels/x.img"))).toBe(true);
});

test("findLabels() refuses masks without a label", async () => {
  const folder = memoryFolder({ "a.nii": maskOf([0, 0]) });
  const entry = {
    id: "a",
    patient: "a",
    split: undefined,
    files: [{ name: "a", image: "x", mask: "a.nii" }],
  };
  const options = { root: "DATA", inflate: noInflate, scan: scanLabels };
  expect(await rejection(findLabels(folder, [entry], options))).toEqual({
    code: "bad-dataset",
    message: 'Cannot use "DATA": no mask has a label other than 0 (1 mask read)',
    hint: "There is nothing to learn in empty masks: check that the right files were copied",
    problems: [],
  });
});

test("scanLabels() leaves bad masks out where somebody takes what is wrong with them", async () => {
  const folder = memoryFolder({
    "a.nii": maskOf([0.5]),
    "b.nii": maskOf([3]),
    "c.nii": new Uint8Array(),
  });
  const told: string[] = [];
  const request = { folder, inflate: noInflate, masks: ["a.nii", "b.nii", "c.nii"] };
  expect(await scanLabels({ ...request, onBad: ({ message }) => told.push(message) })).toEqual([3]);
  expect(told).toEqual([
    'Cannot use mask "a.nii": labels must be whole numbers from 0 to 254, got 0.5 at voxel [0, 0, 0] (1 such voxel)',
    'Cannot read "c.nii": the file is empty, probably cut off in download',
  ]);
  expect(await rejection(scanLabels(request))).toMatchObject({
    message: "Cannot find the labels: 2 masks of 3 cannot be used",
    hint: expect.stringMatching(/^Fractions come of .*; Copy or download the file again$/),
    problems: told,
  });
});
