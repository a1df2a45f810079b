/** What the page gives to tests and to the console. */
import type { Session } from "../../../web/src/state/session.svelte.ts";

declare global {
  const hipmri: Pick<Session, "stopWorker" | "kept" | "crosshair" | "shown" | "labels" | "busy">;
}
