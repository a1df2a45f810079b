/** A run's log in words: its epochs, and what its state has said while the page looked. */
import type { EpochPoint } from "../../../src/server/api.ts";
import { WATCH } from "../text-watch.ts";
import { formatCount, formatDice, formatLoss } from "./format.ts";
import type { Note } from "./watch.svelte.ts";

export interface LogLine {
  readonly key: string;
  readonly text: string;
  /** When the page saw it; epochs have no time of their own. */
  readonly time: string | undefined;
}

/** More are in the table of epochs. */
const MOST_LINES = 100;

function epochText({ epoch, step, loss, validationLoss, foregroundDice, isBest }: EpochPoint): string {
  const { log } = WATCH;
  const parts = [
    loss === null ? "" : log.loss(formatLoss(loss)),
    validationLoss === null ? "" : log.validation(formatLoss(validationLoss)),
    foregroundDice === null ? "" : log.dice(formatDice(foregroundDice)),
    isBest ? log.best : "",
  ];
  return log.epoch(
    epoch,
    formatCount(step),
    parts.filter((part) => part !== ""),
  );
}

const timeOf = (at: Date): string => at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

/** The oldest first. */
export function logLines(epochs: readonly EpochPoint[], notes: readonly Note[]): readonly LogLine[] {
  const told = [
    ...epochs.map((epoch) => ({
      step: epoch.step,
      line: { key: `epoch ${epoch.epoch}`, text: epochText(epoch), time: undefined },
    })),
    ...notes.map(({ at, step, text }, i) => ({ step, line: { key: `note ${i}`, text, time: timeOf(at) } })),
  ];
  // Sorting keeps the order of what has the same step: an epoch, then what was said after it.
  return told
    .sort((a, b) => a.step - b.step)
    .slice(-MOST_LINES)
    .map(({ line }) => line);
}
