/** What follows from how bodies lie in the slices: mirroring, and the slices above and below. */
import type { LabelDefinition } from "../volume/volume.ts";
import type { DataFingerprint, PlannedValues } from "./fingerprint.ts";

/** Slices further apart than this many pixels show other anatomy; nnU-Net calls such volumes anisotropic. */
const NEAR_SLICES = 3;

const SIDED = /(^|[^a-z])(left|right|l|r)([^a-z]|$)/i;
export const hasSides = (labels: readonly LabelDefinition[]): boolean =>
  labels.some(({ name }) => SIDED.test(name));

/** The axis from one side of the body to the other: bodies are nearly their own mirror image along it alone. */
export function mirrorFor({ orientation, labels }: DataFingerprint): PlannedValues["mirror"] {
  if (hasSides(labels)) return { width: false, height: false };
  const isAcross = (code: string | undefined): boolean => code === "L" || code === "R";
  if (orientation === undefined) return { width: true, height: false };
  return { width: isAcross(orientation[0]), height: isAcross(orientation[1]) };
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

export function mirrorReason({ labels, orientation }: DataFingerprint): string {
  if (hasSides(labels)) return "labels are named by side";
  return orientation === undefined
    ? "the plane is not known: from side to side"
    : "along the axis from side to side";
}
