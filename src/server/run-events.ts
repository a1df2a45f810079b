/** The stream of a run's events: what the log holds, then every line as it is written, and every change of state. */
import { type FSWatcher, watch } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunEventName, RunEvents } from "./api.ts";
import { readEntry } from "./log-entries.ts";
import { type LogPlace, parsePlaceId, placeId, readLines } from "./log-lines.ts";
import type { WatchedRun } from "./watched-run.ts";

/** Where the system tells of no change (network disks), and for the state, which depends on the time too. */
const POLL_MS = 1000;
/** Steps may come by the hundred a second. */
const LEAST_WAIT_MS = 100;
const HEARTBEAT_MS = 15_000;
/** Who is further behind gets a history: it is shorter. */
const MOST_BEHIND_BYTES = 1 << 20;

export interface EventSink {
  /** Resolves when there is room for more. */
  send<Name extends RunEventName>(name: Name, data: RunEvents[Name], id?: string): Promise<void>;
  beat(): Promise<void>;
}

/** Wakes whoever waits when something in the folder changes. */
function makeAlarm(folder: string) {
  let watcher: FSWatcher | undefined;
  let wake: () => void = () => undefined;
  /** Since the last wait: what changes while nobody waits is not missed. */
  let isRung = false;
  function ring(): void {
    isRung = true;
    wake();
  }
  function open(): void {
    try {
      watcher = watch(folder, ring);
      watcher.on("error", () => {
        watcher?.close();
        watcher = undefined;
      });
    } catch {
      // Not there yet, or not watchable: then the clock does it.
    }
  }
  return {
    async wait(signal: AbortSignal): Promise<void> {
      if (watcher === undefined) open();
      if (isRung) {
        isRung = false;
        return;
      }
      const over = new AbortController();
      const rung = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const timeout = sleep(POLL_MS, undefined, { signal: AbortSignal.any([signal, over.signal]) });
      await Promise.race([rung, timeout.catch(() => undefined)]);
      over.abort();
      isRung = false;
    },
    close(): void {
      watcher?.close();
    },
  };
}

/**
 * Sends events until the signal is aborted.
 * @param lastId of the last event that the client got; undefined, or one that does not fit: it begins with a history
 */
export async function sendRunEvents(
  run: WatchedRun,
  sink: EventSink,
  lastId: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  let place: LogPlace | undefined = parsePlaceId(lastId);
  let isFirst = true;
  let sentAt = performance.now();
  let stateSentAt = Number.NEGATIVE_INFINITY;
  let lastState = "";
  const alarm = makeAlarm(run.folder);

  async function sendHistory(): Promise<void> {
    await run.history.refresh();
    place = run.history.place;
    sentAt = performance.now();
    await sink.send("history", run.history.snapshot(), place === undefined ? undefined : placeId(place));
  }

  /** Lines since the place. @returns whether there are more at once */
  async function sendLines(): Promise<boolean> {
    const chunk = await readLines(run.logPath, place, { isFromOutside: isFirst });
    if (chunk.kind === "none" && place === undefined && !isFirst) return false;
    const isFar = chunk.kind === "lines" && chunk.place.offset - (place?.offset ?? 0) > MOST_BEHIND_BYTES;
    if ((isFirst && place === undefined) || chunk.kind !== "lines" || isFar) {
      await sendHistory();
      return false;
    }
    for (const { text, end } of chunk.lines) {
      if (signal.aborted) return false;
      const entry = readEntry(text);
      if (entry === undefined) continue;
      sentAt = performance.now();
      if (entry.kind === "step") await sink.send("step", entry.point, placeId(end));
      else await sink.send("epoch", entry.point, placeId(end));
    }
    place = chunk.place;
    return chunk.lines.length > 0 && chunk.left > 0;
  }

  async function sendState(): Promise<void> {
    if (performance.now() - stateSentAt < POLL_MS - 50) return;
    stateSentAt = performance.now();
    const state = await run.state();
    const text = JSON.stringify(state);
    if (text === lastState) return;
    lastState = text;
    sentAt = performance.now();
    await sink.send("status", state);
  }

  try {
    while (!signal.aborted) {
      await sendState();
      while ((await sendLines()) && !signal.aborted) isFirst = false;
      isFirst = false;
      if (performance.now() - sentAt > HEARTBEAT_MS) {
        sentAt = performance.now();
        await sink.beat();
      }
      await sleep(LEAST_WAIT_MS, undefined, { signal }).catch(() => undefined);
      await alarm.wait(signal);
    }
  } finally {
    alarm.close();
  }
}
