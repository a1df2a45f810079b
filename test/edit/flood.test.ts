import { describe, expect, test } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import type { Triple } from "../../src/edit/box.ts";
import { flood, OPEN, REACHED } from "../../src/edit/flood.ts";
import { drawSlice } from "../metrics/masks.ts";

describe("flood()", () => {
  test("goes through faces and not through corners", () => {
    // 11.1      22.1
    // .1.1  ->  .2.1
    // 1.11      1.11
    const cells = drawSlice("11.1", ".1.1", "1.11");
    flood(cells, [4, 3, 1], 0);
    expect(cells).toEqual(drawSlice("22.1", ".2.1", "1.11"));
  });

  test("does not go from the end of a row to the start of the next", () => {
    const cells = drawSlice(".11", "1..");
    flood(cells, [3, 2, 1], 1);
    expect(cells).toEqual(drawSlice(".22", "1.."));
  });

  test("leaves all as it is where the seed is in a wall", () => {
    const cells = drawSlice(".11");
    flood(cells, [3, 1, 1], 0);
    expect(cells).toEqual(drawSlice(".11"));
  });

  test("has room for a region with many branches", () => {
    // 1.1.1 …
    // 11111 …
    // 1.1.1 …
    const width = 9001;
    const cells = Uint8Array.from({ length: 3 * width }, (_, i) =>
      Math.floor(i / width) === 1 || (i % width) % 2 === 0 ? OPEN : 0,
    );
    flood(cells, [width, 3, 1], width + 7);
    expect(cells.includes(OPEN)).toBe(false);
    expect(cells.filter((cell) => cell === REACHED)).toHaveLength(2 * width + 1);
  });

  test("equals a plain search in boxes of any shape, flat ones too", () => {
    const random = makeRandom(7, "flood");
    const shapes: readonly Triple[] = [
      [5, 4, 3],
      [1, 6, 5],
      [6, 1, 5],
      [6, 5, 1],
      [1, 1, 9],
      [1, 9, 1],
      [40, 40, 1],
    ];
    for (const shape of shapes) {
      for (let round = 0; round < 20; round++) {
        const open = random.between(0.3, 1);
        const cells = Uint8Array.from({ length: shape[0] * shape[1] * shape[2] }, () =>
          random.uniform() < open ? OPEN : 0,
        );
        const seed = random.integer(cells.length);
        const expected = searched(cells, shape, seed);
        flood(cells, shape, seed);
        expect(cells).toEqual(expected);
      }
    }
  });
});

/** One cell after another. */
function searched(cells: Uint8Array, [nx, ny, nz]: Triple, seed: number): Uint8Array {
  const found = cells.slice();
  const todo = [seed];
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    if (found[at] !== OPEN) continue;
    found[at] = REACHED;
    const [x, y, z] = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))];
    if (x > 0) todo.push(at - 1);
    if (x + 1 < nx) todo.push(at + 1);
    if (y > 0) todo.push(at - nx);
    if (y + 1 < ny) todo.push(at + nx);
    if (z > 0) todo.push(at - nx * ny);
    if (z + 1 < nz) todo.push(at + nx * ny);
  }
  return found;
}
