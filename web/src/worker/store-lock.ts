/** One tab at a time keeps its work: a second one would overwrite what the first has kept. */

const LOCK = "hipmri-session";
/** A page that was reloaded in the middle of work ends only after a moment. */
const WAIT_MS = 3000;

/** Held for as long as this worker lives. @returns whether it is ours */
export async function takeStoreLock(): Promise<boolean> {
  return new Promise((resolve) => {
    navigator.locks
      .request(LOCK, { signal: AbortSignal.timeout(WAIT_MS) }, () => {
        resolve(true);
        return new Promise(() => {});
      })
      .catch(() => resolve(false));
  });
}
