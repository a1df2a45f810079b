/** Which of a few corrected cases are learnt from and which judge what was learnt. */
import { HipError } from "../core/errors.ts";
import { IGNORE_LABEL } from "../core/labels.ts";
import { makeRandom } from "../core/random.ts";
import { counted } from "../core/text.ts";
import type { DecodedCase } from "../dataset/types.ts";
import type { HeldOut, HeldOutKind } from "./types.ts";

export interface Shares {
  readonly learn: readonly DecodedCase[];
  readonly judge: readonly DecodedCase[];
  readonly heldOut: HeldOut;
}

/** One part in so many judges. */
const JUDGING_SHARE = 4;
/** A single scan is cut into so many runs of slices: a slice is much like its neighbours. */
const BLOCKS = 8;
/** … of which the third of every four judges: neither the first nor the last, which are often empty. */
const JUDGING_BLOCK = 2;

/** Foreground labels that a mask holds. */
function labelsIn({ mask }: DecodedCase): number {
  const seen = new Uint8Array(256);
  for (const id of mask) seen[id] = 1;
  seen[0] = 0;
  seen[IGNORE_LABEL] = 0;
  return seen.reduce((sum, each) => sum + each, 0);
}

function groupBy(cases: readonly DecodedCase[], keyOf: (each: DecodedCase) => string): DecodedCase[][] {
  const groups = new Map<string, DecodedCase[]>();
  for (const each of cases) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each]);
  return [...groups.values()];
}

/**
 * Groups that judge: a quarter of the cases, at least one, those with the most labels first, so that most can be judged;
 * some group is always left.
 */
function chooseGroups(groups: readonly DecodedCase[][], seed: number): ReadonlySet<DecodedCase> {
  const total = groups.reduce((sum, group) => sum + group.length, 0);
  const wanted = Math.max(1, Math.floor(total / JUDGING_SHARE));
  const isLarge = (group: readonly DecodedCase[]): boolean => group.length > total / 2;
  const mostLabels = (group: readonly DecodedCase[]): number => Math.max(...group.map(labelsIn));
  const ordered = makeRandom(seed, "hold out")
    .shuffle(groups)
    .sort((a, b) => Number(isLarge(a)) - Number(isLarge(b)) || mostLabels(b) - mostLabels(a));
  const judging = new Set<DecodedCase>();
  for (const group of ordered.slice(0, -1)) {
    if (judging.size < wanted) for (const each of group) judging.add(each);
  }
  return judging;
}

function noteOf(kind: HeldOutKind, judge: readonly DecodedCase[], slices: number): string {
  const scans = counted(judge.length, "scan");
  if (kind === "patients") {
    const patients = new Set(judge.map(({ entry }) => entry.patient)).size;
    return `Judged on ${scans} of ${counted(patients, "patient")} from whom nothing was learnt`;
  }
  if (kind === "scans") {
    return `All scans are of one patient: judged on ${scans} of this patient that ${judge.length === 1 ? "was" : "were"} not learnt from, which says little of others`;
  }
  return `There is one scan only, so none could be held out: judged on ${counted(slices, "slice")} of it that ${slices === 1 ? "was" : "were"} not learnt from though the next ones were, which says little of other scans`;
}

/** One scan twice: with the truth of the slices to learn from, and with that of the others. */
function cutSlices(whole: DecodedCase): Shares {
  const { width, height, depth, entry } = whole;
  const pixels = width * height;
  const block = Math.max(1, Math.round(depth / BLOCKS));
  const isJudging = (slice: number): boolean => Math.floor(slice / block) % JUDGING_SHARE === JUDGING_BLOCK;
  const judging = Array.from({ length: depth }, (_, slice) => slice).filter(isJudging);
  if (judging.length === 0) {
    throw new HipError(
      "bad-dataset",
      `Cannot learn from "${entry.id}" alone: of ${counted(depth, "slice")} none can be kept to judge by`,
      { hint: "Correct a second case" },
    );
  }
  const viewOf = (isSeen: (slice: number) => boolean): DecodedCase => {
    const mask = whole.mask.slice();
    for (let slice = 0; slice < depth; slice++) {
      if (!isSeen(slice)) mask.fill(IGNORE_LABEL, slice * pixels, (slice + 1) * pixels);
    }
    return { ...whole, mask };
  };
  return {
    learn: [viewOf((slice) => !isJudging(slice))],
    judge: [viewOf(isJudging)],
    heldOut: { kind: "slices", names: [entry.id], note: noteOf("slices", [whole], judging.length) },
  };
}

/**
 * Shares cases by patient; of one patient by scan, of one scan by slices. A function of the cases' order and the seed.
 * @throws HipError "bad-dataset" of a single case with fewer than three slices
 */
export function holdOut(cases: readonly DecodedCase[], seed: number): Shares {
  if (cases.length === 1) return cutSlices(cases[0]!);
  const byPatient = groupBy(cases, ({ entry }) => entry.patient);
  const kind = byPatient.length > 1 ? "patients" : "scans";
  const judging = chooseGroups(kind === "patients" ? byPatient : cases.map((each) => [each]), seed);
  const judge = cases.filter((each) => judging.has(each));
  return {
    learn: cases.filter((each) => !judging.has(each)),
    judge,
    heldOut: { kind, names: judge.map(({ entry }) => entry.id), note: noteOf(kind, judge, 0) },
  };
}
