/** Runs in the order in which they were written, as many as come. */
import type { Runs } from "./edit.ts";

export class RunList {
  #starts = new Uint32Array(256);
  #lengths = new Uint32Array(256);
  #before = new Uint8Array(256);
  #after = new Uint8Array(256);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(start: number, length: number, { before, after }: { before: number; after: number }): void {
    if (this.#count === this.#starts.length) this.#lengthen();
    const run = this.#count++;
    this.#starts[run] = start;
    this.#lengths[run] = length;
    this.#before[run] = before;
    this.#after[run] = after;
  }

  #lengthen(): void {
    const length = 2 * this.#count;
    const [starts, lengths] = [this.#starts, this.#lengths];
    const [before, after] = [this.#before, this.#after];
    this.#starts = new Uint32Array(length);
    this.#lengths = new Uint32Array(length);
    this.#before = new Uint8Array(length);
    this.#after = new Uint8Array(length);
    this.#starts.set(starts);
    this.#lengths.set(lengths);
    this.#before.set(before);
    this.#after.set(after);
  }

  /** In ascending order; runs that meet and changed alike are one. */
  joined(): Runs {
    const [starts, lengths] = [this.#starts, this.#lengths];
    const [before, after] = [this.#before, this.#after];
    const order = new Uint32Array(this.#count);
    let isSorted = true;
    for (let run = 0; run < order.length; run++) {
      order[run] = run;
      isSorted &&= run === 0 || starts[run - 1]! < starts[run]!;
    }
    if (!isSorted) order.sort((a, b) => starts[a]! - starts[b]!);
    const list = new RunList();
    let [start, length, old, value] = [0, 0, 0, 0];
    const close = (): void => {
      if (length > 0) list.push(start, length, { before: old, after: value });
    };
    for (const run of order) {
      if (starts[run] === start + length && before[run] === old && after[run] === value) {
        length += lengths[run]!;
        continue;
      }
      close();
      start = starts[run]!;
      length = lengths[run]!;
      old = before[run]!;
      value = after[run]!;
    }
    close();
    const count = list.#count;
    return {
      starts: list.#starts.slice(0, count),
      lengths: list.#lengths.slice(0, count),
      before: list.#before.slice(0, count),
      after: list.#after.slice(0, count),
    };
  }
}
