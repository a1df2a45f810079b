/**
 * The page's side of the worker. Where it stops, what was asked of it fails, and the next question starts another, which is
 * first given what the last one held.
 */
import { proxy, type Remote, releaseProxy, wrap } from "comlink";
import type { SegmentWorker } from "./protocol.ts";
import { SUCCESSOR } from "./store-lock.ts";

export type RemoteWorker = Remote<SegmentWorker>;

export class WorkerStopped extends Error {}

export interface WorkerClient {
  /** Asks the worker; rejects with WorkerStopped where it ends before it answers. */
  ask<T>(question: (worker: RemoteWorker) => Promise<T>): Promise<T>;
  /** Ends the worker, as a crash would. */
  stop(): void;
}

interface Running {
  readonly worker: Worker;
  readonly remote: RemoteWorker;
  readonly stopped: Promise<never>;
  fail(error: Error): void;
  /** undefined: it must still be given what the last one held. */
  ready: Promise<void> | undefined;
}

let isFirst = true;

function start(): Running {
  const worker = new Worker(new URL("./segment.worker.ts", import.meta.url), {
    type: "module",
    name: isFirst ? "segment" : SUCCESSOR,
  });
  isFirst = false;
  let fail: (error: Error) => void = () => {};
  const stopped = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Nobody may be asking just now.
  stopped.catch(() => {});
  worker.addEventListener("error", (event) => fail(new WorkerStopped(event.message)));
  worker.addEventListener("messageerror", () => fail(new WorkerStopped("a message could not be read")));
  return { worker, remote: wrap<SegmentWorker>(worker), stopped, fail, ready: undefined };
}

/**
 * @param refill gives a worker that was started anew what the last one held; all questions wait for it, and where it
 *   fails it is tried again by the next
 */
export function makeWorkerClient(refill: (worker: RemoteWorker) => Promise<void>): WorkerClient {
  let running: Running | undefined;

  function end(error: Error): void {
    if (running === undefined) return;
    const ended = running;
    running = undefined;
    ended.fail(error);
    ended.remote[releaseProxy]();
    ended.worker.terminate();
  }

  function readyFor(own: Running): Promise<void> {
    if (own.ready !== undefined) return own.ready;
    const ready = refill(own.remote);
    own.ready = ready;
    ready.catch(() => {
      own.ready = undefined;
    });
    return ready;
  }

  return {
    async ask(question) {
      running ??= start();
      const own = running;
      const asked = readyFor(own).then(() => question(own.remote));
      try {
        return await Promise.race([asked, own.stopped]);
      } catch (error) {
        // The answer, if one comes, is for nobody.
        asked.catch(() => {});
        if (error instanceof WorkerStopped && running === own) end(error);
        throw error;
      }
    },
    stop: () => end(new WorkerStopped("ended")),
  };
}

export { proxy };
