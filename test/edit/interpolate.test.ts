import { describe, expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { makeRandom } from "../../src/core/random.ts";
import { makeMaskEditor } from "../../src/edit/editor.ts";
import { editorOf, show } from "./pictures.ts";

const blank = [".......", ".......", ".......", ".......", "......."];

describe("interpolateSlices()", () => {
  test("goes from one outline to the other", () => {
    // Bars of one height whose left and right edges move by 2 and 4 columns over four slices.
    // Edges: 0.5 and 4.5, 1 and 5.5, 1.5 and 6.5, 2 and 7.5, 2.5 and 8.5.
    const bar = (first: number, last: number) => [
      Array.from({ length: 10 }, (_, x) => (x >= first && x <= last ? "1" : ".")).join(""),
    ];
    const none = [".........."];
    const editor = editorOf([bar(1, 4), none, none, none, bar(3, 8)], { spacingMm: [1, 50, 3] });
    expect(editor.interpolateSlices({ label: 1, axis: 2 }).box).toEqual({
      first: [1, 0, 1],
      last: [7, 0, 3],
    });
    // A pixel whose centre lies on the edge belongs to the label.
    expect(show(editor)).toEqual([bar(1, 4), bar(1, 5), bar(2, 6), bar(2, 7), bar(3, 8)]);
  });

  test("measures distances within the slice in mm", () => {
    // From a square of 5x5 voxels to its middle voxel, half way. The voxels are 1 mm wide and 10 mm high.
    const square = [".......", ".11111.", ".11111.", ".11111.", ".11111.", ".11111.", "......."];
    const dot = square.map((_, y) => (y === 3 ? "...1..." : "......."));
    const none = square.map(() => ".......");
    const editor = editorOf([square, none, dot], { spacingMm: [1, 10, 2] });
    editor.interpolateSlices({ label: 1, axis: 2 });
    // In the middle row column 2 is 1.5 mm within the square and 0.5 mm beside the dot, column 1 is 0.5 mm within and
    // 1.5 mm beside. The rows above and below are 5 mm beside the dot, and nothing is deeper within than 2.5 mm.
    expect(show(editor)[1]).toEqual([
      ".......",
      ".......",
      ".......",
      "..111..",
      ".......",
      ".......",
      ".......",
    ]);
    // Voxels 10 mm wide and 1 mm high: the same, turned.
    const turned = editorOf([square, none, dot], { spacingMm: [10, 1, 2] });
    turned.interpolateSlices({ label: 1, axis: 2 });
    expect(show(turned)[1]).toEqual([
      ".......",
      ".......",
      "...1...",
      "...1...",
      "...1...",
      ".......",
      ".......",
    ]);
  });

  test("does the same across every axis", () => {
    const random = makeRandom(5, "interpolate");
    // Two shapes in slices 0 and 4 of a stack, turned so that the stack runs along each axis.
    const [width, height, depth] = [9, 7, 5];
    const first = Array.from({ length: width * height }, () => (random.uniform() < 0.6 ? 1 : 0));
    const last = Array.from({ length: width * height }, () => (random.uniform() < 0.6 ? 1 : 0));
    const made = ([0, 1, 2] as const).map((axis) => {
      const [u, v] = [
        [1, 2],
        [0, 2],
        [0, 1],
      ][axis] as [0 | 1, 1 | 2];
      const shape: [number, number, number] = [depth, depth, depth];
      const spacingMm: [number, number, number] = [9, 9, 9];
      [shape[u], shape[v], spacingMm[u], spacingMm[v]] = [width, height, 1.5, 0.8];
      const strides = [1, shape[0], shape[0] * shape[1]];
      const at = (i: number, j: number, k: number): number =>
        i * strides[u]! + j * strides[v]! + k * strides[axis]!;
      const mask = new Uint8Array(width * height * depth);
      for (let j = 0; j < height; j++)
        for (let i = 0; i < width; i++) {
          mask[at(i, j, 0)] = first[i + j * width]!;
          mask[at(i, j, depth - 1)] = last[i + j * width]!;
        }
      const editor = makeMaskEditor({ mask, image: new Float32Array(mask.length), shape, spacingMm });
      expect(editor.interpolateSlices({ label: 1, axis }).changed).toBeGreaterThan(20);
      return Array.from(
        { length: mask.length },
        (_, n) => mask[at(n % width, Math.floor(n / width) % height, Math.floor(n / (width * height)))],
      );
    });
    expect(made[0]).toEqual(made[2]);
    expect(made[1]).toEqual(made[2]);
  });

  test("fills empty slices only, unless key slices are named", () => {
    const [full, wrong, none] = [[".111."], ["1...."], ["....."]];
    const drawn = [full, none, wrong, none, full];
    const plain = editorOf(drawn);
    plain.interpolateSlices({ label: 1, axis: 2 });
    expect(show(plain)[2]).toEqual(wrong);
    const named = editorOf(drawn);
    named.interpolateSlices({ label: 1, axis: 2, keySlices: [4, 0, 4] });
    // What was drawn between becomes background.
    expect(show(named)).toEqual([full, full, full, full, full]);
    const into = editorOf(drawn);
    into.interpolateSlices({ label: 1, axis: 2, keySlices: [0, 4], to: 7 });
    expect(show(into)[2]).toEqual(["7111."]);
  });

  test("respects locks and over", () => {
    const drawn = [["111"], ["1.2"], ["111"]];
    const locked = editorOf(drawn);
    locked.setLocked(2, true);
    expect(locked.interpolateSlices({ label: 1, axis: 2, keySlices: [0, 2] })).toMatchObject({
      changed: 1,
      isHeldByLock: true,
    });
    expect(show(locked)[1]).toEqual(["112"]);
    const over = editorOf([["11."], ["..1"], ["11."]]);
    over.interpolateSlices({ label: 1, axis: 2, keySlices: [0, 2], over: [0] });
    // What the label loses is its own and needs no leave.
    expect(show(over)[1]).toEqual(["11."]);
    const held = editorOf([["111"], [".22"], ["111"]]);
    held.interpolateSlices({ label: 1, axis: 2, over: [0] });
    expect(show(held)[1]).toEqual(["122"]);
  });

  test("is drawn up to the edge of the volume", () => {
    const all = ["111", "111"];
    const editor = editorOf([all, ["...", "..."], all]);
    editor.interpolateSlices({ label: 1, axis: 2 });
    expect(show(editor)[1]).toEqual(all);
  });

  test("needs two drawn slices", () => {
    const one = editorOf([blank, ["1......", ...blank.slice(1)], blank]);
    const message = "Cannot interpolate label 1: it must be drawn in two slices across axis 2, found 1";
    expect(() => one.interpolateSlices({ label: 1, axis: 2 })).toThrow(
      new HipError("bad-mask", message, { hint: "Draw the label in the first and the last slice at least" }),
    );
    expect(() => one.interpolateSlices({ label: 3, axis: 2 })).toThrow("found 0");
    expect(() => one.interpolateSlices({ label: 1, axis: 2, keySlices: [0, 1, 2] })).toThrow(
      "Cannot interpolate label 1: slice 0, 2 across axis 2 holds none of it",
    );
    expect(() => one.interpolateSlices({ label: 1, axis: 2, keySlices: [1, 9] })).toThrow(RangeError);
    expect(one.canUndo).toBe(false);
  });
});

describe("slices that hold a label", () => {
  test("are found along each axis", () => {
    const mask = new Uint8Array(4 * 3 * 2);
    mask[1 + 4 * (0 + 3 * 0)] = 5;
    mask[3 + 4 * (2 + 3 * 0)] = 5;
    mask[0] = 2;
    const image = new Float32Array(mask.length);
    const editor = makeMaskEditor({ mask, image, shape: [4, 3, 2], spacingMm: [1, 1, 1] });
    expect(editor.drawnSlices(5, 0)).toEqual([1, 3]);
    expect(editor.drawnSlices(5, 1)).toEqual([0, 2]);
    expect(editor.drawnSlices(5, 2)).toEqual([0]);
    expect(editor.drawnSlices(1, 2)).toEqual([]);
    expect(() => editor.drawnSlices(256, 2)).toThrow(RangeError);
  });
});
