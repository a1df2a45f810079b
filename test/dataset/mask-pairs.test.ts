import { describe, expect, test } from "vitest";
import { mapByName, parseLabelList, parseLabelMap } from "../../src/dataset/label-map.ts";
import { decodeMasks } from "../../src/dataset/mask-case.ts";
import { pairMasks } from "../../src/dataset/mask-pairs.ts";
import { type Files, memoryFolder, niftiBytes, noInflate } from "../support/data-folder.ts";
import { hipErrorOf } from "../support/nifti.ts";

const LABELS = parseLabelList("1=bladder,5=Prostate");
const mask = (values: readonly number[], changes: object = {}): Uint8Array =>
  niftiBytes({
    shape: [values.length, 1, 1],
    spacingMm: [2, 2, 2],
    dtype: "uint8",
    value: (at) => values[at]!,
    ...changes,
  });
const side = (files: Files, path: string) => ({ folder: memoryFolder(files), path });
const named = (...names: readonly string[]): Files =>
  Object.fromEntries(names.map((name) => [name, mask([0, 1])]));

async function pairs(predicted: Files, truth: Files) {
  const { cases, warnings } = await pairMasks(side(predicted, "pred"), side(truth, "truth"));
  return { cases: cases.map(({ id, files }) => [id, files.map((each) => each.prediction)]), warnings };
}

describe("pairMasks", () => {
  test("by equal names, as nnU-Net and we write them; other files are no masks", async () => {
    const found = await pairs(
      { ...named("case_002.nii", "case_001.nii"), "summary.json": new Uint8Array(2) },
      named("case_001.nii", "case_002.nii"),
    );
    expect(found).toEqual({
      cases: [
        ["case_001", ["case_001.nii"]],
        ["case_002", ["case_002.nii"]],
      ],
      warnings: [],
    });
  });

  test("by names that differ by a prefix or suffix", async () => {
    const { cases } = await pairs(named("a1_pred.nii", "a2_pred.nii"), named("a1_seg.nii", "a2_seg.nii"));
    expect(cases).toEqual([
      ["a1", ["a1_pred.nii"]],
      ["a2", ["a2_pred.nii"]],
    ]);
  });

  test("assembles the slices of HipMRI's release in the order of their numbers", async () => {
    const { cases } = await pairs(
      named("case_004_week_0_slice_10.nii", "case_004_week_0_slice_9.nii"),
      named("seg_004_week_0_slice_10.nii", "seg_004_week_0_slice_9.nii"),
    );
    expect(cases).toEqual([
      ["case_004_week_0", ["case_004_week_0_slice_9.nii", "case_004_week_0_slice_10.nii"]],
    ]);
  });

  test("keeps a truth without prediction as a miss, and names what is not scored", async () => {
    const found = await pairs(named("a1.nii", "b9.nii"), named("a1.nii", "a2.nii"));
    expect(found.cases).toEqual([
      ["a1", ["a1.nii"]],
      ["a2", [undefined]],
    ]);
    expect(found.warnings).toEqual([
      '1 true mask without a prediction in "pred", scored as nothing found: "a2.nii"',
      '1 prediction without a true mask, not scored: "pred/b9.nii"',
    ]);
  });

  test("refuses folders that have no name in common, or no mask", async () => {
    expect(await hipErrorOf(() => pairs(named("x.nii"), named("y.nii")))).toEqual({
      code: "bad-dataset",
      message: 'Cannot pair masks: no file of "pred" is named as one of "truth"',
      hint: "Give both masks of a case the same name, or names that differ by one prefix or suffix (_pred, _seg, seg_ …)",
    });
    expect((await hipErrorOf(() => pairs({ "notes.txt": new Uint8Array(1) }, named("y.nii")))).message).toBe(
      'Cannot find masks in "pred": expected image files such as case_001.nii.gz, found "notes.txt"',
    );
  });
});

describe("decodeMasks", () => {
  async function decode(truth: Uint8Array, prediction: Uint8Array | undefined, map?: string) {
    const files = { truth: "t.nii", prediction: prediction === undefined ? undefined : "p.nii" };
    return decodeMasks(
      { id: "a", patient: "a", files: [files], sliceNumbers: undefined },
      {
        prediction: side(prediction === undefined ? {} : { "p.nii": prediction }, "pred"),
        truth: side({ "t.nii": truth }, "truth"),
        inflate: noInflate,
        labels: LABELS,
        map: parseLabelMap(map, LABELS),
        organMap: new Map(),
      },
    );
  }

  test("renumbers the prediction and leaves the truth", async () => {
    const found = await decode(mask([0, 1, 5]), mask([7, 1, 22]), "22=prostate,7=background");
    expect([...found.truth]).toEqual([0, 1, 5]);
    expect([...found.prediction]).toEqual([0, 1, 5]);
    expect(found).toMatchObject({ shape: [3, 1, 1], spacingMm: [2, 2, 2], warnings: [] });
  });

  test("takes a missing prediction for nothing found", async () => {
    expect([...(await decode(mask([0, 1, 5]), undefined)).prediction]).toEqual([0, 0, 0]);
  });

  test("refuses numbers that mean no label, naming them all", async () => {
    expect(await hipErrorOf(() => decode(mask([0, 1, 1]), mask([7, 9, 7])))).toEqual({
      code: "bad-mask",
      message:
        'Cannot score "pred/p.nii": it has numbers that mean no label: 7 in 2 voxels, the first at [0]; 9 in 1 voxel, the first at [1]',
      hint: "Say what they mean: --map 7=background,9=background takes them for background",
    });
    expect((await hipErrorOf(() => decode(mask([3]), mask([1])))).message).toContain(
      'Cannot use mask "truth/t.nii": label must be one of 0 background, 1 bladder, 5 prostate; got 3',
    );
  });

  test("refuses other grids: shape and place", async () => {
    const hint = "Resample the prediction onto the grid of the truth with nearest neighbour";
    expect(await hipErrorOf(() => decode(mask([1, 0]), mask([1, 0, 0])))).toEqual({
      code: "bad-mask",
      message: 'Prediction "pred/p.nii" must lie on the grid of "truth/t.nii": expected shape [2], got [3]',
      hint,
    });
    expect(await hipErrorOf(() => decode(mask([1, 0]), mask([1, 0], { originMm: [0, 0, 0.5] })))).toEqual({
      code: "bad-mask",
      message:
        'Prediction "pred/p.nii" must lie on the grid of "truth/t.nii": entries of their affines differ by up to 0.5, expected at most 0.001',
      hint,
    });
  });
});

describe("labels", () => {
  test("are written as number=name; background is always there", () => {
    expect(LABELS).toEqual([
      { id: 0, name: "background" },
      { id: 1, name: "bladder" },
      { id: 5, name: "prostate" },
    ]);
  });

  test.each([
    ["1", '--labels must be pairs such as 1=bladder between commas, got "1"'],
    ["x=bladder", '--labels must have label numbers from 0 to 254, got "x"'],
    ["300=bladder", '--labels must have label numbers from 0 to 254, got "300"'],
    ["1=a,1=b", '--labels must name each label once, got id "1" twice'],
    ["1=a,2=a", '--labels must name each label once, got name "a" twice'],
  ])("refuses %j", async (text, message) => {
    expect(await hipErrorOf(() => parseLabelList(text))).toMatchObject({ code: "usage", message });
  });

  test("a mapped label is no longer meant by its own number", () => {
    expect([...parseLabelMap("22=prostate", LABELS)]).toEqual([
      [0, 0],
      [1, 1],
      [22, 5],
    ]);
    expect([...parseLabelMap(undefined, LABELS)].map(([from]) => from)).toEqual([0, 1, 5]);
  });

  test("that the truth does not have cannot be mapped to", async () => {
    expect(await hipErrorOf(() => parseLabelMap("3=rectum", LABELS))).toEqual({
      code: "usage",
      message: '--map must name labels of the truth, got "rectum"',
      hint: "Its labels are 0 background, 1 bladder, 5 prostate",
    });
  });

  test("of two lists are matched by name", () => {
    const other = parseLabelList("21=bladder,30=liver");
    expect([...mapByName(other, LABELS)!]).toEqual([
      [0, 0],
      [21, 1],
    ]);
    expect(mapByName(parseLabelList("3=liver"), LABELS)).toBeUndefined();
  });
});
