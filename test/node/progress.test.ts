import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { makeProgress } from "../../src/node/progress.ts";

const ESCAPE = String.fromCharCode(27);
/** An escape sequence, a line's end, or words. */
const PIECES = new RegExp(`${ESCAPE}\\[(\\d*)([A-Z])|(\\n)|([^${ESCAPE}\\n]+)`, "g");

class Screen extends Writable {
  readonly isTTY: boolean;
  readonly columns: number;
  text = "";

  constructor(isTTY: boolean, columns = 100) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
    this.columns = columns;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }

  /** What a terminal would show: the escape sequences that the bar uses, obeyed. */
  rows(): readonly string[] {
    const rows = [""];
    let column = 0;
    for (const part of this.text.matchAll(PIECES)) {
      const [, count, command, newline, words] = part;
      const row = rows.length - 1;
      if (newline !== undefined) {
        rows.push("");
        column = 0;
      } else if (words !== undefined) {
        rows[row] = rows[row]!.slice(0, column) + words + rows[row]!.slice(column + words.length);
        column += words.length;
      } else if (command === "G") column = Number(count || 1) - 1;
      else if (command === "K") rows[row] = count === "2" ? "" : rows[row]!.slice(0, column);
      else throw new Error(`Unexpected escape sequence "${command}"`);
    }
    return rows;
  }
}

describe("off a terminal", () => {
  test("prints a line every 10 s, at a new epoch and at the end", () => {
    const screen = new Screen(false);
    let nowMs = 0;
    const progress = makeProgress(screen, { total: 100, label: "train", now: () => nowMs });
    for (let step = 1; step <= 100; step++) {
      nowMs = step * 1000;
      progress.update(step, { loss: 1 / step, epoch: step <= 25 ? 1 : 2, dice: step > 25 ? 0.5 : undefined });
      if (step === 12) progress.line("Saved");
    }
    progress.stop();
    const lines = screen.text.trimEnd().split("\n");
    expect(lines.slice(0, 5)).toEqual([
      "train 10 % 10/100, epoch 1, loss 0.1000, ETA 1 min 30 s",
      "Saved",
      "train 20 % 20/100, epoch 1, loss 0.0500, ETA 1 min 20 s",
      "train 26 % 26/100, epoch 2, loss 0.0385, Dice 0.500, ETA 1 min 14 s",
      "train 36 % 36/100, epoch 2, loss 0.0278, Dice 0.500, ETA 1 min 04 s",
    ]);
    expect(lines.at(-1)).toBe("train 100 % 100/100, epoch 2, loss 0.0100, Dice 0.500");
    expect(lines).toHaveLength(12);
  });

  test("reckons a resumed run's speed from this session alone, and keeps values left out", () => {
    const screen = new Screen(false);
    let nowMs = 0;
    const progress = makeProgress(screen, { total: 100, label: "train", start: 80, now: () => nowMs });
    progress.update(81, { loss: 2 });
    nowMs = 10_000;
    progress.update(90);
    expect(screen.text).toBe("train 90 % 90/100, loss 2.0000, ETA 10 s\n");
  });

  test("isTty: false rules over the stream", () => {
    const screen = new Screen(true);
    const progress = makeProgress(screen, { total: 1, label: "predict", isTty: false });
    progress.update(1);
    progress.stop();
    expect(screen.text).toBe("predict 100 % 1/1\n");
  });
});

describe("on a terminal", () => {
  test("draws one bar, below the lines that are printed", () => {
    const screen = new Screen(true);
    let nowMs = 0;
    const progress = makeProgress(screen, { total: 10, label: "train", now: () => nowMs });
    progress.update(5, { loss: 0.25, dice: 0.5, epoch: 1 });
    nowMs = 5_000;
    progress.line("Epoch 1 done");
    progress.line("Saved");
    expect(screen.rows()).toEqual([
      "Epoch 1 done",
      "Saved",
      `train [${"=".repeat(15)}${" ".repeat(15)}]  50 % 5/10, epoch 1, loss 0.2500, Dice 0.500, ETA 5 s`,
    ]);
    progress.update(10);
    progress.stop();
    progress.stop();
    progress.line("Done");
    expect(screen.rows()).toEqual([
      "Epoch 1 done",
      "Saved",
      `train [${"=".repeat(30)}] 100 % 10/10, epoch 1, loss 0.2500, Dice 0.500`,
      "Done",
      "",
    ]);
  });

  test("never wraps on a narrow terminal", () => {
    const screen = new Screen(true, 40);
    const progress = makeProgress(screen, { total: 10, label: "train" });
    progress.update(5, { loss: 0.25, dice: 0.5, epoch: 1 });
    progress.stop();
    expect(Math.max(...screen.rows().map((row) => row.length))).toBe(40);
  });
});
