/** What follows from how bodies lie in the slices: mirroring, and the slices above and below. */
import type { LabelDefinition } from "../volume/volume.ts";
import type { DataFingerprint, PlannedValues, Size } from "./fingerprint.ts";

/** Slices further apart than this many pixels show other anatomy; nnU-Net calls such volumes anisotropic. */
const NEAR_SLICES = 3;

const SIDED = /(^|[^a-z])(left|right|l|r)([^a-z]|$)/i;
export const hasSides = (labels: readonly LabelDefinition[]): boolean =>
  labels.some(({ name }) => SIDED.test(name));

/**
 * By label its centre in a case, as a share of the box around all labels: 0 at its left or upper edge, 1 at the other.
 */
export type LabelCentres = ReadonlyMap<number, Size>;

/** Labels whose centres are so far apart, in so many of the cases on the same side of each other, have sides. */
const APART = 0.2;
const SAME_SIDE = 0.95;
const CASES_TO_TELL = 5;

/**
 * Two labels of which one lies always on the same side of the other, as the right ventricle does of the left one: a
 * mirrored image would show what no body looks like. Undefined where there are none.
 */
export function sidedLabels(
  cases: readonly LabelCentres[],
  axis: keyof Size,
): readonly [number, number] | undefined {
  const ids = [...new Set(cases.flatMap((centres) => [...centres.keys()]))].sort((a, b) => a - b);
  const pairs = ids.flatMap((one, i) => ids.slice(i + 1).map((other) => [one, other] as const));
  return pairs.find(([one, other]) => {
    const apart = cases.flatMap((centres) => {
      const [from, to] = [centres.get(one), centres.get(other)];
      return from === undefined || to === undefined ? [] : [to[axis] - from[axis]];
    });
    if (apart.length < CASES_TO_TELL) return false;
    const mean = apart.reduce((sum, value) => sum + value, 0) / apart.length;
    const sameSide = apart.filter((value) => value * mean > 0).length;
    return Math.abs(mean) >= APART && sameSide >= SAME_SIDE * apart.length;
  });
}

const isAcross = (code: string | undefined): boolean => code === "L" || code === "R";

/** The axis from one side of the body to the other: bodies are nearly their own mirror image along it alone. */
export function mirrorFor({ orientation, labels, sided }: DataFingerprint): PlannedValues["mirror"] {
  const none = hasSides(labels);
  const across = {
    width: orientation === undefined || isAcross(orientation[0]),
    height: orientation !== undefined && isAcross(orientation[1]),
  };
  return {
    width: !none && across.width && sided.width === undefined,
    height: !none && across.height && sided.height === undefined,
  };
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

export function mirrorReason({ labels, orientation, sided }: DataFingerprint): string {
  if (hasSides(labels)) return "labels are named by side";
  const pair = orientation !== undefined && isAcross(orientation[1]) ? sided.height : sided.width;
  if (pair !== undefined) {
    const [one, other] = pair.map((id) => labels.find((label) => label.id === id)?.name ?? `${id}`);
    return `${one} lies always on the same side of ${other}`;
  }
  return orientation === undefined
    ? "the plane is not known: from side to side"
    : "along the axis from side to side";
}
