/** Threads may be what fails, and ONNX Runtime starts once in a worker: another worker then tries with one thread. */

export interface OpenAttempt<T> {
  /** @param threads undefined: as many as there are */
  open(threads: number | undefined): Promise<T>;
  /** Ends the worker, so that the next attempt has a new one. */
  restart(): void;
}

/** @throws what the first attempt threw */
export async function openWithThreads<T>(
  threads: number | undefined,
  { open, restart }: OpenAttempt<T>,
): Promise<T> {
  if (threads !== undefined || !crossOriginIsolated) return open(threads);
  try {
    return await open(threads);
  } catch (error) {
    restart();
    try {
      return await open(1);
    } catch {
      restart();
      // The next model begins as this one did.
      throw error;
    }
  }
}
