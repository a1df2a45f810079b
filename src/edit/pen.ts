/** What writes into a mask: it holds to locks and notes every change as it is made, so that it can be undone. */
import type { Triple, VoxelBox } from "./box.ts";
import type { Runs } from "./edit.ts";
import { Extent } from "./extent.ts";
import { RunList } from "./run-list.ts";

/** What an edit, or a part of a stroke, did. */
export interface EditResult {
  /** Changed voxels. */
  readonly changed: number;
  /** The smallest box of the changed voxels: what a viewer has to draw anew. Undefined where nothing changed. */
  readonly box: VoxelBox | undefined;
  /** Whether voxels stayed as they were because their label or the new one is locked. */
  readonly isHeldByLock: boolean;
}

export interface PenOptions {
  /** Changed in place. */
  readonly mask: Uint8Array;
  readonly shape: Triple;
  /** Voxels by value, kept up to date. */
  readonly counts: Uint32Array;
  /** Labels of which no voxel may be lost or won. */
  readonly locks: ReadonlySet<number>;
  /** Only voxels with these values change; without it any. */
  readonly over: readonly number[] | undefined;
}

const CLOSED = 0;
const OPEN = 1;
const LOCKED = 2;

/** For one edit. A voxel is given one value only: an edit knows what becomes of it before it writes. */
export class Pen {
  /** By value: whether a voxel that has it may be overwritten. */
  readonly #state = new Uint8Array(256);
  readonly #isLocked = new Uint8Array(256);
  readonly #mask: Uint8Array;
  readonly #shape: Triple;
  readonly #counts: Uint32Array;
  readonly #runs = new RunList();
  // The run that is being written.
  #start = 0;
  #end = -1;
  #old = 0;
  #new = 0;
  /** Since the last take(), and in all. */
  #part = new Extent();
  readonly #whole = new Extent();
  #held = false;

  constructor({ mask, shape, counts, locks, over }: PenOptions) {
    this.#mask = mask;
    this.#shape = shape;
    this.#counts = counts;
    if (over === undefined) this.#state.fill(OPEN);
    else for (const value of over) this.#state[value] = OPEN;
    for (const value of locks) {
      if (this.#state[value] === OPEN) this.#state[value] = LOCKED;
      this.#isLocked[value] = 1;
    }
  }

  /** Whether put() would leave a voxel of value `old` with `value`. */
  canTurn(old: number, value: number): boolean {
    return old === value || (this.#state[old] === OPEN && this.#isLocked[value] === 0);
  }

  /** Gives voxel `i` a value, unless it has it or may not have it. */
  put(i: number, value: number): void {
    const old = this.#mask[i]!;
    const state = this.#state[old]!;
    if (old === value || state === CLOSED) return;
    if (state === LOCKED || this.#isLocked[value] === 1) {
      this.#held = true;
      return;
    }
    this.#mask[i] = value;
    if (i === this.#end && old === this.#old && value === this.#new) {
      this.#end++;
      return;
    }
    this.#closeRun();
    this.#start = i;
    this.#end = i + 1;
    this.#old = old;
    this.#new = value;
  }

  #closeRun(): void {
    const length = this.#end - this.#start;
    if (length <= 0) return;
    this.#runs.push(this.#start, length, { before: this.#old, after: this.#new });
    this.#counts[this.#old]! -= length;
    this.#counts[this.#new]! += length;
    this.#part.add(this.#start, this.#end - 1, this.#shape);
    this.#whole.add(this.#start, this.#end - 1, this.#shape);
    this.#start = 0;
    this.#end = -1;
  }

  /** What was done since this was last asked. */
  take(): EditResult {
    this.#closeRun();
    const { changed, box } = this.#part;
    const isHeldByLock = this.#held;
    this.#part = new Extent();
    this.#held = false;
    return { changed, box, isHeldByLock };
  }

  get hasWritten(): boolean {
    return this.#runs.count > 0 || this.#end > this.#start;
  }

  /** All that was written. */
  whole(): Pick<EditResult, "changed" | "box"> {
    this.#closeRun();
    return { changed: this.#whole.changed, box: this.#whole.box };
  }

  /** All that was written, in ascending runs. */
  runs(): Runs {
    this.#closeRun();
    return this.#runs.joined();
  }
}
