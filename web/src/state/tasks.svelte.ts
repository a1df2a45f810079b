/** Long work, one thing after another; what is being done is there to be shown. */

export type Busy =
  | { readonly kind: "reading" | "model" | "starting" | "saving" | "learning" }
  | { readonly kind: "segmenting"; readonly done: number; readonly total: number };

export class Tasks {
  busy = $state.raw<Busy | undefined>();
  #queue: Promise<void> = Promise.resolve();
  readonly #onError: (error: unknown) => void;
  readonly #onDone: () => void;

  constructor(onError: (error: unknown) => void, onDone: () => void) {
    this.#onError = onError;
    this.#onDone = onDone;
  }

  /** After all that was asked before. What goes wrong is told. @returns whether it went well */
  run(busy: Busy, work: () => Promise<void>): Promise<boolean> {
    const turn = async (): Promise<boolean> => {
      this.busy = busy;
      try {
        await work();
        return true;
      } catch (error) {
        this.#onError(error);
        return false;
      } finally {
        this.busy = undefined;
        this.#onDone();
      }
    };
    const done = this.#queue.then(turn);
    this.#queue = done.then(() => undefined);
    return done;
  }
}
