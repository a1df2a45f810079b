/** The training set's fingerprint, gathered while its cases are read, as model.onnx carries it. */
import type { CaseEntry, DecodedCase } from "../../dataset/types.ts";
import { type MeasuredCase, makeFingerprint, measureCase } from "../../passport/fingerprint.ts";
import { PASSPORT_KEY, writeFingerprint } from "../../passport/read.ts";
import type { AxisCodes } from "../../volume/orient.ts";
import type { LabelDefinition } from "../../volume/volume.ts";

export interface PassportMeter {
  add(decoded: DecodedCase): void;
  /** The further metadata_props of a model that learnt from these cases; in their order, whatever the order of add(). */
  metadata(train: readonly CaseEntry[]): Readonly<Record<string, string>>;
}

export function makePassportMeter(options: {
  readonly labels: readonly LabelDefinition[];
  readonly orientation: AxisCodes | null;
  /** Only these are measured: validation and test patients must leave no trace in a model. */
  readonly train: readonly CaseEntry[];
}): PassportMeter {
  const ids = options.labels.map(({ id }) => id).filter((id) => id !== 0);
  const wanted = new Set(options.train.map(({ id }) => id));
  const measured = new Map<string, MeasuredCase>();
  return {
    add(decoded) {
      const { entry, hasSpacing, spacingMm, ...stack } = decoded;
      if (!wanted.has(entry.id)) return;
      const features = measureCase({ ...stack, spacingMm: hasSpacing ? spacingMm : null }, ids);
      measured.set(entry.id, { patient: entry.patient, features });
    },
    metadata(train) {
      const cases = train.flatMap(({ id }) => measured.get(id) ?? []);
      const fingerprint = makeFingerprint(cases, options);
      return fingerprint === undefined ? {} : { [PASSPORT_KEY]: writeFingerprint(fingerprint) };
    },
  };
}
