/** Which cases of a data folder a model on its own may be judged on: it knows by content what it learnt from. */
import { cpus } from "node:os";
import { HipError } from "../../core/errors.ts";
import { mapParallel } from "../../core/parallel.ts";
import type { Split } from "../../core/split.ts";
import { counted } from "../../core/text.ts";
import { splitByPatient } from "../../dataset/split.ts";
import type { CaseEntry, DecodedCase } from "../../dataset/types.ts";
import type { CardData } from "../../predict/card-parts.ts";
import { caseHash } from "./data-digest.ts";
import {
  chooseCases,
  type JudgedCases,
  type JudgedCasesOptions,
  refuseEmpty,
  usableCases,
} from "./judged-cases.ts";

export interface KnownCasesOptions extends JudgedCasesOptions {
  /** Turned as the model wants it; cached by the caller. */
  load(entry: CaseEntry): Promise<DecodedCase>;
  readonly onCase?: ((done: number, total: number) => void) | undefined;
}

/** What a model used each case for; cases that it does not know are left out. */
type Known = ReadonlyMap<CaseEntry, Split>;

async function findKnown(
  cases: readonly CaseEntry[],
  data: CardData,
  { load, onCase }: KnownCasesOptions,
): Promise<Known> {
  // Later ones overrule: of an image in two splits, what it was learnt for counts most.
  const splitOf = new Map<string, Split>(
    (["test", "validate", "train"] as const).flatMap((split) =>
      data.cases[split].map((hash) => [hash, split] as const),
    ),
  );
  const known = new Map<CaseEntry, Split>();
  let done = 0;
  await mapParallel(cases, Math.max(2, cpus().length), async (entry) => {
    try {
      const split = splitOf.get(caseHash(await load(entry)));
      if (split !== undefined) known.set(entry, split);
    } catch (error) {
      // Where it is to be judged, judging says what is wrong with it.
      if (!(error instanceof HipError)) throw error;
    }
    onCase?.(++done, cases.length);
  });
  return known;
}

/** Cases of patients of whom the model knows a case of one of these splits. */
function touched(
  cases: readonly CaseEntry[],
  known: Known,
  splits: readonly Split[],
): ReadonlySet<CaseEntry> {
  const patients = new Set(
    cases.filter((entry) => splits.includes(known.get(entry)!)).map(({ patient }) => patient),
  );
  return new Set(cases.filter(({ patient }) => patients.has(patient)));
}

/** Splits that must not be judged as `split`: what the model learnt from, and of a test also what it was chosen by. */
const NEARER: Readonly<Record<Split, readonly Split[]>> = {
  train: [],
  validate: ["train"],
  test: ["train", "validate"],
};

function everyCase({ index }: KnownCasesOptions, cases: readonly CaseEntry[], known: Known): JudgedCases {
  const count = (split: Split): number => cases.filter((entry) => known.get(entry) === split).length;
  const learnt = count("train");
  if (learnt > 0) {
    const note =
      `The model learnt from ${learnt} of ${counted(cases.length, "case")} of "${index.root}" ` +
      "(known by their images): the figures of all cases are too good";
    return { cases, split: "train", warnings: [note] };
  }
  if (known.size > 0) return { cases, split: count("validate") > 0 ? "validate" : "test", warnings: [] };
  const note =
    `The model knows none of the images of "${index.root}" again: metrics.json calls all of them "test"; ` +
    "images that were resampled, cut or taken slice by slice after training it would not know";
  return { cases, split: "test", warnings: [note] };
}

/** The layout says which cases are to be judged; those that the model has used otherwise are left out. */
function statedCases(
  { index, split }: KnownCasesOptions & { readonly split: Split },
  cases: readonly CaseEntry[],
  known: Known,
): JudgedCases {
  const spoilt = touched(cases, known, NEARER[split]);
  if (spoilt.size === 0) return { cases, split, warnings: [] };
  const note =
    `The model was trained or chosen by patients of ${spoilt.size} of the ${counted(cases.length, `${split} case`)} ` +
    `of "${index.root}" (known by their images): they are left out`;
  return { cases: cases.filter((entry) => !spoilt.has(entry)), split, warnings: [note] };
}

/** The split that training drew, found again by the images. */
function drawnCases(
  { index, split, modelPath }: KnownCasesOptions & { readonly split: Split },
  cases: readonly CaseEntry[],
  { known, data }: { readonly known: Known; readonly data: CardData },
): JudgedCases {
  const own = cases.filter((entry) => known.get(entry) === split);
  if (own.length > 0) {
    const missing = new Set(data.cases[split]).size - own.length;
    const strangers = cases.filter((entry) => !known.has(entry)).length;
    const warnings = [
      ...(missing > 0
        ? [`${missing} of the ${split} cases of "${modelPath}" are not in "${index.root}"`]
        : []),
      ...(strangers > 0
        ? [
            `"${modelPath}" does not know ${counted(strangers, "case")} of "${index.root}", left out: --split all judges every case`,
          ]
        : []),
    ];
    return { cases: own, split, warnings };
  }
  if (split !== "test") return { cases: own, split, warnings: [] };
  const spoilt = touched(cases, known, NEARER.test);
  const fresh = cases.filter((entry) => !spoilt.has(entry));
  const note =
    `"${index.root}" has none of the test cases of "${modelPath}": ` +
    `all ${counted(fresh.length, "case")} of patients that the model does not know are judged`;
  return { cases: fresh, split, warnings: [note] };
}

/**
 * As chooseCases(), but a model without its run folder is asked which images it knows. That takes every case that
 * may be judged; of a layout that does not state its splits, all of them.
 * @throws HipError "bad-dataset" as chooseCases()
 */
export async function chooseKnownCases(options: KnownCasesOptions): Promise<JudgedCases> {
  const { index, split, run, card } = options;
  const { data } = card;
  if (run !== undefined || data === null) return chooseCases(options);
  if (split === "all") {
    const cases = usableCases(index);
    return everyCase(options, cases, await findKnown(cases, data, options));
  }
  if (!index.cases.every((entry) => entry.split !== undefined)) {
    const known = await findKnown(index.cases, data, options);
    return refuseEmpty(drawnCases({ ...options, split }, index.cases, { known, data }), options);
  }
  const stated = splitByPatient(index, { seed: card.seed });
  const cases = stated[split];
  const chosen = statedCases({ ...options, split }, cases, await findKnown(cases, data, options));
  return refuseEmpty({ ...chosen, warnings: [...stated.warnings, ...chosen.warnings] }, options);
}
