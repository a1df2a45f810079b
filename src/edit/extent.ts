/** How far an edit reaches. */
import type { Triple, VoxelBox } from "./box.ts";

/** How many voxels some runs hold, and the box around them. */
export class Extent {
  changed = 0;
  readonly #first: [number, number, number] = [Infinity, Infinity, Infinity];
  readonly #last: [number, number, number] = [-1, -1, -1];

  get box(): VoxelBox | undefined {
    return this.changed === 0 ? undefined : { first: this.#first, last: this.#last };
  }

  /** Adds the voxels from one to another in memory, both included, which may go on from one row to the next. */
  add(from: number, to: number, [nx, ny]: Triple): void {
    this.changed += to - from + 1;
    const [row, lastRow] = [Math.floor(from / nx), Math.floor(to / nx)];
    const [z, lastZ] = [Math.floor(row / ny), Math.floor(lastRow / ny)];
    const [first, last] = [this.#first, this.#last];
    const isOneRow = row === lastRow;
    const isOneSlice = z === lastZ;
    first[0] = Math.min(first[0], isOneRow ? from - row * nx : 0);
    last[0] = Math.max(last[0], isOneRow ? to - row * nx : nx - 1);
    first[1] = Math.min(first[1], isOneSlice ? row - z * ny : 0);
    last[1] = Math.max(last[1], isOneSlice ? lastRow - z * ny : ny - 1);
    first[2] = Math.min(first[2], z);
    last[2] = Math.max(last[2], lastZ);
  }
}
