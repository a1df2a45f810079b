/** One line of progress for all jobs: redrawn on a terminal, now and then a new one elsewhere. */

export interface JobStanding {
  /** From 1. */
  readonly index: number;
  readonly state: "waiting" | "running" | "done";
  /** What it does now, and how far that is. */
  readonly label: string;
  readonly done: number;
  readonly total: number;
}

const LINE_INTERVAL_MS = 10_000;
const REDRAW_MS = 200;

/** "3 of 8 jobs done; 4: Training 40/200, 5: Reading cases 3/9" */
export function describeJobs(jobs: readonly JobStanding[]): string {
  const done = jobs.filter(({ state }) => state === "done").length;
  const running = jobs
    .filter(({ state }) => state === "running")
    .map(({ index, label, done: steps, total }) =>
      label === "" ? `${index}: starting` : `${index}: ${label} ${steps}/${total}`,
    );
  const rest = running.length === 0 ? "" : `; ${running.join(", ")}`;
  return `${done} of ${jobs.length} jobs done${rest}`;
}

export interface JobsLine {
  /** @param isNews tell it also where it is not yet time for a new line */
  show(jobs: readonly JobStanding[], isNews?: boolean): void;
  /** A line for good, above the other. */
  say(text: string): void;
  stop(): void;
}

type Stream = Pick<NodeJS.WriteStream, "isTTY" | "columns"> & { write(text: string): unknown };

export function makeJobsLine(
  stream: Stream,
  { isQuiet, now = () => performance.now() }: { readonly isQuiet: boolean; readonly now?: () => number },
): JobsLine {
  const isTty = stream.isTTY === true;
  let shownAtMs = now();
  let text = "";
  let isDrawn = false;
  const clear = (): void => {
    if (isDrawn) stream.write("\r\u001b[2K");
    isDrawn = false;
  };
  const draw = (): void => {
    clear();
    stream.write(text.slice(0, Math.max(20, (stream.columns ?? 80) - 1)));
    isDrawn = true;
  };
  return {
    show(jobs, isNews = false) {
      if (isQuiet) return;
      const next = describeJobs(jobs);
      if (next === text || (!isNews && now() - shownAtMs < (isTty ? REDRAW_MS : LINE_INTERVAL_MS))) return;
      shownAtMs = now();
      text = next;
      if (isTty) draw();
      else stream.write(`${text}\n`);
    },
    say(line) {
      clear();
      stream.write(`${line}\n`);
      if (isTty && text !== "" && !isQuiet) draw();
    },
    stop() {
      if (isDrawn) stream.write("\n");
      isDrawn = false;
    },
  };
}
