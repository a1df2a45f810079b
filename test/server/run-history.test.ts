import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeRunHistory } from "../../src/server/run-history.ts";
import { epochLine, stepLine, temporaryFolder } from "./support.ts";

const path = join(temporaryFolder(), "log.jsonl");
const stepsOf = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => stepLine(from + i)).join("");

it("keeps up with the log, and times steps and validations", async () => {
  const history = makeRunHistory(path);
  await history.refresh();
  expect(history).toMatchObject({ stepsDone: 0, epochsDone: 0, lastEpoch: null, stepsPerSecond: null });
  const plan = { steps: 40, stepsPerEpoch: 10, epochs: 4 };
  expect(history.secondsLeft(plan)).toBeNull();

  writeFileSync(path, `${stepsOf(1, 10) + epochLine(1, 10)}not a line\n{"kind":"step"}\nnull\n`);
  await history.refresh();
  appendFileSync(path, stepsOf(11, 20) + epochLine(2, 20, false));
  await Promise.all([history.refresh(), history.refresh()]);
  await history.refresh();
  expect(history).toMatchObject({
    stepsDone: 20,
    epochsDone: 2,
    bestEpoch: { epoch: 1 },
    lastEpoch: { epoch: 2 },
  });
  expect(history.snapshot().steps).toHaveLength(20);
  expect(history.stepsPerSecond).toBeCloseTo(10, 9);
  // 20 steps of 0.1 s, and two epochs of which the second took a second beside its steps.
  expect(history.secondsLeft(plan)).toBeCloseTo(4, 9);
});

it("begins anew where the log is cut back", async () => {
  const history = makeRunHistory(path);
  await history.refresh();
  writeFileSync(path, stepLine(1));
  await history.refresh();
  expect(history).toMatchObject({ stepsDone: 1, epochsDone: 0 });
});
