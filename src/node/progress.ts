/** How far a run is: one bar on a terminal, now and then a plain line elsewhere. */
import { type GenericFormatter, MultiBar } from "cli-progress";
import { formatDuration } from "../core/duration.ts";
import { isJobProcess, tellParent } from "./job-channel.ts";

export interface ProgressValues {
  readonly loss?: number | undefined;
  /** Mean foreground Dice of the last validation, 0 to 1. */
  readonly dice?: number | undefined;
  readonly epoch?: number | undefined;
}

export interface Progress {
  /** @param step steps done so far. Values left out keep what they were. */
  update(step: number, values?: ProgressValues): void;
  /** Prints a full line, above the bar where there is one. */
  line(text: string): void;
  /** Ends the bar; must be called, also after an error. */
  stop(): void;
}

export interface ProgressOptions {
  /** Steps in all. */
  readonly total: number;
  readonly label: string;
  /** Default: what the stream says of itself. */
  readonly isTty?: boolean;
  /** Steps done before this session, which say nothing about its speed. Default 0. */
  readonly start?: number;
  /** Milliseconds; default Date.now. */
  readonly now?: () => number;
  /** Shows nothing at all. */
  readonly isQuiet?: boolean;
}

const SILENT: Progress = { update: () => undefined, line: () => undefined, stop: () => undefined };

const LINE_INTERVAL_MS = 10_000;
const BAR_MAX = 30;
const BAR_MIN = 5;

interface Position extends ProgressValues {
  readonly step: number;
}

/** "120/1000, epoch 3, loss 0.4321, Dice 0.712, ETA 3 min 05 s" */
function describe(at: Position, total: number, etaSeconds: number | undefined): string {
  const parts = [`${at.step}/${total}`];
  if (at.epoch !== undefined) parts.push(`epoch ${at.epoch}`);
  if (at.loss !== undefined) parts.push(`loss ${at.loss.toFixed(4)}`);
  if (at.dice !== undefined) parts.push(`Dice ${at.dice.toFixed(3)}`);
  if (etaSeconds !== undefined && at.step < total) parts.push(`ETA ${formatDuration(etaSeconds)}`);
  return parts.join(", ");
}

function makeBar(
  stream: NodeJS.WritableStream,
  total: number,
  start: number,
  format: GenericFormatter,
): Progress {
  const bars = new MultiBar({
    stream,
    format,
    fps: 5,
    // Trim to the terminal's width, rather than switch its wrapping off and leave it so after a kill.
    linewrap: true,
    // The bar is drawn again below every printed line.
    forceRedraw: true,
    // Ctrl-C belongs to the command, which saves first.
    gracefulExit: false,
  });
  const bar = bars.create(total, start);
  let isRunning = true;
  return {
    update: (step) => bar.update(step),
    line(text) {
      if (!isRunning) {
        stream.write(`${text}\n`);
        return;
      }
      bars.log(`${text}\n`);
      bars.update();
    },
    stop() {
      if (isRunning) bars.stop();
      isRunning = false;
    },
  };
}

/** Plain lines: at most one in 10 s, and at every new epoch and the end. */
function makeLines(
  stream: NodeJS.WritableStream,
  total: number,
  now: () => number,
  text: () => string,
): Progress {
  let printedAtMs = now();
  let epoch: number | undefined;
  const print = (line: string): void => {
    stream.write(`${line}\n`);
  };
  return {
    update(step, values) {
      const isNewEpoch = epoch !== undefined && values?.epoch !== undefined && values.epoch !== epoch;
      epoch = values?.epoch ?? epoch;
      if (!isNewEpoch && step < total && now() - printedAtMs < LINE_INTERVAL_MS) return;
      printedAtMs = now();
      print(text());
    },
    line: print,
    stop: () => undefined,
  };
}

/** Shows how a run of `total` steps gets on. The remaining time is reckoned from this session's mean speed. */
export function makeProgress(
  stream: NodeJS.WritableStream & { readonly isTTY?: boolean },
  options: ProgressOptions,
): Progress {
  const { total, label, start = 0, now = Date.now } = options;
  // Of several jobs, whoever started them shows one line for all.
  if (isJobProcess()) return { ...SILENT, update: (step) => tellParent(label, step, total) };
  if (options.isQuiet) return SILENT;
  const startedAtMs = now();
  let at: Position = { step: start };

  function describeNow(): string {
    const done = at.step - start;
    const elapsedSeconds = (now() - startedAtMs) / 1000;
    return describe(at, total, done > 0 ? (elapsedSeconds / done) * (total - at.step) : undefined);
  }
  const percent = (): string => `${Math.floor((100 * at.step) / Math.max(total, 1))} %`;

  const format: GenericFormatter = (_options, { maxWidth }) => {
    const text = `${percent().padStart(5)} ${describeNow()}`;
    const width = Math.max(BAR_MIN, Math.min(BAR_MAX, maxWidth - label.length - text.length - 5));
    const full = Math.min(width, Math.floor((width * at.step) / Math.max(total, 1)));
    return `${label} [${"=".repeat(full)}${" ".repeat(width - full)}] ${text}`;
  };
  const isTty = options.isTty ?? stream.isTTY === true;
  const view = isTty
    ? makeBar(stream, total, start, format)
    : makeLines(stream, total, now, () => `${label} ${percent()} ${describeNow()}`);
  return {
    ...view,
    update(step, values = {}) {
      const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
      at = { ...at, ...given, step };
      view.update(step, values);
    },
  };
}

/** Runs `work` with a progress line of its own, which appears with the first report and is always ended. */
export async function withProgress<T>(
  stream: NodeJS.WriteStream,
  { label, isQuiet }: { readonly label: string; readonly isQuiet: boolean },
  work: (update: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  if (isQuiet && !isJobProcess()) return work(() => undefined);
  let progress: Progress | undefined;
  try {
    return await work((done, total) => {
      progress ??= makeProgress(stream, { total, label });
      progress.update(done);
    });
  } finally {
    progress?.stop();
  }
}
