/** A line of log.jsonl as the page gets it. */
import type { EpochPoint, StepPoint } from "./api.ts";

export type LogEntryRead =
  | { readonly kind: "step"; readonly point: StepPoint }
  /** seconds: since the session began. */
  | { readonly kind: "epoch"; readonly point: EpochPoint; readonly seconds: number | null };

const numberOrNull = (value: unknown): number | null => (typeof value === "number" ? value : null);

function diceByName(value: unknown): Readonly<Record<string, number | null>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, dice]) => [name, numberOrNull(dice)]));
}

/** @returns undefined of a line that is neither a step nor an epoch, or that a kill left half-written */
export function readEntry(text: string): LogEntryRead | undefined {
  let line: Readonly<Record<string, unknown>>;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return undefined;
    line = parsed as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
  const { kind, step, epoch, loss, lr } = line;
  if (typeof step !== "number" || typeof epoch !== "number") return undefined;
  const seconds = numberOrNull(line.seconds);
  if (kind === "step" && typeof loss === "number" && typeof lr === "number") {
    const point = {
      step,
      epoch,
      loss,
      lossMin: loss,
      lossMax: loss,
      learningRate: lr,
      gradientNorm: numberOrNull(line.gradientNorm),
      seconds,
      count: 1,
    };
    return { kind, point };
  }
  if (kind !== "epoch") return undefined;
  const point = {
    step,
    epoch,
    loss: numberOrNull(loss),
    validationLoss: numberOrNull(line.validationLoss),
    foregroundDice: numberOrNull(line.foregroundDice),
    dice: diceByName(line.dice),
    isBest: line.isBest === true,
  };
  return { kind, point, seconds };
}
