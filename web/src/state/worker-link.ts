/** The worker as the page asks it: one that was started anew is first given what the last one held. */
import { makeWorkerClient, type RemoteWorker } from "../worker/client.ts";

export interface WorkerLink {
  ask<T>(question: (worker: RemoteWorker) => Promise<T>): Promise<T>;
  /** Ends the worker, as a crash would; the next question starts another. */
  stop(): void;
}

/**
 * @param refill gives a worker that was started anew what the last one held; all questions wait for it, and where it
 *   fails it is tried again by the next
 */
export function makeWorkerLink(refill: (worker: RemoteWorker) => Promise<void>): WorkerLink {
  const client = makeWorkerClient();
  let ready: { readonly generation: number; readonly done: Promise<void> } | undefined;

  function readyFor(worker: RemoteWorker): Promise<void> {
    const { generation } = client;
    if (ready?.generation === generation) return ready.done;
    const done = refill(worker);
    ready = { generation, done };
    done.catch(() => {
      if (ready?.done === done) ready = undefined;
    });
    return done;
  }

  return {
    ask: (question) =>
      client.ask(async (worker) => {
        await readyFor(worker);
        return question(worker);
      }),
    stop: () => client.stop(),
  };
}
