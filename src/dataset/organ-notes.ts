/** What a user must know of masks in a file for each organ: which organs have no file, which files mean nothing. */
import { counted } from "../core/text.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { quoteSome, sortNaturally } from "./listing.ts";
import type { MaskCase, MaskRef } from "./mask-pairs.ts";
import { type OrganCase, organKey } from "./organ-files.ts";
import { type OrganMap, organsByName } from "./organ-masks.ts";

const organCases = (cases: readonly MaskCase[], side: "truth" | "prediction"): OrganCase[] =>
  cases.flatMap(({ files }) =>
    files
      .map((each): MaskRef | undefined => each[side])
      .filter((ref): ref is OrganCase => typeof ref === "object"),
  );

/** The organs of which there is a true mask, each once; none where the true masks hold label numbers. */
export function organNames(cases: readonly MaskCase[]): readonly string[] {
  const byKey = new Map<string, string>();
  for (const { organs } of organCases(cases, "truth")) {
    for (const { organ } of organs) if (!byKey.has(organKey(organ))) byKey.set(organKey(organ), organ);
  }
  return sortNaturally([...byKey.values()]);
}

/** Lines for people. */
export function noteOrgans(
  cases: readonly MaskCase[],
  organMap: OrganMap,
  labels: readonly LabelDefinition[],
): readonly string[] {
  const predicted = organCases(cases, "prediction");
  const notes: string[] = [];
  const strangers = new Set(
    predicted.flatMap(({ organs }) =>
      organs.filter(({ organ }) => !organMap.has(organKey(organ))).map(({ organ }) => organ),
    ),
  );
  if (strangers.size > 0)
    notes.push(
      `${counted(strangers.size, "predicted organ")} left out, since no label bears the name: ${quoteSome(sortNaturally([...strangers]))}`,
    );
  const known = organsByName(labels);
  for (const { id, name } of labels) {
    const unmarked = organCases(cases, "truth").filter(
      ({ organs }) => id !== 0 && !organs.some(({ organ }) => known.get(organKey(organ)) === id),
    );
    if (unmarked.length > 0)
      notes.push(
        `${counted(unmarked.length, "case")} without a true file for ${name}, taken for cases without ${name}: ${quoteSome(unmarked.map((each) => each.name))}`,
      );
    if (id === 0) continue;
    const without = predicted.filter(
      ({ organs }) => !organs.some(({ organ }) => organMap.get(organKey(organ)) === id),
    );
    if (without.length === 0) continue;
    notes.push(
      `${counted(without.length, "case")} without a predicted file for ${name}, scored as nothing found: ${quoteSome(without.map((each) => each.name))}`,
    );
  }
  return notes;
}
