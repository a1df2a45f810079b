import { describe, expect, test } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import { mapTriple, type Triple } from "../../src/edit/box.ts";
import { editorOf, show } from "./pictures.ts";

const empty = (width: number, height: number, depth = 1): string[][] =>
  Array.from({ length: depth }, () => Array.from({ length: height }, () => ".".repeat(width)));
const plane = { axis: 2, slice: 0 } as const;

describe("a brush", () => {
  test("is round in mm where voxels are not square", () => {
    // Voxels 1 mm wide and 2 mm high: a radius of 4 mm is four columns and two rows.
    const editor = editorOf(empty(9, 7), { spacingMm: [1, 2, 5] });
    editor.beginStroke({ label: 1, radiusMm: 4, plane }, [4, 3, 0]);
    expect(show(editor)[0]).toEqual([
      ".........",
      "....1....",
      ".1111111.", // sqrt(3^2 + 2^2) = 3.6
      "111111111",
      ".1111111.",
      "....1....",
      ".........",
    ]);
  });

  test("paints in the slice across any axis", () => {
    // Voxels of 1 x 2 x 4 mm, radius 4 mm: 4 voxels along x, 2 along y, 1 along z.
    for (const [axis, expected] of [
      [0, { first: [4, 1, 0], last: [4, 5, 2] }],
      [1, { first: [0, 3, 0], last: [8, 3, 2] }],
      [2, { first: [0, 1, 1], last: [8, 5, 1] }],
    ] as const) {
      const editor = editorOf(empty(9, 7, 3), { spacingMm: [1, 2, 4] });
      const slice = [4, 3, 1][axis]!;
      const point: Triple = [4, 3, 1];
      // Where the pointer is across the plane does not count.
      const elsewhere = mapTriple((each) => (each === axis ? 17 : point[each]));
      const { box } = editor.beginStroke({ label: 1, radiusMm: 4, plane: { axis, slice } }, elsewhere);
      expect(box).toEqual(expected);
    }
  });

  test("is a sphere without a plane", () => {
    const editor = editorOf(empty(5, 5, 3), { spacingMm: [1, 1, 2] });
    editor.beginStroke({ label: 1, radiusMm: 2 }, [2, 2, 1]);
    const tip = [".....", ".....", "..1..", ".....", "....."];
    expect(show(editor)).toEqual([tip, ["..1..", ".111.", "11111", ".111.", "..1.."], tip]);
  });

  test("leaves no gap between two far points", () => {
    const editor = editorOf(empty(12, 5));
    editor.beginStroke({ label: 1, radiusMm: 1, plane }, [1, 2, 0]);
    editor.strokeTo([10, 2, 0]);
    expect(show(editor)[0]).toEqual([
      "............",
      ".1111111111.",
      "111111111111",
      ".1111111111.",
      "............",
    ]);
  });

  test("paints the voxel under the pointer, however small it is", () => {
    const editor = editorOf(empty(5, 3));
    editor.beginStroke({ label: 1, radiusMm: 0, plane }, [0.4, 0.4, 0]);
    expect(show(editor)[0]).toEqual(["1....", ".....", "....."]);
    editor.strokeTo([4.4, 2.4, 0]);
    expect(show(editor)[0]).toEqual(["1....", ".11..", "...11"]);
  });

  test("may begin and go outside the volume", () => {
    const editor = editorOf(empty(4, 3));
    expect(editor.beginStroke({ label: 1, radiusMm: 1, plane }, [-9, 1, 0])).toMatchObject({ changed: 0 });
    editor.strokeTo([-1, 1, 0]);
    expect(show(editor)[0]).toEqual(["....", "1...", "...."]);
    editor.strokeTo([99, 1, 0]);
    expect(show(editor)[0]).toEqual(["1111", "1111", "1111"]);
  });

  test("erases all, or one label alone", () => {
    const drawn = [["1122", "1122"]];
    const all = editorOf(drawn);
    all.beginStroke({ label: 0, radiusMm: 1, plane }, [1, 0, 0]);
    expect(show(all)[0]).toEqual(["...2", "1.22"]);
    const one = editorOf(drawn);
    one.beginStroke({ label: 0, radiusMm: 1, plane, over: [1] }, [1, 0, 0]);
    expect(show(one)[0]).toEqual(["..22", "1.22"]);
  });

  test("paints over the background alone, and within a range of intensities alone", () => {
    const image = Float32Array.of(1, 2, 3, 4, 5, Number.NaN);
    const editor = editorOf([["..2..."]], { image });
    editor.beginStroke({ label: 1, radiusMm: 9, plane, over: [0], range: [2, 4] }, [0, 0, 0]);
    expect(show(editor)[0]).toEqual([".121.."]);
    const thin = editorOf([["......"]], { image });
    thin.beginStroke({ label: 1, radiusMm: 0, plane, range: [2, 4] }, [0, 0, 0]);
    thin.strokeTo([5, 0, 0]);
    expect(show(thin)[0]).toEqual([".111.."]);
  });

  test("paints exactly the voxels within its radius of the way, and those on it", () => {
    const random = makeRandom(3, "brush");
    const spacingMm = [0.7, 1.3, 2.1] as const;
    for (let round = 0; round < 25; round++) {
      const editor = editorOf(empty(12, 9, 5), { spacingMm });
      const point = (): Triple => [random.between(-2, 13), random.between(-2, 10), random.between(-1, 5)];
      const [from, to] = [point(), point()];
      const radiusMm = random.between(0, 4);
      editor.beginStroke({ label: 1, radiusMm }, from);
      editor.strokeTo(to);
      const wrong: number[][] = [];
      editor.mask.forEach((value, i) => {
        const voxel = [i % 12, Math.floor(i / 12) % 9, Math.floor(i / 108)];
        // The nearest of many points on the way.
        let nearestMm = Infinity;
        for (let k = 0; k <= 200; k++) {
          const away = voxel.map((v, a) => (v - from[a]! - (k / 200) * (to[a]! - from[a]!)) * spacingMm[a]!);
          nearestMm = Math.min(nearestMm, Math.hypot(...away));
        }
        // Half a diagonal of a voxel is 1.28 mm.
        const mayBe = nearestMm <= Math.max(radiusMm, 1.28) + 0.02 ? [0, 1] : [0];
        if (!(nearestMm <= radiusMm ? [1] : mayBe).includes(value)) wrong.push([...voxel, value]);
      });
      expect(wrong).toEqual([]);
    }
  });

  test("rejects what it cannot paint with", () => {
    const editor = editorOf(empty(2, 2));
    const begin =
      (brush: object, point: Triple = [0, 0, 0]) =>
      () =>
        editor.beginStroke({ label: 1, radiusMm: 1, plane, ...brush }, point);
    expect(begin({ label: 256 })).toThrow(new RangeError("Label must be an integer from 0 to 255, got 256"));
    expect(begin({ radiusMm: -1 })).toThrow(new RangeError("Radius must be a number >= 0 mm, got -1"));
    expect(begin({ plane: { axis: 2, slice: 1 } })).toThrow(
      new RangeError("Slice across axis 2 must be 0 to 0, got 1"),
    );
    expect(begin({ range: [2, 1] })).toThrow(new RangeError("Range must go from low to high, got 2 to 1"));
    expect(begin({ over: [-1] })).toThrow(RangeError);
    expect(begin({}, [Number.NaN, 0, 0])).toThrow(RangeError);
    expect(editor.isInStroke).toBe(false);
  });
});
