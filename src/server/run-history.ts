/** What the log of a run amounts to, kept up as it grows: thinned steps, all epochs, the pace. */
import { mean } from "../core/statistics.ts";
import type { EpochPoint, HistoryEvent, RunPlan } from "./api.ts";
import { readEntry } from "./log-entries.ts";
import { type LogPlace, readLines } from "./log-lines.ts";
import { makeThinner } from "./thinner.ts";

/** Of a history. */
const MOST_POINTS = 2000;
/** Steps that the pace is measured over; validations likewise, of which there are fewer. */
const PACE_STEPS = 50;
const PACE_EPOCHS = 5;

export interface RunHistory {
  /** Reads what has been added since. */
  refresh(): Promise<void>;
  /** How far the log was read; undefined where there is none. */
  readonly place: LogPlace | undefined;
  readonly stepsDone: number;
  readonly epochsDone: number;
  readonly lastEpoch: EpochPoint | null;
  readonly bestEpoch: EpochPoint | null;
  readonly stepsPerSecond: number | null;
  /** Until the last step. */
  secondsLeft(plan: RunPlan): number | null;
  snapshot(): HistoryEvent;
}

/** The last `most` numbers. */
function makeWindow(most: number) {
  const values: number[] = [];
  return {
    values,
    add(value: number): void {
      values.push(value);
      if (values.length > most) values.shift();
    },
  };
}

function makeState() {
  return {
    steps: makeThinner(MOST_POINTS),
    epochs: [] as EpochPoint[],
    stepsDone: 0,
    stepSeconds: makeWindow(PACE_STEPS),
    validationSeconds: makeWindow(PACE_EPOCHS),
    /** Of the session's clock at the last epoch, and of the steps since. */
    epochClock: 0,
    sinceEpoch: 0,
  };
}

export function makeRunHistory(logPath: string): RunHistory {
  let state = makeState();
  let place: LogPlace | undefined;
  let reading: Promise<void> | undefined;

  function take(text: string): void {
    const entry = readEntry(text);
    if (entry === undefined) return;
    state.stepsDone = Math.max(state.stepsDone, entry.point.step);
    if (entry.kind === "step") {
      const { seconds } = entry.point;
      state.steps.add(entry.point);
      if (seconds === null) return;
      state.stepSeconds.add(seconds);
      state.sinceEpoch += seconds;
      return;
    }
    const { seconds } = entry;
    state.epochs.push(entry.point);
    if (seconds === null) return;
    // What an epoch took beside its steps; the clock begins anew with every session.
    const beside = seconds - state.epochClock - state.sinceEpoch;
    if (beside >= 0 && state.epochs.length > 1) state.validationSeconds.add(beside);
    state.epochClock = seconds;
    state.sinceEpoch = 0;
  }

  async function read(): Promise<void> {
    for (;;) {
      const chunk = await readLines(logPath, place);
      if (chunk.kind === "lines") {
        for (const { text } of chunk.lines) take(text);
        place = chunk.place;
        if (chunk.lines.length === 0 || chunk.left === 0) return;
        continue;
      }
      if (place === undefined) return;
      state = makeState();
      place = undefined;
      if (chunk.kind === "none") return;
    }
  }

  const stepsPerSecond = (): number | null => {
    const { values } = state.stepSeconds;
    const each = values.length === 0 ? 0 : mean(values);
    return each > 0 ? 1 / each : null;
  };

  return {
    async refresh() {
      // One reading at a time; whoever asks meanwhile waits for it.
      reading ??= read().finally(() => {
        reading = undefined;
      });
      await reading;
    },
    get place() {
      return place;
    },
    get stepsDone() {
      return state.stepsDone;
    },
    get epochsDone() {
      return state.epochs.at(-1)?.epoch ?? 0;
    },
    get lastEpoch() {
      return state.epochs.at(-1) ?? null;
    },
    get bestEpoch() {
      return state.epochs.findLast(({ isBest }) => isBest) ?? null;
    },
    get stepsPerSecond() {
      return stepsPerSecond();
    },
    secondsLeft({ steps, epochs }) {
      const pace = stepsPerSecond();
      if (pace === null) return null;
      const { values } = state.validationSeconds;
      const validation = values.length === 0 ? 0 : mean(values);
      const epochsLeft = Math.max(0, epochs - (state.epochs.at(-1)?.epoch ?? 0));
      return Math.max(0, steps - state.stepsDone) / pace + epochsLeft * validation;
    },
    snapshot: () => ({ steps: state.steps.points(), epochs: state.epochs.slice() }),
  };
}
