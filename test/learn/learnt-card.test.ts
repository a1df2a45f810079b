import { describe, expect, test } from "vitest";
import { decodeCorrected } from "../../src/learn/cases.ts";
import { holdOut } from "../../src/learn/hold-out.ts";
import { learntCard } from "../../src/learn/learnt-card.ts";
import type { CorrectedCase } from "../../src/learn/types.ts";
import { aggregate } from "../../src/metrics/aggregate.ts";
import { FULL_PARTS, makeCard } from "../support/model-card.ts";
import { correctedCase } from "./support.ts";

const card = makeCard({ ...FULL_PARTS, inference: { ...makeCard().inference, temperature: 1.5 } });

function learnt(cases: readonly CorrectedCase[], from = card) {
  const whole = decodeCorrected(cases, from);
  const shares = holdOut(whole, 1);
  const metrics = aggregate([], { split: "validate", labels: from.labels, seed: 1 });
  return learntCard(from, { shares, whole, steps: 80, metrics });
}

describe("learntCard()", () => {
  const two = [0, 1].map((man) => correctedCase(man));
  test("forgets the calibration of the old weights, and widens the range of voxel sizes", () => {
    const own = learnt(two);
    expect(own.inference.temperature).toBeNull();
    expect(own.steps).toBe(87);
    const { min, max } = own.data!.spacingMm!;
    expect([min[0], max[0]]).toEqual([1.5, 13.44]);
    expect(own.data!.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });
  test("does not know the range where a scan does not state its voxels, nor data of a model that names none", () => {
    expect(learnt(two.map((each) => ({ ...each, hasSpacing: false }))).data!.spacingMm).toBeNull();
    expect(learnt(two, { ...card, data: null }).data).toBeNull();
  });
  test("of one scan counts only the slices that were learnt from, and has no figures", () => {
    const own = learnt(two.slice(0, 1));
    expect(own.data!.trainingSlices).toBe(FULL_PARTS.data!.trainingSlices + 6);
    expect(own.metrics).toEqual([]);
    expect(own.patients).toEqual({ train: 3, validate: 0, test: 1 });
  });
  test("of a model that learnt before says each limit once, and both trainings", () => {
    const again = learnt(two, learnt(two));
    expect(new Set(again.limits).size).toBe(again.limits.length);
    expect(again.trainedOn.match(/then fine-tuned/g)).toHaveLength(2);
    expect(again.steps).toBe(167);
  });
});
