/** Whether what was found is plausible anatomy: sizes, pieces, places and order as in the training scans. */
import type { Finding } from "./judge-image.ts";
import { gradeValue } from "./range.ts";
import type { LabelFeatures, OrderRule, PassportFingerprint, Verdict } from "./types.ts";
import { axisText, besideText, rangeText, short } from "./words.ts";

/** Standard deviations that are believed at least; a good model's volumes are off by a tenth or two. */
const FLOORS = { logMl: 0.15, islands: 0.05, place: 0.025 } as const;
/** A label that so many training scans have belongs in every scan. */
const ALWAYS = 0.95;

type LabelFingerprint = PassportFingerprint["labels"][number];
type Found = NonNullable<LabelFeatures["found"]>;

function judgeFound(
  found: Found,
  label: LabelFingerprint,
  { patients, orientation }: PassportFingerprint,
): Finding[] {
  const findings: Finding[] = [];
  const { logMl, islands, place } = label;
  if (found.volumeMl !== null && logMl !== null) {
    const range = { min: Math.exp(logMl.min), max: Math.exp(logMl.max) };
    findings.push({
      verdict: gradeValue(Math.log(found.volumeMl), logMl, { patients, floor: FLOORS.logMl }),
      reason: `${short(found.volumeMl)} ml; training had ${rangeText(range, " ml")}`,
    });
  }
  if (islands !== null) {
    const percent = (share: number): number => Number((100 * share).toFixed(1));
    const range = { min: percent(islands.min), max: percent(islands.max) };
    findings.push({
      verdict: gradeValue(found.islands, islands, { patients, floor: FLOORS.islands, side: "high" }),
      reason: `${short(percent(found.islands))} % of it lies apart from its largest piece; in training ${rangeText(range, " %")}`,
    });
  }
  for (const axis of place === null ? [] : ([0, 1, 2] as const)) {
    const range = place![axis];
    findings.push({
      verdict: gradeValue(found.place[axis], range, { patients, floor: FLOORS.place }),
      reason: `its middle lies at ${short(100 * found.place[axis])} % of the image ${axisText(axis, orientation)}; in training at ${rangeText({ min: 100 * range.min, max: 100 * range.max }, " %")}`,
    });
  }
  return findings;
}

/** A label that is missing is worth a look; when most are, the input is hardly what the model knows. */
function judgeMissing(
  label: LabelFingerprint,
  missing: number,
  { cases, labels }: PassportFingerprint,
): Finding[] {
  if (label.present < ALWAYS * cases) return [];
  const verdict: Verdict = missing >= 2 && missing * 2 >= labels.length ? "doubtful" : "look";
  const where = label.present === cases ? `all ${cases}` : `${label.present} of ${cases}`;
  return [{ verdict, reason: `not found; ${where} training scans have it` }];
}

function judgeOrder(
  { further, nearer, axis, min }: OrderRule,
  found: ReadonlyMap<number, Found>,
  fingerprint: PassportFingerprint,
): Finding[] {
  const [a, b] = [found.get(further), found.get(nearer)];
  if (a === undefined || b === undefined) return [];
  const gap = a.place[axis] - b.place[axis];
  // Turned round by as much as the least of training: no wobble of an outline does that.
  const verdict: Verdict = gap > 0 ? "ok" : gap < -min / 2 ? "doubtful" : "look";
  const nameOf = (id: number): string => fingerprint.labels.find((label) => label.id === id)?.name ?? `${id}`;
  const beside = besideText(axis, fingerprint.orientation);
  return [
    {
      verdict,
      reason: `${nameOf(further)} does not lie ${beside} ${nameOf(nearer)}, as in all training scans`,
    },
  ];
}

export interface LabelFindings {
  readonly id: number;
  readonly name: string;
  readonly findings: readonly Finding[];
}

/** @param labels of a whole scan */
export function judgeLabels(
  labels: readonly LabelFeatures[],
  fingerprint: PassportFingerprint,
): readonly LabelFindings[] {
  const found = new Map(
    labels.flatMap((label) => (label.found === null ? [] : [[label.id, label.found] as const])),
  );
  const missing = fingerprint.labels.filter(
    ({ id, present }) => !found.has(id) && present >= ALWAYS * fingerprint.cases,
  ).length;
  return fingerprint.labels.map((label) => {
    const here = found.get(label.id);
    const own =
      here === undefined ? judgeMissing(label, missing, fingerprint) : judgeFound(here, label, fingerprint);
    const order = fingerprint.order
      .filter(({ further, nearer }) => further === label.id || nearer === label.id)
      .flatMap((rule) => judgeOrder(rule, found, fingerprint));
    return { id: label.id, name: label.name, findings: [...own, ...order] };
  });
}
