import { describe, expect, test } from "vitest";
import { editorOf, show } from "./pictures.ts";

/** Intensities drawn like masks. */
const imageOf = (...rows: readonly string[]): Float32Array =>
  Float32Array.from(rows.flatMap((row) => [...row].map(Number)));

describe("grow()", () => {
  const image = imageOf("55955", "56955", "57895");
  const blank = [[".....", ".....", "....."]];
  const options = { seed: [0, 0, 0], label: 3, radiusMm: 99 } as const;

  test("takes neighbours as bright as the seed within the tolerance", () => {
    const editor = editorOf(blank, { image });
    expect(editor.grow({ ...options, tolerance: 0 }).changed).toBe(4);
    expect(show(editor)[0]).toEqual(["33...", "3....", "3...."]);
    editor.grow({ ...options, tolerance: 2 });
    expect(show(editor)[0]).toEqual(["33...", "33...", "33..."]);
    // 9 is within 4 of 5, and lets it through to the other side.
    editor.grow({ ...options, tolerance: 4 });
    expect(show(editor)[0]).toEqual(["33333", "33333", "33333"]);
  });

  test("stays within a radius in mm", () => {
    const flat = { image: new Float32Array(7 * 5 * 3), spacingMm: [1, 2, 3] as const };
    const rows = Array.from({ length: 5 }, () => ".......");
    const editor = editorOf([rows, rows, rows], flat);
    editor.grow({ seed: [3, 2, 1], label: 1, tolerance: 0, radiusMm: 3 });
    const tip = [".......", ".......", "...1...", ".......", "......."];
    expect(show(editor)).toEqual([tip, [".......", ".11111.", "1111111", ".11111.", "......."], tip]);
  });

  test("does not go through locked labels or those that it may not overwrite", () => {
    const drawn = [["..2..", "..2..", "..2.."]];
    const flat = imageOf("55555", "55555", "55555");
    const locked = editorOf(drawn, { image: flat });
    locked.setLocked(2, true);
    locked.grow({ ...options, tolerance: 0 });
    expect(show(locked)[0]).toEqual(["332..", "332..", "332.."]);
    const over = editorOf(drawn, { image: flat });
    over.grow({ ...options, tolerance: 0, over: [0] });
    expect(show(over)[0]).toEqual(["332..", "332..", "332.."]);
    const free = editorOf(drawn, { image: flat });
    expect(free.grow({ ...options, tolerance: 0 }).changed).toBe(15);
  });

  test("goes through voxels that have the label", () => {
    const editor = editorOf([["..3.."]], { image: imageOf("55555") });
    editor.grow({ ...options, tolerance: 0, over: [0] });
    expect(show(editor)[0]).toEqual(["33333"]);
  });

  test("says that a lock holds it", () => {
    const editor = editorOf(blank, { image });
    editor.setLocked(3, true);
    expect(editor.grow({ ...options, tolerance: 9 })).toEqual({
      changed: 0,
      box: undefined,
      isHeldByLock: true,
    });
  });

  test("takes nothing where the seed is no number", () => {
    const editor = editorOf([["..."]], { image: Float32Array.of(Number.NaN, 1, 1) });
    expect(editor.grow({ ...options, tolerance: 9 }).changed).toBe(0);
  });

  test("rejects negative limits", () => {
    const editor = editorOf(blank, { image });
    expect(() => editor.grow({ ...options, tolerance: -1 })).toThrow(
      new RangeError("Tolerance must be a number >= 0, got -1"),
    );
    expect(() => editor.grow({ ...options, tolerance: 1, radiusMm: Number.NaN })).toThrow(
      new RangeError("Radius must be a number >= 0, got NaN"),
    );
  });
});

describe("threshold()", () => {
  const image = imageOf("1234", "5678", "1234", "5678");
  const drawn = [
    ["....", "...."],
    ["....", "...."],
  ];

  test("takes a range of intensities in a slice, a box or the volume", () => {
    const editor = editorOf(drawn, { image });
    editor.threshold({ region: { axis: 2, slice: 1 }, label: 1, range: [3, 6] });
    expect(show(editor)).toEqual([drawn[0], ["..11", "11.."]]);
    editor.threshold({ region: { first: [1, 0, 0], last: [2, 1, 0] }, label: 2, range: [3, 6] });
    expect(show(editor)).toEqual([
      ["..2.", ".2.."],
      ["..11", "11.."],
    ]);
    editor.threshold({ region: "volume", label: 3, range: [3, Infinity], over: [0, 2] });
    expect(show(editor)).toEqual([
      ["..33", "3333"],
      ["..11", "1133"],
    ]);
  });

  test("takes a slice across x", () => {
    const editor = editorOf(drawn, { image });
    editor.threshold({ region: { axis: 0, slice: 3 }, label: 1, range: [8, 8] });
    expect(show(editor)).toEqual([
      ["....", "...1"],
      ["....", "...1"],
    ]);
  });
});
