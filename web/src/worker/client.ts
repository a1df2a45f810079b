/** The page's side of the worker. Where it stops, what was asked of it fails, and the next question starts another. */
import { proxy, type Remote, releaseProxy, wrap } from "comlink";
import type { SegmentWorker } from "./protocol.ts";

export type RemoteWorker = Remote<SegmentWorker>;

export class WorkerStopped extends Error {}

export interface WorkerClient {
  /** Asks the worker; rejects with WorkerStopped where it ends before it answers. */
  ask<T>(question: (worker: RemoteWorker) => Promise<T>): Promise<T>;
  /** Ends the worker, as a crash would. */
  stop(): void;
  /** How often a worker was started: what an earlier one held is gone. */
  readonly generation: number;
}

interface Running {
  readonly worker: Worker;
  readonly remote: RemoteWorker;
  readonly stopped: Promise<never>;
  fail(error: Error): void;
}

function start(): Running {
  const worker = new Worker(new URL("./segment.worker.ts", import.meta.url), {
    type: "module",
    name: "segment",
  });
  let fail: (error: Error) => void = () => {};
  const stopped = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Nobody may be asking just now.
  stopped.catch(() => {});
  worker.addEventListener("error", (event) => fail(new WorkerStopped(event.message)));
  worker.addEventListener("messageerror", () => fail(new WorkerStopped("a message could not be read")));
  return { worker, remote: wrap<SegmentWorker>(worker), stopped, fail };
}

export function makeWorkerClient(): WorkerClient {
  let running: Running | undefined;
  let generation = 0;

  function end(error: Error): void {
    if (running === undefined) return;
    const ended = running;
    running = undefined;
    ended.fail(error);
    ended.remote[releaseProxy]();
    ended.worker.terminate();
  }

  return {
    async ask(question) {
      if (running === undefined) {
        running = start();
        generation++;
      }
      const own = running;
      try {
        return await Promise.race([question(own.remote), own.stopped]);
      } catch (error) {
        if (error instanceof WorkerStopped && running === own) end(error);
        throw error;
      }
    },
    stop: () => end(new WorkerStopped("ended")),
    get generation() {
      return generation;
    },
  };
}

export { proxy };
