/** What follows from how bodies lie in the slices: mirroring, and the slices above and below. */
import { mean } from "../core/statistics.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import type { DataFingerprint, PlannedValues, Size } from "./fingerprint.ts";

/** Slices further apart than this many pixels show other anatomy; nnU-Net calls such volumes anisotropic. */
const NEAR_SLICES = 3;

const SIDED = /(^|[^a-z])(left|right|l|r)([^a-z]|$)/i;
export const hasSides = (labels: readonly LabelDefinition[]): boolean =>
  labels.some(({ name }) => SIDED.test(name));

/** By label its centre in an image, as a share of the box around all labels, from its left or upper edge on. */
export type LabelCentres = ReadonlyMap<number, Size>;

export interface PatientCentres {
  readonly patient: string;
  readonly centres: LabelCentres;
}

/** Labels whose centres are so far apart, on the same side of each other in so many of the patients, have sides. */
const APART = 0.2;
const SAME_SIDE = 0.95;
/** By chance, eight patients agree on one side once in 128 times. */
const PATIENTS_TO_TELL = 8;

/** By patient the mean of what his or her images say. */
function meansByPatient(values: readonly (readonly [patient: string, value: number])[]): readonly number[] {
  const all = new Map<string, number[]>();
  for (const [patient, value] of values) all.set(patient, [...(all.get(patient) ?? []), value]);
  return [...all.values()].map((own) => mean(own));
}

/**
 * Two labels of which one lies always on the same side of the other, as the right ventricle does of the left one: a
 * mirrored image would show what no body looks like. Undefined where there are none.
 */
export function sidedLabels(
  images: readonly PatientCentres[],
  axis: keyof Size,
): readonly [number, number] | undefined {
  const ids = [...new Set(images.flatMap(({ centres }) => [...centres.keys()]))].sort((a, b) => a - b);
  const pairs = ids.flatMap((one, i) => ids.slice(i + 1).map((other) => [one, other] as const));
  return pairs.find(([one, other]) => {
    const apart = meansByPatient(
      images.flatMap(({ patient, centres }) => {
        const [from, to] = [centres.get(one), centres.get(other)];
        return from === undefined || to === undefined ? [] : [[patient, to[axis] - from[axis]] as const];
      }),
    );
    if (apart.length < PATIENTS_TO_TELL) return false;
    const usual = mean(apart);
    const sameSide = apart.filter((value) => value * usual > 0).length;
    return Math.abs(usual) >= APART && sameSide >= SAME_SIDE * apart.length;
  });
}

/** The axis from one side of the body to the other, where the slices have one; where nothing says it, the width. */
function axisAcross({ orientation }: DataFingerprint): keyof Size | undefined {
  if (orientation === undefined) return "width";
  const at = [...orientation].findIndex((code) => code === "L" || code === "R");
  return (["width", "height"] as const)[at];
}

/** Along the axis across alone, bodies are nearly their own mirror image. */
export function mirrorFor(data: DataFingerprint): PlannedValues["mirror"] {
  const across = axisAcross(data);
  const isAlike = across !== undefined && !hasSides(data.labels) && data.sided[across] === undefined;
  return { width: isAlike && across === "width", height: isAlike && across === "height" };
}

export function neighboursFor({ unit, sliceRatio }: DataFingerprint): number {
  return unit === "volume" && sliceRatio !== undefined && sliceRatio <= NEAR_SLICES ? 1 : 0;
}

export function neighbourReason({ unit, sliceRatio }: DataFingerprint): string {
  if (unit === "slice") return "single slices come without neighbours";
  if (sliceRatio === undefined) return "files do not say how far slices are apart";
  const apart = Number(sliceRatio.toPrecision(2));
  return `slices are ${apart === 1 ? "1 pixel" : `${apart} pixels`} apart (up to ${NEAR_SLICES} they show the same anatomy)`;
}

export function mirrorReason(data: DataFingerprint): string {
  const { labels, orientation, sided } = data;
  const across = axisAcross(data);
  if (across === undefined) return "no axis of these slices runs from side to side";
  if (hasSides(labels)) return "labels are named by side";
  const pair = sided[across];
  if (pair !== undefined) {
    const [one, other] = pair.map((id) => labels.find((label) => label.id === id)?.name ?? `${id}`);
    return `${one} lies always on the same side of ${other}`;
  }
  return orientation === undefined
    ? "the plane is not known: from side to side"
    : "along the axis from side to side";
}
