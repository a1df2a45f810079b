/** What a model says of itself after it learnt from corrected cases: what it was, what came to it, what no longer holds. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { IGNORE_LABEL } from "../core/labels.ts";
import { counted } from "../core/text.ts";
import { hashImage, hashMask, shortHash } from "../dataset/case-hash.ts";
import type { DecodedCase } from "../dataset/types.ts";
import type { Metrics } from "../metrics/types.ts";
import type { ModelCard } from "../predict/card.ts";
import type { CardData } from "../predict/card-parts.ts";
import { cardMetrics } from "../report/card-metrics.ts";
import { VALIDATION_CONVENTION } from "../train/validation.ts";
import type { Shares } from "./hold-out.ts";

const patientsOf = (cases: readonly DecodedCase[]): number =>
  new Set(cases.map(({ entry }) => entry.patient)).size;

const NO_FINGERPRINT =
  "Carries no fingerprint of its training scans: that of the model it began as does not know the corrected ones";

/** The union of two ranges of voxel sizes. */
function widened(range: CardData["spacingMm"], cases: readonly DecodedCase[]): CardData["spacingMm"] {
  if (range === null || !cases.every(({ hasSpacing }) => hasSpacing)) return null;
  const over = (of: (...values: number[]) => number, known: readonly number[], axis: 0 | 1 | 2): number =>
    of(known[axis]!, ...cases.map(({ spacingMm }) => Number(spacingMm[axis].toPrecision(6))));
  return {
    min: [over(Math.min, range.min, 0), over(Math.min, range.min, 1), over(Math.min, range.min, 2)],
    max: [over(Math.max, range.max, 0), over(Math.max, range.max, 1), over(Math.max, range.max, 2)],
  };
}

/** Who chose the old weights is counted among those that were learnt from; whom nobody looked at stays so. */
function learntData(
  data: CardData,
  { learn, judge, heldOut }: Shares,
  whole: readonly DecodedCase[],
): CardData {
  const isCut = heldOut.kind === "slices";
  const hashes = (cases: readonly DecodedCase[]): string[] => cases.map((each) => shortHash(hashImage(each)));
  const lines = whole.map((each) => `${hashImage(each)} ${hashMask(each)}\n`).sort();
  const pixels = (each: DecodedCase): number => each.width * each.height;
  const slices = learn.reduce((sum, each) => {
    const seen = Array.from({ length: each.depth }, (_, slice) =>
      each.mask.subarray(slice * pixels(each), (slice + 1) * pixels(each)).some((id) => id !== IGNORE_LABEL),
    );
    return sum + seen.filter((isSeen) => isSeen).length;
  }, 0);
  return {
    // The former data are not at hand: their sum stands for them.
    digest: `sha256:${bytesToHex(sha256(utf8ToBytes(`${data.digest}\n${lines.join("")}`)))}`,
    cases: {
      train: [...new Set([...data.cases.train, ...data.cases.validate, ...hashes(learn)])].sort(),
      validate: isCut ? [] : hashes(judge).sort(),
      test: data.cases.test,
    },
    trainingSlices: data.trainingSlices + slices,
    spacingMm: widened(data.spacingMm, learn),
  };
}

/**
 * @param metrics of the new model on what was held out
 * @param whole the cases as they were given
 */
export function learntCard(
  card: ModelCard,
  facts: {
    readonly shares: Shares;
    readonly whole: readonly DecodedCase[];
    readonly steps: number;
    readonly metrics: Metrics;
  },
): ModelCard {
  const { shares, metrics, steps } = facts;
  const { learn, judge, heldOut } = shares;
  const isCut = heldOut.kind === "slices";
  const { train, validate, test } = card.patients;
  const learnt = `${counted(learn.length, "corrected scan")} of ${counted(patientsOf(learn), "patient")}`;
  return {
    ...card,
    unet: { ...card.unet, deepSupervision: 0 },
    // Calibrated were the old weights.
    inference: { ...card.inference, temperature: null },
    trainedOn: `${card.trainedOn}; then fine-tuned on ${learnt}`,
    steps: card.steps + steps,
    patients: {
      train: train + validate + patientsOf(learn),
      validate: heldOut.kind === "patients" ? patientsOf(judge) : 0,
      test,
    },
    validation: {
      foregroundMeanDice: metrics.foregroundMean,
      convention: `${VALIDATION_CONVENTION}. ${heldOut.note}; the model was kept because it did better than before`,
    },
    // Figures on slices of a scan that was learnt from are nobody's validation.
    metrics: isCut ? [] : [cardMetrics(metrics, "validate")],
    data: card.data === null ? null : learntData(card.data, shares, facts.whole),
    // Of a model that learns again, each once.
    limits: [
      ...new Set([
        ...card.limits,
        `Fine-tuned on ${learnt}: on images of the kind that it learnt before it may do worse, which was not measured`,
        heldOut.note,
        NO_FINGERPRINT,
      ]),
    ],
  };
}
