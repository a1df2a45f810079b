/**
 * Ctrl-C, and the signals by which batch systems say that the time is up: first finish what is under way and save it;
 * Ctrl-C once more stops at once.
 */

export const INTERRUPTED = 130;

const SAVING = "Stopping as soon as the work is saved; Ctrl-C again stops at once";

/**
 * SLURM's SIGTERM comes to every process of a job, and once more through the script that waits for it. SIGUSR2 is what
 * mpirun and srun pass on to all ranks without ending them after a second; Node keeps SIGUSR1 for its debugger.
 */
const BATCH_SIGNALS = ["SIGTERM", "SIGUSR2"] as const;

/**
 * Lends `work` a signal that the first Ctrl-C aborts; the second ends the process.
 * @param work its `atOnce` is aborted by the second, just before the end: listeners must do what they do there and then
 * @param says at the first; null: nothing, where another process speaks for this one
 */
export async function withInterrupt<T>(
  work: (signal: AbortSignal, atOnce: AbortSignal) => Promise<T>,
  says: string | null = SAVING,
): Promise<T> {
  const controller = new AbortController();
  const second = new AbortController();
  function ask(): void {
    if (controller.signal.aborted) return;
    if (says !== null) process.stderr.write(`\n${says}\n`);
    controller.abort();
  }
  function onCtrlC(): void {
    if (controller.signal.aborted) {
      second.abort();
      process.exit(INTERRUPTED);
    }
    ask();
  }
  process.on("SIGINT", onCtrlC);
  for (const name of BATCH_SIGNALS) process.on(name, ask);
  try {
    return await work(controller.signal, second.signal);
  } finally {
    process.off("SIGINT", onCtrlC);
    for (const name of BATCH_SIGNALS) process.off(name, ask);
  }
}

/** Whether work ended because its signal was aborted. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
