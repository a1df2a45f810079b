/** Whether runs were judged on the same cases by the same rules: else no figure of one is comparable with another's. */
import { counted } from "../core/text.ts";
import type { CaseMetrics, Metrics } from "../metrics/types.ts";

export interface NamedMetrics {
  readonly name: string;
  readonly metrics: Metrics;
}

const SHOWN = 3;

function some(names: readonly string[]): string {
  const more = names.length - SHOWN;
  const shown = names
    .slice(0, SHOWN)
    .map((name) => `"${name}"`)
    .join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}

const labelText = ({ labels }: Metrics): string => labels.map(({ id, name }) => `${id} ${name}`).join(", ");

function rulesDiffer(first: NamedMetrics, { name, metrics }: NamedMetrics): string[] {
  const wanted = first.metrics;
  const found: string[] = [];
  const differ = (what: string, there: string, here: string): void => {
    found.push(`${what}: "${first.name}" has ${there}, "${name}" has ${here}`);
  };
  const isStated = wanted.split !== "unstated" && metrics.split !== "unstated";
  if (isStated && wanted.split !== metrics.split) differ("Split", wanted.split, metrics.split);
  if (wanted.conventionName !== metrics.conventionName)
    differ("Rules", wanted.conventionName, metrics.conventionName);
  const tolerance = ({ labels }: Metrics): string => `${labels[0]?.nsd.toleranceMm ?? "no"} mm`;
  if (labelText(wanted) !== labelText(metrics)) differ("Labels", labelText(wanted), labelText(metrics));
  else if (tolerance(wanted) !== tolerance(metrics))
    differ("Tolerance of NSD", tolerance(wanted), tolerance(metrics));
  return found;
}

function casesDiffer(first: NamedMetrics, { name, metrics }: NamedMetrics): string[] {
  const wanted = new Map(first.metrics.cases.map((each) => [each.id, each]));
  const found = new Map(metrics.cases.map((each) => [each.id, each]));
  const missing = [...wanted.keys()].filter((id) => !found.has(id));
  const extra = [...found.keys()].filter((id) => !wanted.has(id));
  const problems: string[] = [];
  if (missing.length > 0)
    problems.push(`${counted(missing.length, "case")} of "${first.name}" not in "${name}": ${some(missing)}`);
  if (extra.length > 0)
    problems.push(`${counted(extra.length, "case")} of "${name}" not in "${first.name}": ${some(extra)}`);
  const both = [...wanted.values()].flatMap((one): (readonly [CaseMetrics, CaseMetrics])[] => {
    const other = found.get(one.id);
    return other === undefined ? [] : [[one, other]];
  });
  const patients = both.filter(([one, other]) => one.patient !== other.patient);
  if (patients.length > 0) {
    const [[one, other]] = patients as [readonly [CaseMetrics, CaseMetrics]];
    problems.push(
      `Case "${one.id}" is of patient "${one.patient}" in "${first.name}", of "${other.patient}" in "${name}"${patients.length > 1 ? `, and ${patients.length - 1} more` : ""}`,
    );
  }
  const otherTruth = both.filter(([one, other]) => hasOtherTruth(one, other)).map(([{ id }]) => id);
  if (otherTruth.length > 0)
    problems.push(
      `The true masks of ${counted(otherTruth.length, "case")} in "${name}" are not those of "${first.name}": ${some(otherTruth)}`,
    );
  return problems;
}

/** Told by their voxel counts, which is all that metrics.json keeps of them. */
function hasOtherTruth(one: CaseMetrics, other: CaseMetrics): boolean {
  return one.labels.some(({ id, counts }) => {
    const there = other.labels.find((label) => label.id === id);
    return there !== undefined && there.counts.truth !== counts.truth;
  });
}

/** All that forbids to compare, in words; empty where nothing does. */
export function differencesOf(runs: readonly NamedMetrics[]): readonly string[] {
  const [first, ...others] = runs;
  if (first === undefined) return [];
  return others.flatMap((other) => [...rulesDiffer(first, other), ...casesDiffer(first, other)]);
}
