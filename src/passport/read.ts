/** The fingerprint as a model carries it. */
import { z } from "zod";
import { parseAxisCodes } from "../volume/orient.ts";
import type { PassportFingerprint } from "./types.ts";

/** In metadata_props of model.onnx. */
export const PASSPORT_KEY = "hipmri_passport";

const range = z.object({ mean: z.number(), sd: z.number(), min: z.number(), max: z.number() });
const ranges = z.tuple([range, range, range]).nullable();
const axis = z.union([z.literal(0), z.literal(1), z.literal(2)]);
const schema = z.object({
  format: z.literal(1),
  patients: z.number().int().positive(),
  cases: z.number().int().positive(),
  orientation: z
    .string()
    .nullable()
    .transform((text) => (text === null ? null : (parseAxisCodes(text) ?? null))),
  slices: range,
  spacingMm: ranges,
  fieldMm: ranges,
  quantiles: z.array(range),
  roughness: range,
  layout: z.array(z.number()),
  layoutMatch: range,
  labels: z.array(
    z.object({
      id: z.number().int(),
      name: z.string(),
      present: z.number().int(),
      logMl: range.nullable(),
      islands: range.nullable(),
      place: ranges,
    }),
  ),
  order: z.array(
    z.object({ further: z.number(), nearer: z.number(), axis, mean: z.number(), min: z.number() }),
  ),
});

export const writeFingerprint = (fingerprint: PassportFingerprint): string => JSON.stringify(fingerprint);

/** @returns undefined where there is none, or one that this version does not read */
export function readFingerprint(text: string | undefined): PassportFingerprint | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
