import { expect, test } from "vitest";
import type { CaseEntry, DecodedCase } from "../../src/dataset/types.ts";
import { makeAffine } from "../../src/nifti/affine.ts";
import type { Predictor } from "../../src/predict/predictor.ts";
import { judge, makeJudgement } from "../../src/report/judge.ts";
import { type JudgedCase, judgeCases } from "../../src/report/judged-case.ts";
import { makeCard } from "../support/model-card.ts";

const LABELS = [
  { id: 0, name: "background" },
  { id: 1, name: "gland" },
  { id: 4, name: "rectum" },
];
const [WIDTH, HEIGHT] = [4, 3];
const noise = (i: number, seed: number): number =>
  Math.abs(Math.sin(i * 12.9898 + seed * 78.233) * 43758.5453) % 1;

/** Cases of 3 to 5 slices, so that batches take slices of two. */
function decodedOf(n: number): DecodedCase {
  const depth = 3 + (n % 3);
  const pixels = WIDTH * HEIGHT * depth;
  const entry: CaseEntry = { id: `c${n}`, patient: `p${n >> 1}`, split: "test", files: [] };
  return {
    entry,
    width: WIDTH,
    height: HEIGHT,
    depth,
    spacingMm: [1, 1.5, 2],
    image: Float32Array.from({ length: pixels }, (_, i) => noise(i, n)),
    mask: Uint8Array.from({ length: pixels }, (_, i) => [0, 1, 4][Math.floor(noise(i, n + 100) * 3)]!),
    grid: {
      shape: [WIDTH, HEIGHT, depth],
      spacingMm: [1, 1.5, 2],
      affine: makeAffine([1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0]),
    },
    orientation: "LPS",
    hasSpacing: true,
    isReversed: false,
    warnings: [],
  };
}
const decoded = Array.from({ length: 7 }, (_, n) => decodedOf(n));
const data = {
  labels: LABELS,
  load: async (entry: CaseEntry) => decoded.find((each) => each.entry === entry)!,
};
const predictor: Predictor = {
  card: makeCard({ labels: LABELS }),
  async predict({ image, depth }, watcher) {
    const pixels = WIDTH * HEIGHT;
    for (let slice = 0; slice < depth; slice++) {
      const scores = Float32Array.from({ length: 3 * pixels }, (_, i) => noise(i, slice + image[0]!) * 4);
      watcher?.onSlice?.(slice, scores);
    }
    return Uint8Array.from(image, (value) => [0, 1, 4][Math.floor(value * 3)]!);
  },
  dispose: async () => undefined,
};
const rules = { split: "test", seed: 2, batchSize: 4, labels: LABELS } as const;
const entries = decoded.map(({ entry }) => entry);

async function judgedOf(cases: readonly CaseEntry[]): Promise<JudgedCase[]> {
  const judged: JudgedCase[] = [];
  await judgeCases(predictor, cases, data, { distances: true, onCase: (one) => judged.push(one) });
  return judged;
}

test("cases judged apart and joined in order give the very judgement of all at once", async () => {
  const whole = await judge(predictor, entries, data, { ...rules, distances: true });
  expect(whole.metrics.calibration?.ece).toBeGreaterThan(0);
  expect(whole.seed.batches.length).toBeGreaterThan(2);
  for (const count of [2, 3]) {
    const shards = await Promise.all(
      Array.from({ length: count }, (_, k) => judgedOf(entries.filter((_, i) => i % count === k))),
    );
    const joined = makeJudgement(rules);
    for (const i of entries.keys()) joined.add(shards[i % count]![Math.floor(i / count)]!);
    expect(joined.result()).toEqual(whole);
  }
});

test("in another order the figures of a batch differ, which is why merge keeps the order", async () => {
  const whole = await judge(predictor, entries, data, { ...rules, distances: true });
  const joined = makeJudgement(rules);
  for (const one of (await judgedOf(entries)).reverse()) joined.add(one);
  expect(joined.result().batchDice).not.toEqual(whole.batchDice);
});
