/** What holds for any sequence of edits. */
import { describe, expect, test } from "vitest";
import { makeRandom, type Random } from "../../src/core/random.ts";
import { type Axis, mapTriple, type Triple } from "../../src/edit/box.ts";
import { makeMaskEditor } from "../../src/edit/editor.ts";
import { applyEdits, encodeEdit } from "../../src/edit/journal.ts";
import type { EditResult } from "../../src/edit/pen.ts";
import { decodeMask, encodeMask } from "../../src/edit/saved-mask.ts";
import type { MaskEditor, MaskEditorOptions } from "../../src/edit/types.ts";

const LABELS = 5;

function volumeOf(random: Random): Pick<MaskEditorOptions, "mask" | "image" | "shape" | "spacingMm"> {
  const shape: Triple = [2 + random.integer(9), 2 + random.integer(7), 1 + random.integer(6)];
  const voxels = shape[0] * shape[1] * shape[2];
  // Blocks of two voxels, so that there are regions.
  const mask = Uint8Array.from({ length: voxels }, () => random.integer(LABELS));
  for (let i = 1; i < voxels; i += 2) mask[i] = mask[i - 1]!;
  return {
    mask,
    image: Float32Array.from({ length: voxels }, () => random.integer(10)),
    shape,
    spacingMm: [random.between(0.3, 3), random.between(0.3, 3), random.between(0.3, 3)],
  };
}

/** Does something, and gives its results. */
function doSomething(editor: MaskEditor, random: Random): readonly EditResult[] {
  const label = random.integer(LABELS);
  const axis = random.integer(3) as Axis;
  const voxel = (): Triple => [
    random.integer(editor.shape[0]),
    random.integer(editor.shape[1]),
    random.integer(editor.shape[2]),
  ];
  const at = voxel();
  const low = random.integer(10);
  const range = [low, low + random.integer(6)] as const;
  const limits = random.uniform() < 0.3 ? { over: [random.integer(LABELS), random.integer(LABELS)] } : {};
  const tryTo = (work: () => EditResult): readonly EditResult[] => {
    try {
      return [work()];
    } catch {
      return []; // nothing to interpolate between
    }
  };
  switch (random.integer(11)) {
    case 0: {
      const brush = {
        label,
        radiusMm: random.between(0, 3),
        ...limits,
        ...(random.uniform() < 0.5 ? { plane: { axis, slice: at[axis] } } : {}),
        ...(random.uniform() < 0.3 ? { range } : {}),
      };
      const parts = [editor.beginStroke(brush, at)];
      for (let k = random.integer(4); k > 0; k--) parts.push(editor.strokeTo(voxel()));
      const ending = random.uniform();
      if (ending < 0.2) parts.push(editor.cancelStroke());
      // The rest is left to whatever comes next.
      else if (ending < 0.6) editor.endStroke();
      return parts;
    }
    case 1:
      return [editor.fill({ at, label, ...limits, ...(random.uniform() < 0.5 ? { axis } : {}) })];
    case 2:
      return [
        editor.fillHoles({ label, axis, ...limits, ...(random.uniform() < 0.5 ? { slice: at[axis] } : {}) }),
      ];
    case 3:
      return [
        editor.grow({
          seed: at,
          label,
          tolerance: random.integer(6),
          radiusMm: random.between(0, 9),
          ...limits,
        }),
      ];
    case 4:
      return [editor.threshold({ region: { axis, slice: at[axis] }, label, range, ...limits })];
    case 5:
      return tryTo(() => editor.interpolateSlices({ label, axis, ...limits }));
    case 6:
      return tryTo(() =>
        editor.interpolateSlices({
          label,
          axis,
          keySlices: [0, editor.shape[axis] - 1],
          to: random.integer(LABELS),
        }),
      );
    case 7:
      return [editor.keepLargest(label, { to: random.integer(LABELS) })];
    case 8:
      return [editor.replaceLabel(label, random.integer(LABELS))];
    case 9:
      return [editor.undo()];
    default:
      return [editor.redo()];
  }
}

/** What differs between two masks, as a result would tell it. */
function difference(
  before: Uint8Array,
  after: Uint8Array,
  [nx, ny]: Triple,
): Omit<EditResult, "isHeldByLock"> {
  const changed = [...after.keys()].filter((i) => before[i] !== after[i]);
  const along = [
    changed.map((i) => i % nx),
    changed.map((i) => Math.floor(i / nx) % ny),
    changed.map((i) => Math.floor(i / (nx * ny))),
  ];
  const corner = (pick: (...values: number[]) => number): Triple =>
    mapTriple((axis) => pick(...along[axis]!));
  const box = changed.length === 0 ? undefined : { first: corner(Math.min), last: corner(Math.max) };
  return { changed: changed.length, box };
}

const join = (parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

const ROUNDS = 80;
const STEPS = 25;

describe("any sequence of edits", () => {
  test("is undone to the start and redone to the end, state by state", () => {
    for (let round = 0; round < ROUNDS; round++) {
      const random = makeRandom(round, "undo");
      const volume = volumeOf(random);
      // The masks that edits led to, as undo has to find them again.
      const states = [volume.mask.slice()];
      const editor = makeMaskEditor(volume);
      for (let step = 0; step < STEPS; step++) {
        const wasUndone = editor.redoKind;
        doSomething(editor, random);
        editor.endStroke();
        if (wasUndone !== undefined || editor.canRedo) {
          // After undo or redo the walk begins anew from here.
          while (editor.canUndo) editor.undo();
          expect(editor.mask).toEqual(states[0]);
          states.splice(1);
          while (editor.canRedo) {
            editor.redo();
            states.push(editor.mask.slice());
          }
        } else if (!states.at(-1)!.every((value, i) => value === editor.mask[i]))
          states.push(editor.mask.slice());
      }
      for (let state = states.length - 2; state >= 0; state--) {
        editor.undo();
        expect(editor.mask).toEqual(states[state]);
      }
      expect([editor.canUndo, editor.isChanged]).toEqual([false, false]);
      for (const state of states.slice(1)) {
        editor.redo();
        expect(editor.mask).toEqual(state);
      }
      expect(editor.canRedo).toBe(false);
    }
  });

  test("tells what it changed, counts right, and grows the revision", () => {
    for (let round = 0; round < ROUNDS; round++) {
      const random = makeRandom(round, "results");
      const editor = makeMaskEditor(volumeOf(random));
      for (let step = 0; step < STEPS; step++) {
        editor.endStroke();
        const before = editor.mask.slice();
        const { revision } = editor;
        const results = doSomething(editor, random);
        const found = difference(before, editor.mask, editor.shape);
        if (results.length === 1) expect(results[0]).toMatchObject(found);
        expect(editor.revision > revision).toBe(results.some(({ changed }) => changed > 0));
        for (let label = 0; label <= LABELS; label++)
          expect(editor.countOf(label)).toBe(editor.mask.filter((value) => value === label).length);
      }
    }
  });

  test("never changes a locked label", () => {
    for (let round = 0; round < ROUNDS; round++) {
      const random = makeRandom(round, "locks");
      const editor = makeMaskEditor(volumeOf(random));
      const locked = [random.integer(LABELS), random.integer(LABELS)];
      for (const label of locked) editor.setLocked(label, true);
      const before = editor.mask.slice();
      for (let step = 0; step < STEPS; step++) doSomething(editor, random);
      // All locks were there from the start, so undo and redo keep to them, too.
      for (const label of locked)
        expect([...editor.mask.keys()].filter((i) => editor.mask[i] === label)).toEqual(
          [...before.keys()].filter((i) => before[i] === label),
        );
    }
  });

  test("is replayed by its journal, from the start and from any saved mask", () => {
    for (let round = 0; round < ROUNDS; round++) {
      const random = makeRandom(round, "journal");
      const volume = volumeOf(random);
      const journal: Uint8Array[] = [];
      const start = volume.mask.slice();
      const editor = makeMaskEditor({ ...volume, onEdit: (edit) => journal.push(encodeEdit(edit)) });
      const saved = [encodeMask(editor)];
      for (let step = 0; step < STEPS; step++) {
        doSomething(editor, random);
        // Within a stroke only where that will be kept.
        if (!editor.isInStroke) saved.push(encodeMask(editor));
      }
      editor.endStroke();
      const bytes = join(journal);
      expect(applyEdits(start, bytes)).toMatchObject({
        applied: journal.length,
        skipped: 0,
        usedBytes: bytes.length,
        droppedBytes: 0,
      });
      expect(start).toEqual(editor.mask);
      for (const each of saved) {
        const { mask, revision } = decodeMask(each);
        const replay = applyEdits(mask, bytes, { revision });
        expect(replay.applied + replay.skipped).toBe(journal.length);
        expect(mask).toEqual(editor.mask);
      }
    }
  });
});
