/**
 * One measurement for all trials of a sweep whose steps cost the same, so that minutes give them equal steps and the
 * ranking compares settings, not busy moments of the machine: OUT/steps/DIGEST.json, made once by whichever trial comes
 * first, in whatever process and session.
 */
import { join } from "node:path";
import { z } from "zod";
import { HipError } from "../../core/errors.ts";
import type { Measured } from "../../train/plan.ts";
import { stepCost } from "../../train/step-cost.ts";
import { makeFolder, removePath, writeFileOnce } from "../atomic.ts";
import type { DeviceName } from "../device-names.ts";
import { sha256Of } from "../sha256.ts";
import { readSharedJson } from "../shared-json.ts";
import { VERSION } from "../version.ts";
import type { Prepared } from "./prepare.ts";
import type { MeasureSteps } from "./run-plan.ts";

const STEPS_FOLDER = "steps";

const schema = z.strictObject({
  format: z.literal(1),
  version: z.string(),
  /** Of one step. */
  stepMs: z.number().positive(),
  /** Of all validation cases. */
  validationMs: z.number().min(0),
});

/** @returns undefined where there is none @throws HipError "bad-checkpoint" where it cannot be read */
async function readMeasured(path: string): Promise<Measured | undefined> {
  const { isThere, value } = await readSharedJson(path);
  if (!isThere) return undefined;
  const { success, data } = schema.safeParse(value);
  if (success) return { stepMs: data.stepMs, validationMs: data.validationMs };
  // No fault of the trial: with "config" it would count as failed, and the sweep go on.
  throw new HipError(
    "bad-checkpoint",
    `Cannot read the measured step "${path}": it is none, or was cut short`,
    {
      hint: "Remove the file: the next trial measures anew",
    },
  );
}

/** The file of trials that cost what this one does; validations cost the same on the same cases only. */
function pathOf(out: string, { config, card, split }: Prepared, device: DeviceName): string {
  const cases = card.data?.cases.validate ?? split.validate.map(({ id }) => id);
  const digest = sha256Of(JSON.stringify([stepCost(config), device, cases]));
  return join(out, STEPS_FOLDER, `${digest.slice(0, 16)}.json`);
}

/**
 * What trials in OUT share.
 * @throws HipError "bad-checkpoint" where a measurement there cannot be read, "disk"; what measuring throws
 */
export function sharedSteps(out: string, device: DeviceName = "cpu"): MeasureSteps {
  return async (prepared, measure) => {
    const path = pathOf(out, prepared, device);
    const stored = await readMeasured(path);
    if (stored !== undefined) return stored;
    const measured = await measure();
    await makeFolder(join(out, STEPS_FOLDER));
    const content = { format: 1, version: VERSION, ...measured } satisfies z.infer<typeof schema>;
    const isFirst = await writeFileOnce(path, `${JSON.stringify(content, null, 2)}\n`);
    // Another process was quicker: what it found holds for all.
    return isFirst ? measured : ((await readMeasured(path)) ?? measured);
  };
}

/** Forgets what was measured. @throws HipError "disk" */
export const removeSteps = (out: string): Promise<void> => removePath(join(out, STEPS_FOLDER));
