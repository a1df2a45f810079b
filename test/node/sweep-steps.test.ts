import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Prepared } from "../../src/node/workflows/prepare.ts";
import { removeSteps, sharedSteps } from "../../src/node/workflows/sweep-steps.ts";
import { tinyConfig } from "../support/tiny-phantom.ts";

let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "hipmri-steps-"));
});
afterAll(() => rm(out, { recursive: true }));

/** Of a trial only its configuration and the validation cases are looked at. */
function trial(changes: Readonly<Record<string, unknown>>, cases: readonly string[] = ["a"]): Prepared {
  const size = { width: 32, height: 16 };
  const config = tinyConfig({ input: { size }, augment: { strength: 1 }, ...changes });
  return { config, card: { data: { cases: { validate: cases } } } } as unknown as Prepared;
}

test("of trials that measure at the same moment one wins, for all that cost the same", async () => {
  let calls = 0;
  const measure = async () => ({ stepMs: ++calls, validationMs: 0 });
  const rates = Array.from({ length: 8 }, (_, i) => trial({ schedule: { learningRate: i + 1 } }));
  const found = await Promise.all(rates.map((each) => sharedSteps(out)(each, measure)));
  expect(new Set(found.map(({ stepMs }) => stepMs)).size).toBe(1);
  expect(await sharedSteps(out, "cpu")(trial({ seed: 7 }), measure)).toEqual(found[0]);

  const before = calls;
  await sharedSteps(out)(trial({ unet: { levels: 1 } }), measure);
  await sharedSteps(out)(trial({}, ["b"]), measure);
  await sharedSteps(out, "cuda")(trial({}), measure);
  expect(calls).toBe(before + 3);
  expect(await readdir(join(out, "steps"))).toHaveLength(4);

  await removeSteps(out);
  expect(await readdir(out)).toEqual([]);
});
