/** How places and figures are called in reasons. */
import type { AxisCodes } from "../volume/orient.ts";
import type { Range } from "./types.ts";

const BESIDE: Readonly<Record<string, string>> = {
  L: "further left than",
  R: "further right than",
  S: "above",
  I: "below",
  A: "in front of",
  P: "behind",
};

const AXIS_NAMES = ["across", "down", "through the slices"] as const;

/** Where something lies that is further along an axis, e.g. "above". */
export function besideText(axis: 0 | 1 | 2, orientation: AxisCodes | null): string {
  const code = orientation === null ? undefined : orientation[axis];
  return (code === undefined ? undefined : BESIDE[code]) ?? `further ${AXIS_NAMES[axis]} than`;
}

/** "left to right", "head to foot", "front to back", or how pictures are read. */
export function axisText(axis: 0 | 1 | 2, orientation: AxisCodes | null): string {
  const code = orientation === null ? "" : (orientation[axis] ?? "");
  if ("LR".includes(code) && code !== "") return "left to right";
  if ("SI".includes(code) && code !== "") return "head to foot";
  if ("AP".includes(code) && code !== "") return "front to back";
  return AXIS_NAMES[axis];
}

/** Three digits: "1.68", "430", "0.0123". */
export const short = (value: number): string => `${Number(value.toPrecision(3))}`;

/** "1.2 to 1.5", or "1.68" where all training scans were alike. */
export function rangeText({ min, max }: Pick<Range, "min" | "max">, unit = ""): string {
  const [low, high] = [short(min), short(max)];
  return `${low === high ? low : `${low} to ${high}`}${unit}`;
}
