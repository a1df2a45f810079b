import { decode } from "fast-png";
import { expect, it } from "vitest";
import type { CaseEntry, DecodedCase } from "../../src/dataset/types.ts";
import { makeAffine } from "../../src/nifti/affine.ts";
import { chooseSampleCases, makeEpochSamples } from "../../src/node/workflows/epoch-samples.ts";
import { HIPMRI_LABELS } from "../../src/volume/volume.ts";

const entry = (id: string, patient: string): CaseEntry => ({
  id,
  patient,
  split: "validate",
  files: [{ name: id, image: id, mask: id }],
});

function decodedCase(of: CaseEntry): DecodedCase {
  const [width, height, depth] = [8, 6, 2] as const;
  const mask = new Uint8Array(width * height * depth);
  // The second slice tells more.
  mask.fill(5, 50, 60).fill(1, 60, 80);
  return {
    entry: of,
    width,
    height,
    depth,
    mask,
    image: Float32Array.from(mask, (_, i) => i),
    spacingMm: [1, 1, 1],
    hasSpacing: true,
    isReversed: false,
    grid: {
      shape: [width, height, depth],
      spacingMm: [1, 1, 1],
      affine: makeAffine([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]),
    },
    orientation: undefined,
    warnings: [],
  };
}

it("shows different patients first", () => {
  const ids = (cases: readonly CaseEntry[]) => chooseSampleCases(cases).map(({ id }) => id);
  const [a1, a2, b1, c1, d1] = [
    entry("a1", "a"),
    entry("a2", "a"),
    entry("b1", "b"),
    entry("c1", "c"),
    entry("d1", "d"),
  ] as const;
  expect(ids([a1, a2, b1, c1, d1])).toEqual(["a1", "b1", "c1"]);
  expect(ids([a1, a2, b1])).toEqual(["a1", "b1", "a2"]);
  expect(ids([])).toEqual([]);
});

it("draws the same slice in every epoch, and nothing where there was no validation", () => {
  const clock = 0;
  const one = entry("one", "a");
  const samples = makeEpochSamples({
    cases: [one],
    labels: HIPMRI_LABELS,
    isSynthetic: true,
    now: () => clock,
  });
  expect(samples.draw(false)).toBeUndefined();
  const decoded = decodedCase(one);
  const { mask } = decoded;
  const draw = (prediction: Uint8Array): Uint8Array => {
    samples.add({ ...decoded, entry: entry("other", "b") }, prediction);
    samples.add(decoded, prediction);
    return samples.draw(false)!;
  };
  const right = draw(mask);
  expect(decode(right).width).toBeGreaterThan(100);
  expect(draw(mask)).toEqual(right);
  const first = new Uint8Array(mask.length).fill(5, 0, 40);
  expect(draw(first)).not.toEqual(right);
  expect(draw(new Uint8Array(mask.length))).toEqual(draw(first));
  expect(samples.draw(false)).toBeUndefined();
});

it("takes a hundredth of the time at most, but for the first sheet and those that are needed", () => {
  const one = entry("one", "a");
  // Every look at the clock takes 1 ms: so does a sheet.
  let clock = 0;
  const samples = makeEpochSamples({
    cases: [one],
    labels: HIPMRI_LABELS,
    isSynthetic: false,
    now: () => clock++,
  });
  const isDrawn = (isNeeded: boolean): boolean => {
    samples.add(decodedCase(one), new Uint8Array(96));
    return samples.draw(isNeeded) !== undefined;
  };
  expect([isDrawn(false), isDrawn(false), isDrawn(true), isDrawn(false)]).toEqual([true, false, true, false]);
  clock += 100;
  expect(isDrawn(false)).toBe(true);
});
