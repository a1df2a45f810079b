/** Ctrl-C, and SIGTERM as batch systems send it: first finish what is under way and save it, then stop at once. */

export const INTERRUPTED = 130;

const SAVING = "Stopping as soon as the work is saved; Ctrl-C again stops at once";

/** Lends `work` a signal that the first Ctrl-C aborts; the second ends the process. @param says at the first */
export async function withInterrupt<T>(
  work: (signal: AbortSignal) => Promise<T>,
  says: string = SAVING,
): Promise<T> {
  const controller = new AbortController();
  function onSignal(): void {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    process.stderr.write(`\n${says}\n`);
    controller.abort();
  }
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

/** Whether work ended because its signal was aborted. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
