/** metrics.json read back: only what a comparison rests on is checked, the rest is as it was written. */
import { z } from "zod";
import { HipError } from "../core/errors.ts";
import { CONVENTION_NAMES } from "../metrics/conventions/types.ts";
import type { Metrics } from "../metrics/types.ts";

const figure = z.number().nullable();
const caseLabel = z.looseObject({
  id: z.number().int(),
  dice: figure,
  hd95Mm: figure,
  nsd: figure,
  state: z.enum(["scored", "missed", "falseAlarm", "undefined"]),
  counts: z.object({ truth: z.number(), prediction: z.number(), overlap: z.number() }),
});
const schema = z.looseObject({
  split: z.enum(["train", "validate", "test", "all", "unstated"]),
  conventionName: z.enum(CONVENTION_NAMES),
  convention: z.string(),
  patients: z.number().int().min(0),
  foregroundMean: figure,
  ci95: z.looseObject({ foregroundMean: z.tuple([z.number(), z.number()]).nullable() }),
  labels: z
    .array(
      z.looseObject({
        id: z.number().int(),
        name: z.string(),
        missed: z.number(),
        falseAlarms: z.number(),
        nsd: z.looseObject({ toleranceMm: z.number() }),
      }),
    )
    .min(1),
  cases: z.array(z.looseObject({ id: z.string(), patient: z.string(), labels: z.array(caseLabel) })).min(1),
});

/**
 * @param name the file, for messages
 * @throws HipError "bad-dataset" where it is no metrics.json of this version's form
 */
export function parseMetrics(text: string, name: string): Metrics {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data as unknown as Metrics;
  const problems = parsed.error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join(".") || "(whole)"}: ${issue.message}`);
  throw new HipError(
    "bad-dataset",
    `Cannot compare "${name}": expected metrics.json as version 0.3 writes it`,
    {
      hint: "Judge the model again with hipmri evaluate, or the masks with hipmri score",
      problems,
    },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
