import { describe, expect, test } from "vitest";
import type { Edit } from "../../src/edit/edit.ts";
import { makeMaskEditor } from "../../src/edit/editor.ts";
import type { MaskEditor } from "../../src/edit/types.ts";
import { editorOf, show } from "./pictures.ts";

const plane = { axis: 2, slice: 0 } as const;
const dot = { label: 1, radiusMm: 0, plane } as const;
const row = (editor: MaskEditor): string => show(editor)[0]![0]!;

describe("a stroke", () => {
  test("tells what each part changed, and is undone as one", () => {
    const editor = editorOf([["......"]]);
    expect(editor.beginStroke(dot, [1, 0, 0])).toEqual({
      changed: 1,
      box: { first: [1, 0, 0], last: [1, 0, 0] },
      isHeldByLock: false,
    });
    expect(editor.strokeTo([3, 0, 0])).toMatchObject({
      changed: 2,
      box: { first: [2, 0, 0], last: [3, 0, 0] },
    });
    // Over the same way again.
    expect(editor.strokeTo([1, 0, 0])).toMatchObject({ changed: 0, box: undefined });
    expect(editor.endStroke()).toEqual({
      changed: 3,
      box: { first: [1, 0, 0], last: [3, 0, 0] },
      isHeldByLock: false,
    });
    expect(row(editor)).toBe(".111..");
    expect(editor.undo()).toMatchObject({ changed: 3, box: { first: [1, 0, 0], last: [3, 0, 0] } });
    expect([row(editor), editor.canUndo, editor.canRedo]).toEqual(["......", false, true]);
    editor.redo();
    expect(row(editor)).toBe(".111..");
  });

  test("is ended by whatever comes next", () => {
    const editor = editorOf([["......"]]);
    editor.beginStroke(dot, [0, 0, 0]);
    expect([editor.isInStroke, editor.canUndo, editor.undoKind, editor.isChanged]).toEqual([
      true,
      true,
      "stroke",
      true,
    ]);
    editor.beginStroke(dot, [2, 0, 0]);
    editor.replaceLabel(1, 2);
    editor.beginStroke(dot, [4, 0, 0]);
    expect(row(editor)).toBe("2.2.1.");
    editor.undo();
    expect([row(editor), editor.isInStroke, editor.undoKind, editor.redoKind]).toEqual([
      "2.2...",
      false,
      "replace",
      "stroke",
    ]);
    editor.undo();
    editor.undo();
    expect(row(editor)).toBe("1.....");
  });

  test("leaves no trace when it is cancelled, but in the revision", () => {
    const editor = editorOf([["..2..."]]);
    editor.removeLabel(2);
    editor.undo();
    editor.beginStroke({ ...dot, radiusMm: 9 }, [1, 0, 0]);
    const { revision } = editor;
    expect(editor.cancelStroke()).toMatchObject({ changed: 6, box: { first: [0, 0, 0], last: [5, 0, 0] } });
    expect([row(editor), editor.isInStroke, editor.canUndo, editor.isChanged]).toEqual([
      "..2...",
      false,
      false,
      false,
    ]);
    expect(editor.revision).toBe(revision + 1);
    expect([editor.countOf(0), editor.countOf(1), editor.countOf(2)]).toEqual([5, 0, 1]);
    // What was undone before can still be redone.
    expect(editor.redo().changed).toBe(1);
    expect(editor.cancelStroke().changed).toBe(0);
  });

  test("tells of a lock that held some of it", () => {
    const editor = editorOf([["..2..."]]);
    editor.setLocked(2, true);
    expect(editor.beginStroke(dot, [1, 0, 0]).isHeldByLock).toBe(false);
    expect(editor.strokeTo([3, 0, 0]).isHeldByLock).toBe(true);
    expect(editor.strokeTo([4, 0, 0]).isHeldByLock).toBe(false);
    expect(editor.endStroke()).toMatchObject({ changed: 3, isHeldByLock: true });
    expect(row(editor)).toBe(".1211.");
  });

  test("cannot go on before it was begun", () => {
    const editor = editorOf([["......"]]);
    expect(() => editor.strokeTo([0, 0, 0])).toThrow(
      new RangeError("Cannot go on with a stroke: none was begun"),
    );
    expect(editor.endStroke().changed).toBe(0);
  });
});

describe("locks", () => {
  test("hold back every edit of their label until they are opened", () => {
    const editor = editorOf([["12...."]]);
    editor.setLocked(1, true);
    expect([...editor.locks]).toEqual([1]);
    expect(editor.removeLabel(1)).toMatchObject({ changed: 0, isHeldByLock: true });
    editor.setLocked(1, false);
    expect(editor.removeLabel(1).changed).toBe(1);
    expect(() => editor.setLocked(300, true)).toThrow(RangeError);
  });

  test("on the background keep it as it is", () => {
    const editor = editorOf([["12...."]]);
    editor.setLocked(0, true);
    editor.beginStroke({ ...dot, radiusMm: 9, label: 2 }, [0, 0, 0]);
    expect(row(editor)).toBe("22....");
    expect(editor.removeLabel(2).changed).toBe(0);
  });

  test("do not stand in the way of undo and redo", () => {
    const editor = editorOf([["......"]]);
    editor.fill({ at: [0, 0, 0], label: 1 });
    editor.setLocked(1, true);
    editor.undo();
    expect(row(editor)).toBe("......");
    editor.redo();
    expect(row(editor)).toBe("111111");
  });
});

describe("isChanged", () => {
  test("follows undo and redo around what was saved", () => {
    const editor = editorOf([["......"]]);
    expect(editor.isChanged).toBe(false);
    editor.fill({ at: [0, 0, 0], label: 1 });
    expect(editor.isChanged).toBe(true);
    editor.undo();
    expect(editor.isChanged).toBe(false);
    editor.redo();
    editor.markSaved();
    expect(editor.isChanged).toBe(false);
    editor.undo();
    expect(editor.isChanged).toBe(true);
    editor.redo();
    expect(editor.isChanged).toBe(false);
    // Another way from the same place: what was saved is out of reach.
    editor.undo();
    editor.fill({ at: [0, 0, 0], label: 2 });
    expect(editor.isChanged).toBe(true);
    editor.undo();
    expect(editor.isChanged).toBe(true);
  });
});

describe("counts", () => {
  test("are volumes by the voxel's size", () => {
    const editor = editorOf([["1122.."]], { spacingMm: [2, 5, 10] });
    expect([editor.countOf(1), editor.volumeMl(1)]).toEqual([2, 0.2]);
    editor.beginStroke(dot, [2, 0, 0]);
    expect([editor.countOf(0), editor.countOf(1), editor.countOf(2)]).toEqual([2, 3, 1]);
    editor.undo();
    expect([editor.countOf(1), editor.countOf(2)]).toEqual([2, 2]);
    expect(() => editor.countOf(-1)).toThrow(RangeError);
  });
});

describe("revision and onEdit", () => {
  test("give every change a number, and lead from one to the next without a gap", () => {
    const edits: Edit[] = [];
    const editor = editorOf([["......"]], { revision: 40, onEdit: (edit) => edits.push(edit) });
    editor.beginStroke(dot, [0, 0, 0]);
    editor.strokeTo([1, 0, 0]);
    editor.endStroke();
    editor.beginStroke(dot, [3, 0, 0]);
    editor.cancelStroke();
    editor.undo();
    editor.redo();
    editor.fill({ at: [0, 0, 0], label: 1 });
    expect(edits.map((edit) => [edit.kind, edit.fromRevision, edit.toRevision])).toEqual([
      ["stroke", 40, 42],
      ["stroke", 42, 45],
      ["stroke", 45, 46],
    ]);
    expect(edits.map(({ before, after }) => [before[0], after[0]])).toEqual([
      [0, 1],
      [1, 0],
      [0, 1],
    ]);
    expect(editor.revision).toBe(46);
  });
});

describe("makeMaskEditor()", () => {
  test("rejects a mask that is not on the image's grid", () => {
    expect(() =>
      makeMaskEditor({
        mask: new Uint8Array(4),
        image: new Float32Array(6),
        shape: [2, 3, 1],
        spacingMm: [1, 1, 1],
      }),
    ).toThrow(new RangeError("A mask of shape 2x3x1 needs 6 voxels, got 4"));
  });

  test("bounds what undo keeps", () => {
    const editor = editorOf([["......"]], { historyBytes: 500 });
    for (const label of [1, 2, 3, 4]) editor.fill({ at: [0, 0, 0], label });
    editor.undo();
    editor.undo();
    expect([row(editor), editor.canUndo]).toEqual(["222222", false]);
  });
});
