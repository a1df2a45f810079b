/** What the page gives to tests and to the console. */
import type { Session } from "../../../web/src/state/session.svelte.ts";
import type { Intensities } from "../../../web/src/viewer/viewer.ts";

declare global {
  /** Once its source was run in the page: seriousFaults(). */
  var axe: typeof import("axe-core");
  /** Windows that the viewer told of, in test/web/viewer.test.ts. */
  var windowsTold: Intensities[];
  const hipmri: Pick<
    Session,
    | "stopWorker"
    | "segment"
    | "cancel"
    | "kept"
    | "shown"
    | "labels"
    | "busy"
    | "learning"
    | "view"
    | "correction"
  >;
}
