/** Masks in a file for each organ, as TotalSegmentator writes them. */
import { describe, expect, test } from "vitest";
import { parseLabelList, parseLabelMap, parseOrganMap } from "../../src/dataset/label-map.ts";
import { decodeMasks } from "../../src/dataset/mask-case.ts";
import { pairMasks, readOrganFolder } from "../../src/dataset/mask-pairs.ts";
import { noteOrgans, organNames } from "../../src/dataset/organ-notes.ts";
import { type Files, memoryFolder, niftiBytes, noInflate } from "../support/data-folder.ts";
import { hipErrorOf } from "../support/nifti.ts";

const LABELS = parseLabelList("1=bladder,5=prostate");
const mask = (text: string, changes: object = {}): Uint8Array =>
  niftiBytes({ shape: [text.length, 1, 1], dtype: "uint8", value: (at) => Number(text[at]), ...changes });
const side = (files: Files, path: string) => ({ folder: memoryFolder(files), path });

/** Pairs two folders and decodes every case. */
async function score(predicted: Files, truth: Files, map?: string) {
  const [prediction, ofTruth] = [side(predicted, "pred"), side(truth, "truth")];
  const { cases, warnings } = await pairMasks(prediction, ofTruth);
  const organMap = parseOrganMap(map, LABELS);
  const context = {
    prediction,
    truth: ofTruth,
    inflate: noInflate,
    labels: LABELS,
    map: parseLabelMap(undefined, LABELS),
    organMap,
  };
  const decoded = [];
  for (const each of cases) {
    const { truth: t, prediction: p } = await decodeMasks(each, context);
    decoded.push({ id: each.id, truth: [...t].join(""), prediction: [...p].join("") });
  }
  return { decoded, cases, notes: [...warnings, ...noteOrgans(cases, organMap, LABELS)] };
}

describe("a folder for each case", () => {
  test("against masks of label numbers; other organs are left out, those without a file are misses", async () => {
    const { decoded, notes } = await score(
      {
        "s1/urinary_bladder.nii": mask("1100"),
        "s1/prostate.nii": mask("0010"),
        "s1/liver.nii": mask("0001"),
        "s2/Prostate.nii": mask("0011"),
        "meta.csv": new Uint8Array(3),
      },
      { "s1.nii": mask("1155"), "s2.nii": mask("1105") },
      "urinary_bladder=bladder",
    );
    expect(decoded).toEqual([
      { id: "s1", truth: "1155", prediction: "1150" },
      { id: "s2", truth: "1105", prediction: "0055" },
    ]);
    expect(notes).toEqual([
      '1 predicted organ left out, since no label bears the name: "liver"',
      '1 case without a predicted file for bladder, scored as nothing found: "s2"',
    ]);
  });

  test("on either side, in the segmentations folder of TotalSegmentator's data set", async () => {
    const truth = {
      "s1/ct.nii": mask("7777"),
      "s1/segmentations/bladder.nii": mask("1100"),
      "s1/segmentations/prostate.nii": mask("0011"),
    };
    const { decoded, cases } = await score({ "s1.nii": mask("1055") }, truth);
    expect(decoded).toEqual([{ id: "s1", truth: "1155", prediction: "1055" }]);
    expect(organNames(cases)).toEqual(["bladder", "prostate"]);
  });

  test("left and right of a pair may mean one label", async () => {
    const { decoded } = await score(
      { "s1/hip_left.nii": mask("1100"), "s1/hip_right.nii": mask("0110") },
      { "s1.nii": mask("1115") },
      "hip_left=bladder,hip_right=bladder",
    );
    expect(decoded[0]!.prediction).toBe("1110");
  });

  test("organs that share a voxel are refused", async () => {
    const files = { "s1/bladder.nii": mask("1100"), "s1/prostate.nii": mask("0110") };
    expect(await hipErrorOf(() => score(files, { "s1.nii": mask("1155") }))).toEqual({
      code: "bad-mask",
      message:
        'A voxel must belong to one organ: "pred/s1/prostate.nii" and the mask of "bladder" share 1 voxel, the first at [1]',
      hint: "Score overlapping structures one at a time, with --labels naming one of them",
    });
  });

  test("so are several numbers in one file, other grids, and folders in which no file means a label", async () => {
    const against = { "s1.nii": mask("1155") };
    const messageOf = async (files: Files) => (await hipErrorOf(() => score(files, against))).message;
    expect(await messageOf({ "s1/bladder.nii": mask("1200") })).toBe(
      'Cannot read "pred/s1/bladder.nii" (4) as the mask of one organ: expected 0 and one other number, got 1, 2',
    );
    expect(await messageOf({ "s1/bladder.nii": mask("1000"), "s1/prostate.nii": mask("00001") })).toBe(
      'Masks of one case must lie on one grid: "pred/s1/prostate.nii" differs from "pred/s1/bladder.nii"',
    );
    expect(
      await messageOf({
        "s1/bladder.nii": mask("1000"),
        "s1/prostate.nii": mask("0001", { originMm: [9, 0, 0] }),
      }),
    ).toContain("must lie on one grid");
    expect(await messageOf({ "s1/liver.nii": mask("1000") })).toBe(
      'No mask in "pred/s1/" is named as a label: expected "bladder", "prostate", found "liver"',
    );
  });

  test("two files of one organ are told", async () => {
    const files = { "s1/urinary bladder.nii": mask("1"), "s1/urinary_bladder.nii": mask("1") };
    await expect(score(files, { "s1.nii": mask("1") })).rejects.toMatchObject({
      problems: ['"s1/urinary bladder.nii" and "s1/urinary_bladder.nii" are masks of one organ'],
    });
  });
});

test("readOrganFolder() takes the files of a folder for one case", async () => {
  const found = await readOrganFolder(side({ "liver.nii": mask("1"), "colon.nii": mask("0") }, "out"), "s7");
  expect(found).toEqual({
    name: "s7",
    path: "",
    organs: [
      { organ: "colon", file: "colon.nii" },
      { organ: "liver", file: "liver.nii" },
    ],
  });
  const none = await hipErrorOf(() => readOrganFolder(side({ "a.txt": new Uint8Array(1) }, "out"), "s7"));
  expect(none.message).toContain("such as prostate.nii.gz, found none");
});

test("parseOrganMap(): a mapped label is no longer meant by its own name", () => {
  expect([...parseOrganMap("Urinary-Bladder=bladder", LABELS)]).toEqual([
    ["prostate", 5],
    ["urinary_bladder", 1],
  ]);
});
