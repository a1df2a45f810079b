/** How much memory is left for jobs, and how many fit into it. */
import { readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";

/** Jobs take somewhat more than the one that was measured. */
const MARGIN = 1.25;

/** Of the group of processes that a container or a batch system limits: what the system gives back when asked. */
function reclaimable(): number {
  try {
    const text = readFileSync("/sys/fs/cgroup/memory.stat", "utf8");
    return Number(/^inactive_file (\d+)$/m.exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Bytes that processes may still take, by the machine and by the limit that this process is under. */
export function freeBytes(): number {
  const limit = process.constrainedMemory();
  // 0 or a huge number where there is no limit.
  if (!(limit > 0 && limit < totalmem())) return freemem();
  return Math.min(freemem(), process.availableMemory() + reclaimable());
}

export interface MemoryView {
  readonly freeBytes: number;
  /** The most that each of the jobs that run has held so far. */
  readonly runningPeaks: readonly number[];
  /** The most that any job has held. */
  readonly peakBytes: number;
}

/** Bytes that one more job is expected to take at most. */
export const expectedBytes = ({ peakBytes }: Pick<MemoryView, "peakBytes">): number => peakBytes * MARGIN;

/** Whether one more job fits beside those that run, once these have grown to their full size. */
export function hasRoom(view: MemoryView): boolean {
  const each = expectedBytes(view);
  const growth = view.runningPeaks.reduce((sum, peak) => sum + Math.max(0, each - peak), 0);
  return view.freeBytes - growth >= each;
}

/** "2.1 GB" */
export const formatBytes = (bytes: number): string =>
  bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
