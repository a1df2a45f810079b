import { describe, expect, it } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import { makeBlender, planTiles } from "../../src/predict/tiles.ts";

/** A function of the place in the image, so that every tile agrees where they overlap. */
const scoreAt = (k: number, x: number, y: number): number => Math.sin(3 * k + 0.37 * x) + 0.2 * y;

/** Every tile's scores cut out of scoreAt(), put together again. */
function blendAll(width: number, height: number, tile: { width: number; height: number }, depth = 2) {
  const size = { width, height };
  const classes = 3;
  const rows: { slice: number; y: number; height: number }[] = [];
  const whole = Array.from({ length: depth }, () => new Float32Array(classes * width * height));
  const blender = makeBlender(size, { input: tile, output: tile }, { classes }, ({ scores, ...place }) => {
    rows.push(place);
    for (let k = 0; k < classes; k++) {
      const part = scores.subarray(k * place.height * width, (k + 1) * place.height * width);
      whole[place.slice]!.set(part, (k * height + place.y) * width);
    }
  });
  for (const place of planTiles(size, depth, tile)) {
    const scores = new Float32Array(classes * tile.width * tile.height);
    for (let k = 0; k < classes; k++)
      for (let y = 0; y < tile.height; y++)
        for (let x = 0; x < tile.width; x++)
          scores[(k * tile.height + y) * tile.width + x] = scoreAt(k, place.x + x, place.y + y);
    blender.add(place, scores, 0);
  }
  return { rows, whole };
}

describe("makeBlender()", () => {
  it.each([
    [5, 4, 8, 8],
    [8, 8, 8, 8],
    [40, 7, 16, 8],
    [9, 50, 16, 16],
    [33, 47, 16, 12],
    [100, 100, 16, 16],
  ])("puts a %i x %i slice of tiles of %i x %i together", (width, height, tileWidth, tileHeight) => {
    const { rows, whole } = blendAll(width, height, { width: tileWidth, height: tileHeight });
    let largest = 0;
    for (const scores of whole)
      for (let k = 0; k < 3; k++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++)
            largest = Math.max(largest, Math.abs(scores[(k * height + y) * width + x]! - scoreAt(k, x, y)));
    expect(largest).toBeLessThan(1e-4);
    // Downwards without a gap, slice after slice.
    for (const slice of [0, 1]) {
      let next = 0;
      for (const row of rows.filter((each) => each.slice === slice)) {
        expect(row.y).toBe(next);
        next += row.height;
      }
      expect(next).toBe(height);
    }
  });

  it("gives rows as soon as no later tile touches them", () => {
    const { rows } = blendAll(16, 400, { width: 16, height: 16 }, 1);
    expect(rows.length).toBeGreaterThan(40);
    expect(Math.max(...rows.map(({ height }) => height))).toBeLessThanOrEqual(16);
  });

  it("weighs the middle of a tile more than its border", () => {
    const size = { width: 12, height: 8 };
    const tile = { width: 8, height: 8 };
    const random = makeRandom(1, "levels");
    const levels = [random.uniform(), random.uniform() + 5];
    let scores = new Float32Array();
    const blender = makeBlender(size, { input: tile, output: tile }, { classes: 1 }, (rows) => {
      scores = rows.scores.slice();
    });
    for (const [i, place] of planTiles(size, 1, tile).entries())
      blender.add(place, new Float32Array(64).fill(levels[i]!), 0);
    // Columns 0-3 belong to the first tile alone, 8-11 to the second, between them one fades into the other.
    expect(scores[0]).toBeCloseTo(levels[0]!, 5);
    expect(scores[11]).toBeCloseTo(levels[1]!, 5);
    const middle = Array.from(scores.subarray(3, 9));
    expect(middle).toEqual([...middle].sort((a, b) => a - b));
    expect(scores[5]! + scores[6]!).toBeCloseTo(levels[0]! + levels[1]!, 4);
  });
});
