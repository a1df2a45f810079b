import { describe, expect, test } from "vitest";
import { PLAIN_INFERENCE } from "../../src/predict/card.ts";
import { exportModel } from "../../src/predict/export.ts";
import { isEncoder, takeWeights } from "../../src/train/finetune.ts";
import type { UnetConfig } from "../../src/unet/config.ts";
import { specifyNetwork } from "../../src/unet/network.ts";
import { initialParameters, initialStatistics } from "../../src/unet/parameters.ts";
import { presets } from "../../src/unet/presets.ts";
import { makeCard } from "../support/model-card.ts";

const LABELS = [
  { id: 0, name: "background" },
  { id: 1, name: "bladder" },
  { id: 2, name: "prostate" },
];
const UNET: UnetConfig = {
  ...presets.kaggle,
  levels: 1,
  baseWidth: 2,
  maxWidth: 4,
  classes: 3,
};

function network(unet: UnetConfig, seed: number) {
  const spec = specifyNetwork(unet, [1, unet.inChannels, 8, 8]);
  const parameters = initialParameters(spec.parameters, { seed, initialisation: "he" });
  const statistics = initialStatistics(spec.statistics).map((value, i) => value + i / 100);
  const part = (of: Float32Array, name: string): number[] => {
    const each = spec.parameters.find((one) => one.name === name)!;
    const size = each.shape.reduce((product, extent) => product * extent, 1);
    return Array.from(of.subarray(each.offset, each.offset + size));
  };
  return { spec, parameters, statistics, part };
}

const old = network(UNET, 1);
const bytes = exportModel(
  makeCard({ unet: UNET, labels: LABELS, inference: { ...PLAIN_INFERENCE, mirrored: ["width"] } }),
  old.spec,
  old,
);
const model = { bytes, name: "model.onnx" };

describe("takeWeights()", () => {
  test("of the same network takes everything, statistics too", () => {
    const fresh = network(UNET, 2);
    const taken = takeWeights(model, fresh.spec, fresh, LABELS);
    expect(taken.parameters).toEqual(old.parameters);
    expect(taken.statistics).toEqual(old.statistics);
    expect(taken.summary).toContain("3 of 3 labels known by name");
  });

  test("of other labels takes the rows that have the same name, and draws the others", () => {
    const labels = [LABELS[0]!, { id: 1, name: "rectum" }, { id: 7, name: "bladder" }, LABELS[2]!];
    const unet = { ...UNET, classes: 4 };
    const fresh = network(unet, 2);
    const { parameters, summary } = takeWeights(model, fresh.spec, fresh, labels);
    const [before, drawn, now] = [
      old.part(old.parameters, "head.weight"),
      fresh.part(fresh.parameters, "head.weight"),
      fresh.part(parameters, "head.weight"),
    ];
    const row = (of: readonly number[], i: number): readonly number[] => of.slice(2 * i, 2 * i + 2);
    expect(row(now, 0)).toEqual(row(before, 0));
    expect(row(now, 1)).toEqual(row(drawn, 1));
    expect(row(now, 2)).toEqual(row(before, 1));
    expect(row(now, 3)).toEqual(row(before, 2));
    expect(summary).toContain("3 of 4 labels known by name");
  });

  test("of a network with neighbours puts the slice's own weights in the middle", () => {
    const unet = { ...UNET, inChannels: 3 };
    const fresh = network(unet, 2);
    const { parameters } = takeWeights(model, fresh.spec, fresh, LABELS);
    const first = fresh.part(parameters, "encoder0.conv0.weight");
    const before = old.part(old.parameters, "encoder0.conv0.weight");
    expect(first.slice(0, 9)).toEqual(Array.from({ length: 9 }, () => 0));
    expect(first.slice(9, 18)).toEqual(before.slice(0, 9));
    expect(first.slice(36, 45)).toEqual(before.slice(9, 18));
  });

  test("refuses a network of which nothing fits, and an ensemble", () => {
    const wide = network({ ...UNET, baseWidth: 8, maxWidth: 16 }, 2);
    expect(() => takeWeights(model, wide.spec, wide, LABELS)).toThrow(/none of its weights fits/);
    const ensemble = exportModel(
      makeCard({ unet: UNET, labels: LABELS, inference: { ...PLAIN_INFERENCE, networks: 2 } }),
      old.spec,
      [old, old],
    );
    expect(() => takeWeights({ bytes: ensemble, name: "e.onnx" }, old.spec, old, LABELS)).toThrow(
      /ensemble of 2 networks/,
    );
  });
});

test("the encoder is the contracting path with its lowest block", () => {
  expect(["encoder0.conv0.weight", "bottleneck.norm0.scale"].every(isEncoder)).toBe(true);
  expect(["decoder0.up.weight", "head.bias", "head1.weight"].some(isEncoder)).toBe(false);
});
