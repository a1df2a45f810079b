/** Long work in turns: between two of them the page draws and listens. */

/** A turn ends after this time; a task of 50 ms is one that people notice. */
const TURN_MS = 16;

/** After the page had a chance to do what else is to be done; a hidden tab does not make it wait, as a timer would. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** @param work is called with each step, of a few milliseconds @param isWanted false: the rest is left undone */
export async function inTurns(
  steps: number,
  work: (step: number) => void,
  isWanted: () => boolean = () => true,
): Promise<void> {
  let end = performance.now() + TURN_MS;
  for (let step = 0; step < steps; step++) {
    if (performance.now() > end) {
      await nextTask();
      end = performance.now() + TURN_MS;
    }
    if (!isWanted()) return;
    work(step);
  }
}

/** Once there is nothing else to be done, or after a second. */
export function whenIdle(work: () => void): void {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(work, { timeout: 1000 });
  else setTimeout(work, 200);
}
