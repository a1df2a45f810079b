/** The fingerprint of a training set: the features of its scans, as ranges. */
import type { AxisCodes } from "../volume/orient.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { correlation, measureImage } from "./measure-image.ts";
import { measureLabels } from "./measure-labels.ts";
import { rangeOf } from "./range.ts";
import type {
  CaseFeatures,
  LabelFeatures,
  OrderRule,
  PassportCase,
  PassportFingerprint,
  Range,
} from "./types.ts";

/** An order holds where two labels are at least so far apart in every training scan, in shares of the image. */
const CLEAR_ORDER = 0.03;
/** … and both are in so many scans: an order seen once is no rule. */
const LEAST_SCANS = 3;

/** @param ids foreground labels */
export const measureCase = (input: PassportCase, ids: readonly number[]): CaseFeatures => ({
  image: measureImage(input),
  labels: measureLabels(input, ids),
});

/** A training scan's features. */
export interface MeasuredCase {
  readonly patient: string;
  readonly features: CaseFeatures;
}

type Ranges = readonly [Range, Range, Range];

function rangesOf(values: readonly (readonly number[])[]): readonly Range[] {
  const [first] = values;
  return first === undefined ? [] : first.map((_, k) => rangeOf(values.map((each) => each[k]!))!);
}

/** null where one of the scans has none. */
function triplesOf(values: readonly (readonly number[] | null)[]): Ranges | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 || known.length < values.length ? null : (rangesOf(known) as unknown as Ranges);
}

const average = (layouts: readonly (readonly number[])[]): readonly number[] =>
  layouts[0]!.map((_, cell) => layouts.reduce((sum, layout) => sum + layout[cell]!, 0) / layouts.length);

/** Each scan beside the mean of the other patients, as a new patient's will be. */
function layoutMatches(cases: readonly MeasuredCase[]): readonly number[] {
  const layouts = cases.map(({ features }) => features.image.layout);
  return cases.map(({ patient }, i) => {
    const others = layouts.filter((_, k) => cases[k]!.patient !== patient);
    return others.length === 0 ? 1 : correlation(layouts[i]!, average(others));
  });
}

function labelRange(id: number, name: string, cases: readonly CaseFeatures[]) {
  const found = cases.flatMap(({ labels }) => labels.find((label) => label.id === id)?.found ?? []);
  const volumes = found.flatMap(({ volumeMl }) => (volumeMl === null ? [] : [Math.log(volumeMl)]));
  return {
    id,
    name,
    present: found.length,
    logMl: rangeOf(volumes) ?? null,
    islands: rangeOf(found.map(({ islands }) => islands)) ?? null,
    place: triplesOf(found.map(({ place }) => place)),
  };
}

const placesOf = (labels: readonly LabelFeatures[], id: number) =>
  labels.find((label) => label.id === id)?.found?.place;

/** Along one axis, if one of two labels lies further along it in all scans that have both. */
function orderOf(
  a: number,
  b: number,
  axis: 0 | 1 | 2,
  cases: readonly CaseFeatures[],
): OrderRule | undefined {
  const gaps = cases.flatMap(({ labels }) => {
    const [ofA, ofB] = [placesOf(labels, a), placesOf(labels, b)];
    return ofA === undefined || ofB === undefined ? [] : [ofA[axis] - ofB[axis]];
  });
  if (gaps.length < LEAST_SCANS) return undefined;
  const sign = gaps[0]! > 0 ? 1 : -1;
  const range = rangeOf(gaps.map((gap) => sign * gap))!;
  if (range.min < CLEAR_ORDER) return undefined;
  const [further, nearer] = sign > 0 ? [a, b] : [b, a];
  return { further, nearer, axis, mean: range.mean, min: range.min };
}

function ordersOf(ids: readonly number[], cases: readonly CaseFeatures[]): readonly OrderRule[] {
  const pairs = ids.flatMap((a, i) => ids.slice(i + 1).map((b) => [a, b] as const));
  return pairs.flatMap(([a, b]) => ([0, 1, 2] as const).flatMap((axis) => orderOf(a, b, axis, cases) ?? []));
}

/**
 * @param cases of training, in a fixed order; whole scans
 * @param options.orientation which way width, height and depth run; null where nobody knows
 * @returns undefined of no cases
 */
export function makeFingerprint(
  cases: readonly MeasuredCase[],
  options: { readonly labels: readonly LabelDefinition[]; readonly orientation: AxisCodes | null },
): PassportFingerprint | undefined {
  if (cases.length === 0) return undefined;
  const all = cases.map(({ features }) => features);
  const images = all.map(({ image }) => image);
  const foreground = options.labels.filter(({ id }) => id !== 0);
  return {
    format: 1,
    patients: new Set(cases.map(({ patient }) => patient)).size,
    cases: cases.length,
    orientation: options.orientation,
    slices: rangeOf(images.map(({ slices }) => slices))!,
    spacingMm: triplesOf(images.map(({ spacingMm }) => spacingMm)),
    fieldMm: triplesOf(images.map(({ fieldMm }) => fieldMm)),
    quantiles: rangesOf(images.map(({ quantiles }) => quantiles)),
    roughness: rangeOf(images.map(({ roughness }) => roughness))!,
    layout: average(images.map(({ layout }) => layout)).map((value) => Number(value.toFixed(3))),
    layoutMatch: rangeOf(layoutMatches(cases))!,
    labels: foreground.map(({ id, name }) => labelRange(id, name, all)),
    order: ordersOf(
      foreground.map(({ id }) => id),
      all,
    ),
  };
}
