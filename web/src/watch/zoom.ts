/** Looking closer at curves by buttons and keys; dragging over a chart does the same (Curves.svelte). */
import type { StepRange } from "./buckets.ts";

export type Zoom = "closer" | "wider" | "earlier" | "later" | "all";
export const ZOOMS: readonly Zoom[] = ["closer", "wider", "earlier", "later", "all"];

/** So much of the range is moved by; half of it is left by each step closer. */
const MOVE = 0.25;
/** Nothing is seen in less. */
const LEAST_STEPS = 8;

const KEYS: Readonly<Record<string, Zoom>> = {
  "+": "closer",
  "=": "closer",
  "-": "wider",
  ArrowLeft: "earlier",
  ArrowRight: "later",
  "0": "all",
};
export const zoomOfKey = (key: string): Zoom | undefined => KEYS[key];

/** @param range undefined: all steps @returns the same */
export function zoomed(
  range: StepRange | undefined,
  { from: first, to: last }: StepRange,
  how: Zoom,
): StepRange | undefined {
  const { from, to } = range ?? { from: first, to: last };
  const length = to - from;
  const middle = (from + to) / 2;
  const clamp = (start: number, size: number): StepRange | undefined => {
    const kept = Math.round(Math.max(LEAST_STEPS, size));
    if (kept >= last - first) return undefined;
    const at = Math.min(last - kept, Math.max(first, Math.round(start)));
    return { from: at, to: at + kept };
  };
  switch (how) {
    case "closer":
      return clamp(middle - length / 4, length / 2);
    case "wider":
      return clamp(middle - length, length * 2);
    case "earlier":
      return clamp(from - MOVE * length, length);
    case "later":
      return clamp(from + MOVE * length, length);
    case "all":
      return undefined;
  }
}
