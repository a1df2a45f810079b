import { describe, expect, test } from "vitest";
import { editorOf, show } from "./pictures.ts";

const drawn = [
  ["11..2", ".....", "..11."],
  [".....", ".....", "..11."],
];

describe("replaceLabel() and removeLabel()", () => {
  test("change one label everywhere", () => {
    const editor = editorOf(drawn);
    expect(editor.replaceLabel(1, 4)).toEqual({
      changed: 6,
      box: { first: [0, 0, 0], last: [3, 2, 1] },
      isHeldByLock: false,
    });
    expect(show(editor)[0]).toEqual(["44..2", ".....", "..44."]);
    editor.removeLabel(4);
    expect(show(editor)[0]).toEqual(["....2", ".....", "....."]);
  });

  test("leave locked labels", () => {
    const editor = editorOf(drawn);
    editor.setLocked(2, true);
    for (const result of [editor.removeLabel(2), editor.replaceLabel(2, 1), editor.replaceLabel(1, 2)])
      expect(result).toEqual({ changed: 0, box: undefined, isHeldByLock: true });
  });
});

describe("keepLargest()", () => {
  test("takes away the smaller parts", () => {
    const editor = editorOf(drawn);
    expect(editor.keepLargest(1)).toMatchObject({ changed: 2, box: { first: [0, 0, 0], last: [1, 0, 0] } });
    expect(show(editor)).toEqual([["....2", ".....", "..11."], drawn[1]]);
    expect(editor.keepLargest(1).changed).toBe(0);
    expect(editor.keepLargest(9).changed).toBe(0);
  });

  test("gives them another label where that is asked for", () => {
    const editor = editorOf(drawn);
    editor.keepLargest(1, { to: 2 });
    expect(show(editor)[0]).toEqual(["22..2", ".....", "..11."]);
  });

  test("does so for the background, too", () => {
    const editor = editorOf([["1111.", "1.11.", "1111."]]);
    editor.keepLargest(0, { to: 1 });
    expect(show(editor)[0]).toEqual(["1111.", "1111.", "1111."]);
  });
});
