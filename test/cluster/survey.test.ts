import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  surveyCheck,
  surveyData,
  surveyEvaluate,
  surveyPredict,
  surveyScore,
} from "../../src/cluster/survey.ts";
import { tinyModel } from "../cli/support.ts";
import { makeTinyPhantom, type TinyPhantom } from "../support/tiny-phantom.ts";

const folder = mkdtempSync(join(tmpdir(), "hipmri-survey-"));
process.env.HIPMRI_CACHE = join(folder, "cache");
let phantom: TinyPhantom;
let data: string;
let images: string;
const model = join(folder, "model.onnx");
beforeAll(async () => {
  phantom = await makeTinyPhantom();
  ({ data } = phantom);
  images = join(data, "keras_slices_test");
  writeFileSync(model, tinyModel());
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await phantom.remove();
});

describe("surveyPredict()", () => {
  test("counts scans, reads a few headers, and counts the network's operations", async () => {
    const found = await surveyPredict(model, [images], { out: join(folder, "masks"), series: undefined });
    expect(found.noun).toBe("scan");
    expect(found.items).toBe(8);
    expect(found.cpuSeconds).toBeGreaterThan(0);
    expect(found.memoryMb).toBeGreaterThan(250);
    expect(found.basis[0]).toMatch(/^8 scans; 8 headers read: .* voxels an image, the network .* \(assumed/);
  });

  test("a canvas that holds a slice is cheaper than the tiles that cover it", async () => {
    const whole = join(folder, "whole.onnx");
    writeFileSync(whole, tinyModel({ canvas: { width: 32, height: 16 } }));
    const options = { out: join(folder, "masks"), series: undefined };
    const [tiled, once] = [
      await surveyPredict(model, [images], options),
      await surveyPredict(whole, [images], options),
    ];
    expect(tiled.cpuSeconds!).toBeGreaterThan(1.5 * once.cpuSeconds!);
  });

  test("inputs that are not there are an error at once, not of every task", async () => {
    await expect(
      surveyPredict(model, [join(folder, "none")], { out: folder, series: undefined }),
    ).rejects.toMatchObject({ code: "not-found" });
  });
});

test("surveyEvaluate() counts the cases of the split", async () => {
  const options = { mask: undefined, layout: undefined };
  const [tested, all] = [
    await surveyEvaluate(model, data, { ...options, split: "test" }),
    await surveyEvaluate(model, data, { ...options, split: "all" }),
  ];
  expect([tested.items, all.items]).toEqual([1, 4]);
  expect(all.cpuSeconds! / tested.cpuSeconds!).toBeCloseTo(4, 5);
});

test("surveyScore() and surveyCheck() count cases", async () => {
  const masks = join(data, "keras_slices_seg_test");
  expect(await surveyScore({ prediction: masks, truth: masks })).toMatchObject({ items: 1, noun: "case" });
  expect(await surveyCheck(data, undefined)).toMatchObject({ items: 4, noun: "case" });
});

test("surveyData() is what the data set takes in memory, and its largest slice", async () => {
  // 4 volumes of 8 slices of 32 x 16, floats and a byte of the mask.
  expect(await surveyData(data, undefined)).toEqual({
    decodedMb: (4 * 8 * 32 * 16 * 5) / 1e6,
    slice: { width: 32, height: 16 },
  });
  expect(await surveyData(join(folder, "none"), undefined)).toBeUndefined();
});
