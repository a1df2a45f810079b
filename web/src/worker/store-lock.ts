/** One tab at a time keeps its work: a second one would overwrite what the first has kept. */

const LOCK = "hipmri-session";
/** A page that was reloaded in the middle of work ends only after a moment. */
const WAIT_MS = 5000;
/** The worker before this one of the same page ends for certain, if late where the machine is busy. */
const WAIT_FOR_PREDECESSOR_MS = 30_000;
/** The name of a worker that was started in place of another one. */
export const SUCCESSOR = "segment again";

/** Held for as long as this worker lives. @returns whether it is ours */
export async function takeStoreLock(): Promise<boolean> {
  const waitMs = self.name === SUCCESSOR ? WAIT_FOR_PREDECESSOR_MS : WAIT_MS;
  return new Promise((resolve) => {
    navigator.locks
      .request(LOCK, { signal: AbortSignal.timeout(waitMs) }, () => {
        resolve(true);
        return new Promise(() => {});
      })
      .catch(() => resolve(false));
  });
}
