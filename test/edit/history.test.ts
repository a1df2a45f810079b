import { describe, expect, test } from "vitest";
import { type Edit, editBytes } from "../../src/edit/edit.ts";
import { History } from "../../src/edit/history.ts";

/** An edit of `runs` runs that ends at a revision. */
const editTo = (toRevision: number, runs = 1): Edit => ({
  kind: "stroke",
  fromRevision: toRevision - 1,
  toRevision,
  changed: runs,
  box: { first: [0, 0, 0], last: [0, 0, 0] },
  starts: new Uint32Array(runs),
  lengths: new Uint32Array(runs),
  before: new Uint8Array(runs),
  after: new Uint8Array(runs),
});

describe("History", () => {
  test("goes back and forth", () => {
    const history = new History(1e6, 0);
    const [a, b] = [editTo(1), editTo(2)];
    expect([history.canUndo, history.canRedo, history.undo(), history.redo()]).toEqual([
      false,
      false,
      undefined,
      undefined,
    ]);
    history.push(a);
    history.push(b);
    expect(history.undo()).toBe(b);
    expect([history.nextUndo, history.nextRedo, history.state]).toEqual([a, b, 1]);
    expect(history.undo()).toBe(a);
    expect([history.canUndo, history.canRedo, history.state]).toEqual([false, true, 0]);
    expect([history.redo(), history.redo(), history.redo()]).toEqual([a, b, undefined]);
    expect(history.state).toBe(2);
  });

  test("forgets what was undone once something new is done", () => {
    const history = new History(1e6, 0);
    history.push(editTo(1));
    history.undo();
    history.push(editTo(3));
    expect(history.canRedo).toBe(false);
    history.undo();
    expect(history.canUndo).toBe(false);
  });

  test("drops the oldest beyond its bytes, and counts none that is gone", () => {
    const history = new History(3 * editBytes(editTo(1)), 0);
    for (let revision = 1; revision <= 3; revision++) history.push(editTo(revision));
    history.undo();
    history.undo();
    for (let revision = 10; revision <= 12; revision++) history.push(editTo(revision));
    const left = [history.undo(), history.undo(), history.undo(), history.undo()];
    expect(left.map((edit) => edit?.toRevision)).toEqual([12, 11, 10, undefined]);
    // The mask is never again what it was before the edit that was dropped.
    expect(history.state).toBe(1);
  });

  test("keeps the newest edit, however large", () => {
    const history = new History(0, 0);
    history.push(editTo(1));
    history.push(editTo(2, 1000));
    expect([history.undo()?.toRevision, history.undo()]).toEqual([2, undefined]);
  });
});
