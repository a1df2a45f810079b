import { describe, expect, test } from "vitest";
import { editorOf, show } from "./pictures.ts";

describe("fill()", () => {
  const drawn = [
    ["..1..", "..1..", "11111"],
    [".....", "22222", "....."],
  ];

  test("fills a region of one label in the slice", () => {
    const editor = editorOf(drawn);
    const { changed, box } = editor.fill({ at: [0, 0, 0], label: 3, axis: 2 });
    expect(show(editor)).toEqual([["331..", "331..", "11111"], drawn[1]]);
    expect([changed, box]).toEqual([4, { first: [0, 0, 0], last: [1, 1, 0] }]);
  });

  test("fills it in the volume", () => {
    const editor = editorOf(drawn);
    editor.fill({ at: [0, 0, 0], label: 3 });
    // Over the first row of slice 1 to the other side.
    expect(show(editor)).toEqual([
      ["33133", "33133", "11111"],
      ["33333", "22222", "....."],
    ]);
  });

  test("fills it in slices across x and y", () => {
    const acrossX = editorOf(drawn);
    acrossX.fill({ at: [2, 0, 0], label: 3, axis: 0 });
    expect(show(acrossX)).toEqual([["..3..", "..3..", "11311"], drawn[1]]);
    const acrossY = editorOf(drawn);
    acrossY.fill({ at: [0, 1, 1], label: 3, axis: 1 });
    expect(show(acrossY)).toEqual([drawn[0], [".....", "33333", "....."]]);
  });

  test("changes nothing where the label is there, or is locked, or may not go over", () => {
    const editor = editorOf(drawn);
    expect(editor.fill({ at: [2, 0, 0], label: 1 })).toEqual({
      changed: 0,
      box: undefined,
      isHeldByLock: false,
    });
    expect(editor.fill({ at: [2, 0, 0], label: 3, over: [0] })).toMatchObject({
      changed: 0,
      isHeldByLock: false,
    });
    editor.setLocked(1, true);
    expect(editor.fill({ at: [2, 0, 0], label: 3 })).toMatchObject({ changed: 0, isHeldByLock: true });
    expect(show(editor)).toEqual(drawn);
    expect([editor.canUndo, editor.revision]).toEqual([false, 0]);
  });

  test("rejects a voxel outside", () => {
    expect(() => editorOf(drawn).fill({ at: [5, 0, 0], label: 1 })).toThrow(
      new RangeError("Voxel must lie within 5x3x2, got 5, 0, 0"),
    );
  });
});

describe("fillHoles()", () => {
  // A hole of two pixels that meet at a corner, one of label 2, and a bay; the ring is closed at corners only.
  const ring = ["..111..", ".1.111.", ".11.121", ".11111.", ".1.1111", "1111..."];

  test("closes what does not reach the edge over faces", () => {
    const editor = editorOf([ring, ring]);
    expect(editor.fillHoles({ label: 1, axis: 2, slice: 0 }).changed).toBe(4);
    expect(show(editor)).toEqual([["..111..", ".11111.", ".111111", ".11111.", ".111111", "1111..."], ring]);
    expect(editor.fillHoles({ label: 1, axis: 2 }).changed).toBe(4);
    expect(show(editor)[1]).toEqual(show(editor)[0]);
  });

  test("leaves locked labels in a hole, or all but some", () => {
    const locked = editorOf([ring]);
    locked.setLocked(2, true);
    expect(locked.fillHoles({ label: 1, axis: 2 })).toMatchObject({ changed: 3, isHeldByLock: true });
    const over = editorOf([ring]);
    expect(over.fillHoles({ label: 1, axis: 2, over: [0] })).toMatchObject({
      changed: 3,
      isHeldByLock: false,
    });
  });

  test("works in slices across x and y, each by itself", () => {
    // A tube along x: a hole in every slice across x, and in none across y or z.
    const wall = ["1111", "1111", "1111"];
    const tube = [wall, ["1111", "....", "1111"], wall];
    const editor = editorOf(tube);
    expect(editor.fillHoles({ label: 1, axis: 1 }).changed).toBe(0);
    expect(editor.fillHoles({ label: 1, axis: 2 }).changed).toBe(0);
    expect(editor.fillHoles({ label: 1, axis: 0, slice: 2 }).changed).toBe(1);
    expect(show(editor)[1]).toEqual(["1111", "..1.", "1111"]);
    expect(editor.fillHoles({ label: 1, axis: 0 }).changed).toBe(3);
  });
});
