/** What can be undone and redone, within a bound of memory. */
import { type Edit, editBytes } from "./edit.ts";

export class History {
  readonly #maxBytes: number;
  #done: Edit[] = [];
  #undone: Edit[] = [];
  #bytes = 0;
  /** What the oldest edit that is left stands on. */
  #base: number;

  /**
   * @param maxBytes the oldest edits are dropped beyond it; the newest always stays
   * @param revision of the mask before any edit
   */
  constructor(maxBytes: number, revision: number) {
    this.#maxBytes = maxBytes;
    this.#base = revision;
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }
  get canRedo(): boolean {
    return this.#undone.length > 0;
  }
  /** What undo() and redo() would give. */
  get nextUndo(): Edit | undefined {
    return this.#done.at(-1);
  }
  get nextRedo(): Edit | undefined {
    return this.#undone.at(-1);
  }
  /** The revision at which the mask was first as it is now: equal again once an edit is undone and redone. */
  get state(): number {
    return this.#done.at(-1)?.toRevision ?? this.#base;
  }

  /** Adds an edit; what was undone can no longer be redone. */
  push(edit: Edit): void {
    for (const gone of this.#undone) this.#bytes -= editBytes(gone);
    this.#undone = [];
    this.#done.push(edit);
    this.#bytes += editBytes(edit);
    while (this.#bytes > this.#maxBytes && this.#done.length > 1) {
      const oldest = this.#done.shift()!;
      this.#base = oldest.toRevision;
      this.#bytes -= editBytes(oldest);
    }
  }

  /** Steps back over an edit, which is given. */
  undo(): Edit | undefined {
    const edit = this.#done.pop();
    if (edit !== undefined) this.#undone.push(edit);
    return edit;
  }

  /** Steps forward over an edit, which is given. */
  redo(): Edit | undefined {
    const edit = this.#undone.pop();
    if (edit !== undefined) this.#done.push(edit);
    return edit;
  }
}
