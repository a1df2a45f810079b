/** A process that another hipmri started for a share of its work: it tells how far it is, and ends when that one is gone. */

/** Set for such processes. */
export const JOB_VARIABLE = "HIPMRI_JOB";
const TELL_EVERY_MS = 250;

/** What a job tells over the channel that Node opens between the two processes. */
export interface JobNews {
  readonly hipmriJob: 1;
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** The most memory that the job has held so far, in bytes. */
  readonly peakBytes: number;
}

export function isJobNews(message: unknown): message is JobNews {
  return typeof message === "object" && message !== null && "hipmriJob" in message && message.hipmriJob === 1;
}

let isJob = false;
let toldAtMs = 0;
let toldLabel = "";

/** Whether this process is such a job. */
export const isJobProcess = (): boolean => isJob;

/** Called once, at the start of the command. */
export function joinParent(): void {
  if (process.env[JOB_VARIABLE] !== "1" || process.send === undefined) return;
  // Processes that this one starts are none.
  delete process.env[JOB_VARIABLE];
  isJob = true;
  // Whoever started it was killed: end as by Ctrl-C, which saves.
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  // Its pipes are closed then: what cannot be told must not end the work before it is saved.
  process.stderr.on("error", () => undefined);
  // The channel alone keeps nothing alive.
  process.channel?.unref();
}

/** Tells how far a part of the work is; now and then, and at its end. */
export function tellParent(label: string, done: number, total: number): void {
  const now = performance.now();
  if (label === toldLabel && done < total && now - toldAtMs < TELL_EVERY_MS) return;
  toldAtMs = now;
  toldLabel = label;
  const news: JobNews = {
    hipmriJob: 1,
    label,
    done,
    total,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
  // A parent that is gone is told by "disconnect".
  if (process.connected) process.send?.(news, undefined, {}, () => undefined);
}
