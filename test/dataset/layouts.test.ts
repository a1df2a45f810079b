import { expect, test } from "vitest";
import { readDataset } from "../../src/dataset/layouts.ts";
import { memoryFolder, noInflate, rejection } from "../support/data-folder.ts";

const nothing = new Uint8Array();

test("a folder without a known layout says what was expected and found", async () => {
  const folder = memoryFolder({ "scans/a.nii": nothing, "notes.xlsx": nothing, "README.txt": nothing });
  expect(await rejection(readDataset(folder, "my data", noInflate))).toEqual({
    code: "bad-dataset",
    message:
      'Cannot recognise the layout of "my data": expected the folders "keras_slices_train" and "keras_slices_seg_train" (or "keras_slices_data" that holds them), or "imagesTr" and "labelsTr"; found "notes.xlsx", "scans/"',
    hint: 'Give the folder that holds these folders; "hipmri phantom DIR" writes an example in the first layout',
    problems: [],
  });
});

test("an empty folder is told as such, litter not counting", async () => {
  const { message } = await rejection(readDataset(memoryFolder({ ".DS_Store": nothing }), "x", noInflate));
  expect(message).toMatch(/; the folder is empty$/);
});

test("a folder of images has a hint to give its parent", async () => {
  const folder = memoryFolder({ "case_004_week_0_slice_0.nii.gz": nothing });
  const { hint } = await rejection(readDataset(folder, "keras_slices_train", noInflate));
  expect(hint).toBe("These are the images themselves: give the folder that holds their folder");
});

test("folders without images are an error", async () => {
  const folder = memoryFolder({
    "keras_slices_train/": nothing,
    "keras_slices_seg_train/.DS_Store": nothing,
  });
  expect(await rejection(readDataset(folder, "x", noInflate))).toMatchObject({
    code: "bad-dataset",
    message: 'Cannot use "x": its image folders hold no images',
  });
  const msd = memoryFolder({ "imagesTr/": nothing, "labelsTr/": nothing });
  expect(await rejection(readDataset(msd, "y", noInflate))).toMatchObject({
    message: 'Cannot use "y": its image folders hold no images',
  });
});
