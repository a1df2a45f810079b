/** Corrections on their way to what outlives a reload: in order, and whole again after anything went wrong. */
import { encodeEdit, encodeMask, type MaskEditor } from "../../../src/browser/index.ts";
import type { RemoteWorker } from "../worker/client.ts";

/** After so many corrections the whole mask is kept anew, and the journal begins again. */
const EDITS_A_JOURNAL = 200;

export interface AutosaveContext {
  ask(question: (worker: RemoteWorker) => Promise<void>): Promise<void>;
  /** The editor of the mask that is shown: what another one says came too late. */
  isCurrent(editor: MaskEditor): boolean;
  onFailure(error: unknown): void;
}

type Edit = Parameters<typeof encodeEdit>[0];

export class Autosave {
  readonly #context: AutosaveContext;
  #queue: Promise<void> = Promise.resolve();
  #edits = 0;
  /** An edit may be missing in the journal: what comes after it would not be understood. */
  #isTorn = false;

  constructor(context: AutosaveContext) {
    this.#context = context;
  }

  /** A mask came that the worker keeps by itself, with an empty journal. */
  begin(): void {
    this.#edits = 0;
    this.#isTorn = false;
  }

  /** The worker may have ended with something in its hands. */
  tear(): void {
    this.#isTorn = true;
  }

  edit(scan: number, editor: MaskEditor, edit: Edit): void {
    this.#edits++;
    if (this.#isTorn || this.#edits >= EDITS_A_JOURNAL) {
      this.whole(scan, editor);
      return;
    }
    const bytes = encodeEdit(edit);
    this.#send(editor, (worker) => worker.keepEdit(scan, bytes) as Promise<void>);
  }

  whole(scan: number, editor: MaskEditor): void {
    this.begin();
    const bytes = encodeMask(editor);
    this.#send(editor, (worker) => worker.keepMask(scan, bytes) as Promise<void>);
  }

  #send(editor: MaskEditor, work: (worker: RemoteWorker) => Promise<void>): void {
    this.#queue = this.#queue
      .then(async () => {
        if (this.#context.isCurrent(editor)) await this.#context.ask(work);
      })
      .catch((error) => {
        this.#isTorn = true;
        this.#context.onFailure(error);
      });
  }

  /** Once all that was done so far is kept, or has failed. */
  settled(): Promise<void> {
    return this.#queue;
  }
}
