/** The card of the model that is about to be trained: what data and configuration say of it. */

import { counted } from "../../core/text.ts";
import { patientsOf } from "../../dataset/split.ts";
import type { CaseEntry } from "../../dataset/types.ts";
import { type InputFit, type ModelCard, PLAIN_INFERENCE } from "../../predict/card.ts";
import { limitsOf } from "../../predict/card-limits.ts";
import type { CardData } from "../../predict/card-parts.ts";
import type { FittedConfig } from "../../train/config.ts";
import { testSeenBy } from "../test-looks.ts";
import { VERSION } from "../version.ts";
import { type CaseDigest, caseHashes, dataDigest } from "./data-digest.ts";
import type { CaseFacts, CaseShape, OpenedData } from "./open-data.ts";
import type { SplitCases } from "./prepare.ts";

const DISCLAIMER = "Research only: not a medical device, not for diagnosis or treatment";

export type TrainingCard = Omit<ModelCard, "validation" | "steps">;

export interface TrainingCardFacts {
  readonly opened: OpenedData;
  readonly split: SplitCases;
  readonly config: FittedConfig;
  /** Of the training and validation cases at least. */
  readonly facts: CaseFacts;
  /** By case; one that could not be read is left out. */
  readonly digests: ReadonlyMap<string, CaseDigest>;
  /** The model whose weights were the start. */
  readonly from: ModelCard | undefined;
  /** As dataset.json states it. */
  readonly licence: string | null;
}

export function trainingCard(from: TrainingCardFacts): TrainingCard {
  const { opened, split, config, facts, licence } = from;
  const { labels, layout } = opened.index;
  const patients = {
    train: patientsOf(split.train).length,
    validate: patientsOf(split.validate).length,
    test: patientsOf(split.test).length,
  };
  const input = inputFit(opened, config);
  const data = cardData(from);
  const synthetic = opened.isSynthetic;
  const volumesWith = {
    train: countVolumes(split.train, facts),
    validate: countVolumes(split.validate, facts),
  };
  return {
    format: 1,
    version: VERSION,
    preset: config.preset,
    unet: config.unet,
    labels,
    input,
    inference: { ...PLAIN_INFERENCE, mirrored: mirroredAxes(config) },
    trainedOn: `${layout} data set, ${counted(split.train.length, "volume")} of ${counted(patients.train, "patient")}${from.from === undefined ? "" : `, starting from the weights of a model trained on: ${from.from.trainedOn}`}`,
    synthetic,
    seed: config.seed,
    patients,
    intendedUse: synthetic ? `SYNTHETIC training data: not for real scans. ${DISCLAIMER}` : DISCLAIMER,
    data,
    metrics: [],
    limits: limitsOf({ synthetic, labels, patients, input, spacingMm: data.spacingMm, volumesWith }),
    licence: config.licence ?? licence,
    testSeen: testSeenBy([], { steps: 0, testPatients: patients.test }),
  };
}

/** Only what was learnt mirrored is known mirrored. */
function mirroredAxes({ augment, inference }: FittedConfig): ModelCard["inference"]["mirrored"] {
  return inference.mirror ? (["width", "height"] as const).filter((axis) => augment.mirror[axis]) : [];
}

function inputFit({ over, orientation }: OpenedData, { input }: FittedConfig): InputFit {
  const { mode, normalise, size, spacingMm, neighbours } = input;
  return {
    mode,
    normalise,
    over,
    canvas: size,
    orientation: orientation.orientation ?? null,
    spacingMm: spacingMm === "file" ? null : spacingMm,
    neighbours,
  };
}

function cardData({ split, facts, digests, from }: TrainingCardFacts): CardData {
  const known = (cases: readonly CaseEntry[]): readonly CaseDigest[] =>
    cases.flatMap(({ id }) => digests.get(id) ?? []);
  const shapes = split.train.map(({ id }) => facts.shapes.get(id)!);
  return {
    digest: dataDigest(known([...split.train, ...split.validate, ...split.test])),
    cases: {
      // What the model that was the start learnt from is learnt from too.
      train: [...new Set([...caseHashes(known(split.train)), ...(from?.data?.cases.train ?? [])])].sort(),
      validate: caseHashes(known(split.validate)),
      test: caseHashes(known(split.test)),
    },
    trainingSlices: shapes.reduce((sum, { depth }) => sum + depth, 0),
    spacingMm: shapes.every(({ hasSpacing }) => hasSpacing) ? spacingRange(shapes) : null,
  };
}

function spacingRange(shapes: readonly CaseShape[]): NonNullable<CardData["spacingMm"]> {
  const over = (of: (...values: number[]) => number, axis: 0 | 1 | 2): number =>
    Number(of(...shapes.map(({ spacingMm }) => spacingMm[axis])).toPrecision(6));
  return {
    min: [over(Math.min, 0), over(Math.min, 1), over(Math.min, 2)],
    max: [over(Math.max, 0), over(Math.max, 1), over(Math.max, 2)],
  };
}

/** How many cases hold each foreground label. */
function countVolumes(cases: readonly CaseEntry[], { slices }: CaseFacts): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { id } of cases) {
    for (const label of new Set(slices.get(id)!.flat())) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return counts;
}
