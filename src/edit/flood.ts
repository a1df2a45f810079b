/**
 * Flood fill over the cells of a box: neighbours share a face, so there are 6, and 4 where the box is one slice.
 * Whole runs of a row are taken at once (Smith: "Tint fill", SIGGRAPH 1979).
 */
import type { Triple } from "./box.ts";

export const WALL = 0;
export const OPEN = 1;
export const REACHED = 2;

/** Pushes the first cell of each open run within [left, right). @returns the new height of the stack */
function pushRuns(cells: Uint8Array, stack: Int32Array, height: number, left: number, right: number): number {
  let top = height;
  let wasOpen = false;
  for (let at = left; at < right; at++) {
    const isOpen = cells[at] === OPEN;
    if (isOpen && !wasOpen) stack[top++] = at;
    wasOpen = isOpen;
  }
  return top;
}

/**
 * Turns OPEN into REACHED for all cells that hang together with the seed.
 * @param cells of a box, x fastest; changed in place
 */
export function flood(cells: Uint8Array, [width, height, depth]: Triple, seed: number): void {
  if (cells[seed] !== OPEN) return;
  // A slice across x has rows of one cell; its memory is that of rows along y.
  if (width === 1 && height > 1) {
    flood(cells, [height, depth, 1], seed);
    return;
  }
  const area = width * height;
  let stack = new Int32Array(1024);
  let top = 0;
  stack[top++] = seed;
  while (top > 0) {
    const at = stack[--top]!;
    if (cells[at] !== OPEN) continue;
    const row = Math.floor(at / width);
    const [begin, end] = [row * width, (row + 1) * width];
    let left = at;
    while (left > begin && cells[left - 1] === OPEN) left--;
    let right = at + 1;
    while (right < end && cells[right] === OPEN) right++;
    cells.fill(REACHED, left, right);
    // A row of n cells has at most (n + 1) / 2 runs, and there are four rows beside this one.
    const needed = top + 2 * (right - left + 1);
    if (needed > stack.length) {
      const longer = new Int32Array(2 * needed);
      longer.set(stack);
      stack = longer;
    }
    const y = row % height;
    const z = (row - y) / height;
    if (y > 0) top = pushRuns(cells, stack, top, left - width, right - width);
    if (y + 1 < height) top = pushRuns(cells, stack, top, left + width, right + width);
    if (z > 0) top = pushRuns(cells, stack, top, left - area, right - area);
    if (z + 1 < depth) top = pushRuns(cells, stack, top, left + area, right + area);
  }
}
