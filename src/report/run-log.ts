/** The lines of log.jsonl as the figures read them. */

/** One optimiser step. */
export interface StepLine {
  readonly kind: "step";
  /** Steps done, this one included. */
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly lr: number;
}

/** One validation. */
export interface EpochLine {
  readonly kind: "epoch";
  readonly step: number;
  /** Epochs done, this one included. */
  readonly epoch: number;
  /** Mean over the epoch's steps. */
  readonly loss: number;
  readonly validationLoss: number;
  /** Mean over the foreground labels. */
  readonly foregroundDice: number | null;
  /** By label name. */
  readonly dice: Readonly<Record<string, number | null>>;
  readonly isBest: boolean;
}

export type LogLine = Readonly<Record<string, unknown>>;

/** JSON has no NaN: what is no number is left out of the figures. */
const numberOf = (value: unknown): number => (typeof value === "number" ? value : Number.NaN);
const diceOf = (value: unknown): number | null => (typeof value === "number" ? value : null);

function diceByName(value: unknown): Record<string, number | null> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, dice]) => [name, diceOf(dice)]));
}

/** Steps and epochs of a log, each in order; lines of other kinds are passed over. */
export function parseLog(log: readonly LogLine[]): {
  readonly steps: readonly StepLine[];
  readonly epochs: readonly EpochLine[];
} {
  const steps: StepLine[] = [];
  const epochs: EpochLine[] = [];
  for (const line of log) {
    const common = { step: numberOf(line.step), epoch: numberOf(line.epoch), loss: numberOf(line.loss) };
    if (line.kind === "step") steps.push({ kind: "step", ...common, lr: numberOf(line.lr) });
    if (line.kind === "epoch") {
      epochs.push({
        kind: "epoch",
        ...common,
        validationLoss: numberOf(line.validationLoss),
        foregroundDice: diceOf(line.foregroundDice),
        dice: diceByName(line.dice),
        isBest: line.isBest === true,
      });
    }
  }
  return { steps, epochs };
}
