import { describe, expect, test } from "vitest";
import { hasSides, type PatientCentres, sidedLabels } from "../../src/plan/anatomy.ts";
import type { DataFingerprint, Wishes } from "../../src/plan/fingerprint.ts";
import { planNetwork } from "../../src/plan/plan.ts";

const OPEN: Wishes = {
  size: null,
  levels: null,
  baseWidth: null,
  batchSize: null,
  learningRate: null,
  oversample: null,
  neighbours: null,
  mirror: null,
  strength: null,
};
const LABELS = [
  { id: 0, name: "background" },
  { id: 1, name: "prostate" },
];
/** As HipMRI's 2D release: coronal slices. */
const PELVIS: DataFingerprint = {
  size: { width: 256, height: 128 },
  foreground: { width: 250, height: 128 },
  sliceRatio: 1.1,
  unit: "slice",
  slices: 11_460,
  rarestShare: 0.36,
  sided: { width: undefined, height: undefined },
  labels: LABELS,
  orientation: "LSP",
};
/** As the Decathlon's hippocampus. */
const SMALL: DataFingerprint = {
  ...PELVIS,
  size: { width: 43, height: 59 },
  foreground: { width: 30, height: 50 },
  sliceRatio: 1,
  unit: "volume",
  slices: 5000,
  rarestShare: 0.4,
  orientation: "LPS",
};
const plan = (data: DataFingerprint, minutes?: number) =>
  planNetwork(data, OPEN, { minutes, epochs: 30 }).values;

describe("the network", () => {
  test("halves slices until four pixels are left, at most five times", () => {
    expect(plan(SMALL).levels).toBe(3);
    expect(plan(PELVIS).levels).toBe(5);
    expect(plan({ ...PELVIS, size: { width: 128, height: 64 } }).levels).toBe(4);
    expect(plan({ ...PELVIS, size: { width: 512, height: 512 } }).levels).toBe(5);
    expect(plan({ ...PELVIS, size: { width: 9, height: 9 } }).levels).toBe(1);
  });

  test("is wider where there is time", () => {
    expect(plan(SMALL, 12).baseWidth).toBe(16);
    expect(plan(SMALL, 60).baseWidth).toBe(32);
    expect(plan(SMALL).baseWidth).toBe(16);
    // Larger batches of pixels leave fewer steps.
    expect(plan(PELVIS, 60).baseWidth).toBe(16);
    expect(plan(PELVIS, 90).baseWidth).toBe(32);
  });

  test("sees neighbouring slices of volumes where they are near, of single slices never", () => {
    expect(plan(SMALL).neighbours).toBe(1);
    expect(plan({ ...SMALL, sliceRatio: 6 }).neighbours).toBe(0);
    expect(plan({ ...SMALL, sliceRatio: undefined }).neighbours).toBe(0);
    expect(plan(PELVIS).neighbours).toBe(0);
  });
});

test("a batch has about as many pixels whatever the size of the slices", () => {
  expect(plan(SMALL).batchSize).toBe(16);
  expect(plan({ ...PELVIS, size: { width: 128, height: 64 } }).batchSize).toBe(8);
  expect(plan({ ...PELVIS, size: { width: 512, height: 512 } }).batchSize).toBe(2);
});

test("small batches take small steps", () => {
  expect(plan(SMALL).learningRate).toBe(0.005);
  expect(plan({ ...PELVIS, size: { width: 128, height: 64 } }).learningRate).toBe(0.005);
  expect(plan({ ...PELVIS, size: { width: 128, height: 128 } }).learningRate).toBe(0.0025);
  expect(planNetwork(SMALL, { ...OPEN, batchSize: 2 }, { epochs: 30 }).values.learningRate).toBe(0.00125);
});

test("weights that are good already take a fifth of the steps that new ones take", () => {
  const { values, reasons } = planNetwork(SMALL, OPEN, { epochs: 30, isFineTuning: true });
  expect(values.learningRate).toBe(0.001);
  expect(reasons.find(({ key }) => key === "schedule.learningRate")?.because).toBe(
    "a fifth of 0.005 from batches of 8 on, in proportion below: the weights are good already",
  );
});

test("batch and width stay within the memory that is given, and the plan says so", () => {
  const wide = { ...PELVIS, size: { width: 512, height: 512 }, foreground: undefined };
  const within = (memoryMb: number) => planNetwork(wide, OPEN, { minutes: 600, epochs: 30, memoryMb });
  const because = (memoryMb: number, name: string) =>
    within(memoryMb).reasons.find(({ key }) => key === name)?.because;
  expect(within(20_000).values).toMatchObject({ batchSize: 2, baseWidth: 32 });
  expect(within(3000).values).toMatchObject({ batchSize: 2, baseWidth: 16 });
  expect(within(1500).values).toMatchObject({ batchSize: 1, baseWidth: 16 });
  expect(within(1000).values).toMatchObject({ batchSize: 1, baseWidth: 8 });
  expect(because(3000, "unet.baseWidth")).toBe(
    "width 32 wants 8,000 steps, 560 minutes at the round speed that all plans reckon with; 600 are given, and 3000 MB must do (memoryMb)",
  );
  expect(because(3000, "batchSize")).toBe("about 65,536 pixels a step at 512 x 512 slices");
  expect(because(1500, "batchSize")).toBe(
    "about 65,536 pixels a step at 512 x 512 slices, and 1500 MB must do (memoryMb)",
  );
  const stated = planNetwork(wide, { ...OPEN, batchSize: 2, baseWidth: 32 }, { epochs: 30, memoryMb: 1000 });
  expect(stated.values).toMatchObject({ batchSize: 2, baseWidth: 32 });
});

describe("patches", () => {
  /** As ACDC: hearts in the middle of wide slices. */
  const HEARTS: DataFingerprint = {
    ...SMALL,
    size: { width: 256, height: 256 },
    foreground: { width: 83, height: 78 },
  };

  test("are cut where labels fill a small part of the slices, and the batch grows in turn", () => {
    expect(plan(HEARTS)).toMatchObject({ size: { width: 128, height: 128 }, levels: 5, batchSize: 4 });
    const { reasons } = planNetwork(HEARTS, OPEN, { epochs: 30 });
    expect(reasons.slice(0, 2)).toEqual([
      {
        key: "input.size",
        value: "128 x 128",
        because: "labels fill 83 x 78 or less of nearly all 256 x 256 slices",
      },
      {
        key: "unet.levels",
        value: "5",
        because: "halved so often, 128 x 128 patches leave 4 pixels or more",
      },
    ]);
  });

  test("are never so small that they do not show where they lie", () => {
    expect(plan({ ...HEARTS, foreground: { width: 5, height: 40 } }).size).toEqual({ width: 96, height: 96 });
    expect(
      plan({ ...HEARTS, size: { width: 256, height: 60 }, foreground: { width: 5, height: 5 } }).size,
    ).toEqual({ width: 96, height: 60 });
  });

  test("are not cut where labels fill the slices, or where there are none", () => {
    expect(plan(PELVIS).size).toEqual(PELVIS.size);
    expect(plan(SMALL).size).toEqual(SMALL.size);
    expect(plan({ ...HEARTS, foreground: undefined }).size).toEqual(HEARTS.size);
  });
});

test("more of a batch is drawn for labels where one is in few slices", () => {
  expect(plan(PELVIS).oversample).toBe(0.75);
  expect(plan(SMALL).oversample).toBe(0.5);
  expect(
    planNetwork(PELVIS, OPEN, { epochs: 30 }).reasons.find(({ key }) => key === "oversample")?.because,
  ).toBe("the rarest label is in 36 of 100 slices (0.75 below 37.5)");
});

describe("mirroring", () => {
  test("runs from side to side of the body, wherever that lies", () => {
    expect(plan(PELVIS).mirror).toEqual({ width: true, height: false });
    expect(plan({ ...PELVIS, orientation: "PSL" }).mirror).toEqual({ width: false, height: false });
    expect(plan({ ...PELVIS, orientation: "SRP" }).mirror).toEqual({ width: false, height: true });
    expect(plan({ ...PELVIS, orientation: undefined }).mirror).toEqual({ width: true, height: false });
  });

  test("is off along an axis where one label lies always on the same side of another", () => {
    const sided = { width: [1, 2], height: undefined } as const;
    const labels = [...LABELS, { id: 2, name: "bladder" }];
    expect(plan({ ...PELVIS, sided }).mirror).toEqual({ width: false, height: false });
    expect(plan({ ...PELVIS, sided, orientation: "SRP" }).mirror).toEqual({ width: false, height: true });
    const { reasons } = planNetwork({ ...PELVIS, labels, sided }, OPEN, { epochs: 30 });
    expect(reasons.find(({ key }) => key === "augment.mirror")).toMatchObject({
      value: "none",
      because: "prostate lies always on the same side of bladder",
    });
  });

  describe("finds such labels by their centres", () => {
    const at = (patient: number, ...centres: number[]): PatientCentres => ({
      patient: `p${patient}`,
      centres: new Map(centres.map((width, i) => [i + 1, { width, height: 0.5 }])),
    });
    const hearts = Array.from({ length: 20 }, (_, i) => at(i, 0.2 + i / 200, 0.6, 0.61));
    const turned = (patient: number): PatientCentres => at(patient, 0.9, 0.5, 0.5);

    test("along the axis on which they lie apart", () => {
      expect(sidedLabels(hearts, "width")).toEqual([1, 2]);
      expect(sidedLabels(hearts, "height")).toBeUndefined();
    });

    test("where nineteen of twenty patients agree, not eighteen", () => {
      expect(sidedLabels([...hearts.slice(1), turned(20)], "width")).toEqual([1, 2]);
      expect(sidedLabels([...hearts.slice(2), turned(20), turned(21)], "width")).toBeUndefined();
    });

    test("where they are far enough apart", () => {
      const near = Array.from({ length: 20 }, (_, i) => at(i, 0.45, 0.55));
      expect(sidedLabels(near, "width")).toBeUndefined();
    });

    test("in eight patients or more, however many images each has", () => {
      expect(sidedLabels(hearts.slice(12), "width")).toEqual([1, 2]);
      expect(sidedLabels(hearts.slice(13), "width")).toBeUndefined();
      const one = hearts.map(({ centres }) => ({ patient: "p0", centres }));
      expect(sidedLabels(one, "width")).toBeUndefined();
      // Each patient counts once, by the mean of his images.
      const often = Array.from({ length: 40 }, () => turned(20));
      expect(sidedLabels([...hearts, ...often], "width")).toEqual([1, 2]);
    });

    test("where there are two at all", () => {
      expect(
        sidedLabels(
          Array.from({ length: 20 }, (_, i) => at(i, 0.1)),
          "width",
        ),
      ).toBeUndefined();
      expect(sidedLabels([], "width")).toBeUndefined();
    });
  });

  test("says why it is off, whichever axis runs across", () => {
    const sided = { width: [1, 2], height: [1, 2] } as const;
    const because = (data: DataFingerprint): string | undefined =>
      planNetwork(data, OPEN, { epochs: 30 }).reasons.find(({ key }) => key === "augment.mirror")?.because;
    const labels = [...LABELS, { id: 2, name: "bladder" }];
    expect(because({ ...PELVIS, labels, sided, orientation: "SRP" })).toBe(
      "prostate lies always on the same side of bladder",
    );
    expect(because({ ...PELVIS, labels, sided, orientation: "PSL" })).toBe(
      "no axis of these slices runs from side to side",
    );
  });

  test("is off where labels have sides", () => {
    const labels = [...LABELS, { id: 2, name: "kidney_left" }];
    expect(plan({ ...PELVIS, labels }).mirror).toEqual({ width: false, height: false });
    expect(["femur_R", "Left atrium", "l.kidney"].map((name) => hasSides([{ id: 1, name }]))).toEqual([
      true,
      true,
      true,
    ]);
    expect(["rectum", "label_1", "RV", "bladder", "cleft"].some((name) => hasSides([{ id: 1, name }]))).toBe(
      false,
    );
  });
});

test("of minutes no reason names a number of steps to come: that is measured", () => {
  const { reasons } = planNetwork(SMALL, OPEN, { minutes: 0.4, epochs: 30 });
  const because = (name: string) => reasons.find(({ key }) => key === name)?.because;
  expect(because("unet.baseWidth")).toMatch(
    /^width 32 wants 8,000 steps, [\d,.]+ minutes at the round speed that all plans reckon with; 0\.4 are given$/,
  );
  expect(because("augment.strength")).toMatch(
    /^each slice would be seen about [\d.]+ times at the round speed that all plans reckon with$/,
  );
  const stated = planNetwork(SMALL, OPEN, { steps: 100, epochs: 30 });
  expect(stated.reasons.find(({ key }) => key === "augment.strength")?.because).toMatch(/times$/);
});

test("augmentation is the stronger the more often slices are seen", () => {
  const at = (minutes: number): number => plan(SMALL, minutes).strength;
  expect(at(1)).toBe(0);
  expect(at(12)).toBeGreaterThan(0);
  expect(at(12)).toBeLessThan(at(40));
  expect(plan({ ...SMALL, slices: 300 }, 60).strength).toBe(1);
});

test("what the user states stays, and only the rest is explained", () => {
  const wishes: Wishes = { ...OPEN, levels: 2, batchSize: 5, strength: 1 };
  const { values, reasons } = planNetwork(SMALL, wishes, { epochs: 3 });
  expect(values).toMatchObject({ levels: 2, batchSize: 5, strength: 1 });
  expect(reasons.map(({ key }) => key)).toEqual([
    "input.size",
    "unet.baseWidth",
    "schedule.learningRate",
    "oversample",
    "input.neighbours",
    "augment.mirror",
  ]);
  expect(planNetwork(SMALL, { ...OPEN }, { epochs: 30 }).reasons).toHaveLength(9);
});
