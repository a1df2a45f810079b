/** Learning from corrected scans: which, how far it is, and what came of it. */

import type { LearnOutcome, LearnReport } from "../worker/protocol.ts";
import type { Session } from "./session.svelte.ts";

export interface LossPoint {
  readonly step: number;
  readonly loss: number;
}

export interface DicePoint {
  readonly step: number;
  readonly dice: number | null;
  readonly labels: Readonly<Record<string, number | null>>;
}

/** Steps of a learning; docs/learning.md has what they give. */
export const STEP_CHOICES = [40, 80, 160, 240] as const;

export class Learning {
  /** Scans whose masks somebody has looked over. */
  chosen = $state.raw<ReadonlySet<number>>(new Set());
  steps = $state<number>(80);
  isRunning = $state(false);
  isPaused = $state(false);
  isFinishing = $state(false);
  loss = $state.raw<readonly LossPoint[]>([]);
  dice = $state.raw<readonly DicePoint[]>([]);
  done = $state(0);
  total = $state(0);
  outcome = $state.raw<LearnOutcome | undefined>();
  /** The old model's name, while the new one is in use. */
  usedAs = $state<string | undefined>();

  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  choose(scan: number, isChosen: boolean): void {
    const next = new Set(this.chosen);
    if (isChosen) next.add(scan);
    else next.delete(scan);
    this.chosen = next;
  }

  forget(): void {
    this.chosen = new Set();
    this.outcome = undefined;
    this.loss = [];
    this.dice = [];
  }

  take(report: LearnReport): void {
    this.done = report.step;
    this.total = report.steps;
    if (report.kind === "step") this.loss = [...this.loss, { step: report.step, loss: report.loss }];
    else {
      const { step, foregroundDice, dice } = report;
      this.dice = [...this.dice, { step, dice: foregroundDice, labels: dice }];
    }
  }

  async run(): Promise<void> {
    this.isRunning = true;
    this.isPaused = false;
    this.isFinishing = false;
    this.outcome = undefined;
    this.loss = [];
    this.dice = [];
    this.done = 0;
    this.total = this.steps;
    try {
      this.outcome = await this.#session.learn([...this.chosen], this.steps, (report) => this.take(report));
    } finally {
      this.isRunning = false;
    }
  }

  togglePause(): void {
    this.isPaused = !this.isPaused;
    void this.#session.steer(this.isPaused ? "pause" : "resume");
  }

  finish(): void {
    this.isFinishing = true;
    void this.#session.steer("finish");
  }

  cancel(): void {
    void this.#session.steer("cancel");
  }

  /** Segments with the new model from here on. */
  async use(): Promise<void> {
    const { outcome } = this;
    if (outcome === undefined) return;
    const before = this.#session.model?.name ?? "model.onnx";
    this.usedAs = `${before.replace(/\.onnx$/i, "")} + ${outcome.learntFrom.length}.onnx`;
    await this.#session.useModel(this.usedAs, outcome.bytes);
  }
}
