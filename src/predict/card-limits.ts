/** What a model cannot do or was not tested on, in plain sentences that follow from what it was trained on. */
import { counted } from "../core/text.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import type { InputFit, ModelCard } from "./card.ts";
import type { CardData } from "./card-parts.ts";

/** With fewer men or women, how they differ is hardly covered. */
const FEW_TO_LEARN_FROM = 20;
const FEW_TO_JUDGE_BY = 10;
const FEW_VOLUMES = 5;
/** Sizes that differ by less are one size. */
const SAME_SIZE = 1.02;

export interface LimitFacts {
  readonly synthetic: boolean;
  readonly labels: readonly LabelDefinition[];
  readonly patients: ModelCard["patients"];
  readonly input: InputFit;
  readonly spacingMm: CardData["spacingMm"];
  /** How many volumes hold each foreground label; one that is left out is in none. */
  readonly volumesWith: {
    readonly train: ReadonlyMap<number, number>;
    readonly validate: ReadonlyMap<number, number>;
  };
}

const mm = (value: number): string => String(Number(value.toPrecision(3)));
const quoted = (labels: readonly LabelDefinition[]): string =>
  labels.map(({ name }) => `"${name}"`).join(", ");

/** Sentences without a full stop, the weightiest first. */
export function limitsOf(facts: LimitFacts): readonly string[] {
  return [...limitsOfData(facts), ...limitsOfLabels(facts), ...limitsOfInput(facts)];
}

function limitsOfData({ synthetic, patients }: LimitFacts): string[] {
  const limits = [
    synthetic
      ? "Learnt from drawn images only: nothing is known of how it does on real scans"
      : "All images come from one data set: other scanners, sequences and hospitals were not tested",
  ];
  if (patients.train < FEW_TO_LEARN_FROM) {
    limits.push(
      `Learnt from ${counted(patients.train, "patient")}: anatomy that none of them has may be missed`,
    );
  }
  if (patients.validate < FEW_TO_JUDGE_BY) {
    limits.push(
      `Judged on ${counted(patients.validate, "patient")} in validation: other patients may fare much worse`,
    );
  }
  return limits;
}

function limitsOfLabels({ labels, volumesWith }: LimitFacts): string[] {
  const foreground = labels.filter(({ id }) => id !== 0);
  const inTraining = ({ id }: LabelDefinition): number => volumesWith.train.get(id) ?? 0;
  const never = foreground.filter((label) => inTraining(label) === 0);
  const rare = foreground.filter((label) => inTraining(label) > 0 && inTraining(label) < FEW_VOLUMES);
  const unjudged = foreground.filter(({ id }) => (volumesWith.validate.get(id) ?? 0) === 0);
  return [
    ...(never.length === 0 ? [] : [`In no training volume: ${quoted(never)}; it cannot be found`]),
    ...(rare.length === 0 ? [] : [`In fewer than ${FEW_VOLUMES} training volumes: ${quoted(rare)}`]),
    ...(unjudged.length === 0
      ? []
      : [`In no validation volume: ${quoted(unjudged)}; no figure says how well it is found`]),
  ];
}

function limitsOfInput({ input, spacingMm }: LimitFacts): string[] {
  const { neighbours, orientation } = input;
  return [
    neighbours === 0
      ? "Sees one slice at a time: a mask can be uneven from slice to slice"
      : `Sees ${counted(neighbours, "neighbouring slice")} on either side, never the whole volume`,
    ...(orientation === null
      ? [
          "The plane of the training slices is not known: it takes 2D images only, and they must be of that plane",
        ]
      : []),
    spacingMm === null
      ? "The training files do not all state their pixels' size: images of another size were not tested"
      : `Other pixel sizes were not tested: in training they were ${describeSizes(spacingMm)}`,
  ];
}

/** e.g. "1.68 x 1.56 mm, slices 1.68 mm apart", ranges where sizes differ. */
export function describeSizes({ min, max }: NonNullable<CardData["spacingMm"]>): string {
  const [width, height, depth] = min.map((low, axis) => {
    const high = max[axis]!;
    return high <= low * SAME_SIZE ? mm(low) : `${mm(low)}-${mm(high)}`;
  });
  return `${width} x ${height} mm, slices ${depth} mm apart`;
}
