/** Which cases of a data folder a model is judged on: no patient it learnt from may pass for a new one. */

import { HipError } from "../../core/errors.ts";
import type { Split } from "../../core/split.ts";
import { counted } from "../../core/text.ts";
import { quoteSome } from "../../dataset/listing.ts";
import { patientsOf, splitByPatient } from "../../dataset/split.ts";
import type { CaseEntry, DatasetIndex } from "../../dataset/types.ts";
import type { ModelCard } from "../../predict/card.ts";
import type { RunSource } from "./run-source.ts";

export interface JudgedCases {
  /** In file order. */
  readonly cases: readonly CaseEntry[];
  /** For metrics.json, which knows no "all": of several splits the one that the model learnt from most. */
  readonly split: Split;
  readonly warnings: readonly string[];
}

export interface JudgedCasesOptions {
  readonly index: DatasetIndex;
  readonly split: Split | "all";
  readonly run: RunSource | undefined;
  readonly card: ModelCard;
  /** Of the model, for messages. */
  readonly modelPath: string;
  /** What the cases are for; "evaluate" unless given, whose user can choose another split. */
  readonly purpose?: "evaluate" | "quantise";
}

const GIVE_DATA = "Give the data folder that the model was trained on";

/** As training has them: of a patient whom the layout has in several splits, only the cases held out furthest. */
export function usableCases({ cases, ...index }: DatasetIndex): readonly CaseEntry[] {
  if (!cases.every((entry) => entry.split !== undefined)) return cases;
  const { train, validate, test } = splitByPatient({ ...index, cases }, { seed: 0 });
  const usable = new Set([...train, ...validate, ...test]);
  return cases.filter((entry) => usable.has(entry));
}

/** By the patients of RUN/split.json. */
function casesOfRun(
  { index, split, purpose }: JudgedCasesOptions,
  { patients, splitPath }: RunSource,
): JudgedCases {
  const cases = usableCases(index);
  const present = new Set(patientsOf(cases));
  if (split === "all") {
    const learnt = (["train", "validate"] as const).find((name) =>
      patients[name].some((id) => present.has(id)),
    );
    const note = `The model learnt from patients of "${index.root}": the figures of all patients are too good`;
    return { cases, split: learnt ?? "test", warnings: learnt === "train" ? [note] : [] };
  }
  const known = new Set([...patients.train, ...patients.validate, ...patients.test]);
  const strangers = [...present].filter((id) => !known.has(id));
  if (strangers.length > 0) {
    throw new HipError(
      "bad-dataset",
      `Cannot find the ${split} split in "${index.root}": ${counted(strangers.length, "patient")} ` +
        `${strangers.length === 1 ? "is" : "are"} not in "${splitPath}" (${quoteSome(strangers)})`,
      {
        hint:
          purpose === "quantise"
            ? GIVE_DATA
            : "Give the data folder that the run was trained on, or --split all to judge every patient of this one",
      },
    );
  }
  const wanted = new Set(patients[split]);
  const missing = [...wanted].filter((id) => !present.has(id));
  const warnings =
    missing.length === 0
      ? []
      : [
          `${counted(missing.length, "patient")} of the ${split} split (${quoteSome(missing)}) ` +
            `${missing.length === 1 ? "is" : "are"} not in "${index.root}"`,
        ];
  return { cases: cases.filter((entry) => wanted.has(entry.patient)), split, warnings };
}

/** By the layout's own splits, or drawn from the card's seed as training draws them by default. */
function casesOfModel({ index, split, card, modelPath }: JudgedCasesOptions): JudgedCases {
  if (split === "all") {
    const note =
      `"${modelPath}" does not say which patients it learnt from: metrics.json calls all patients of ` +
      `"${index.root}" "test"`;
    return { cases: usableCases(index), split: "test", warnings: [note] };
  }
  const drawn = splitByPatient(index, { seed: card.seed });
  const isStated = index.cases.every((entry) => entry.split !== undefined);
  const note =
    `"${modelPath}" does not say which patients it learnt from: the split is drawn anew from its seed, ` +
    `${card.seed}; give the run folder to be sure`;
  return { cases: drawn[split], split, warnings: isStated ? drawn.warnings : [...drawn.warnings, note] };
}

/** @throws HipError "bad-dataset" where there is no case */
export function refuseEmpty(
  chosen: JudgedCases,
  { index, split, purpose = "evaluate" }: Pick<JudgedCasesOptions, "index" | "split" | "purpose">,
): JudgedCases {
  if (chosen.cases.length > 0) return chosen;
  throw new HipError("bad-dataset", `Cannot ${purpose} on "${index.root}": its ${split} split has no cases`, {
    hint:
      purpose === "quantise"
        ? GIVE_DATA
        : 'Choose another split with --split (train, validate, test), or "--split all" for every patient',
  });
}

/**
 * Chooses the cases.
 * @throws HipError "bad-dataset" where the split has no case, or the data has patients whom the run does not know
 */
export function chooseCases(options: JudgedCasesOptions): JudgedCases {
  const { run } = options;
  return refuseEmpty(run === undefined ? casesOfModel(options) : casesOfRun(options, run), options);
}

/**
 * Checks that model and data speak of the same labels.
 * @throws HipError "bad-dataset" naming both
 */
export function checkSameLabels({ index, card, modelPath }: JudgedCasesOptions): void {
  const describe = (labels: ModelCard["labels"]): string =>
    [...labels]
      .sort((a, b) => a.id - b.id)
      .map(({ id, name }) => `${id} ${name}`)
      .join(", ");
  const [learnt, found] = [describe(card.labels), describe(index.labels)];
  if (learnt === found) return;
  throw new HipError(
    "bad-dataset",
    `Labels must be the model's: "${modelPath}" has ${learnt}; "${index.root}" has ${found}`,
    { hint: "Give data with the model's labels, or train a model on this data" },
  );
}
