import { describe, expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { frameRecord } from "../../src/core/tfrecord.ts";
import { applyEdits, encodeEdit } from "../../src/edit/journal.ts";
import { drawSlice } from "../metrics/masks.ts";

/** One run that went from 0 to a value. */
const edit = (toRevision: number, start: number, length: number, value = 1) =>
  encodeEdit({
    fromRevision: toRevision - 1,
    toRevision,
    starts: Uint32Array.of(start),
    lengths: Uint32Array.of(length),
    before: Uint8Array.of(0),
    after: Uint8Array.of(value),
  });
const join = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const blank = (): Uint8Array => new Uint8Array(8);

const [a, b, c] = [edit(1, 0, 2), edit(2, 4, 1), edit(3, 6, 2, 2)];
const journal = join(a, b, c);

describe("applyEdits()", () => {
  test("replays edits one after another", () => {
    const mask = blank();
    expect(applyEdits(mask, journal)).toEqual({
      revision: 3,
      applied: 3,
      skipped: 0,
      usedBytes: journal.length,
      droppedBytes: 0,
      problem: undefined,
    });
    expect(mask).toEqual(drawSlice("11..1.22"));
  });

  test("has nothing to do for an empty journal", () => {
    expect(applyEdits(blank(), new Uint8Array(), { revision: 5 })).toMatchObject({ revision: 5, applied: 0 });
  });

  test("passes over what the saved mask holds", () => {
    const mask = drawSlice("11..1...");
    expect(applyEdits(mask, journal, { revision: 2 })).toMatchObject({ revision: 3, applied: 1, skipped: 2 });
    expect(mask).toEqual(drawSlice("11..1.22"));
  });

  test("goes on from a mask that was saved within a stroke", () => {
    const stroke = encodeEdit({
      fromRevision: 0,
      toRevision: 5,
      starts: Uint32Array.of(0),
      lengths: Uint32Array.of(4),
      before: Uint8Array.of(0),
      after: Uint8Array.of(1),
    });
    const mask = drawSlice("11......");
    expect(applyEdits(mask, stroke, { revision: 2 })).toMatchObject({ revision: 5, applied: 1 });
    expect(mask).toEqual(drawSlice("1111...."));
  });

  test("drops a torn last record wherever it was cut, and tells so", () => {
    const whole = a.length + b.length;
    for (let length = whole + 1; length < journal.length; length++) {
      const mask = blank();
      expect(applyEdits(mask, journal.subarray(0, length))).toEqual({
        revision: 2,
        applied: 2,
        skipped: 0,
        usedBytes: whole,
        droppedBytes: length - whole,
        problem: undefined,
      });
      expect(mask).toEqual(drawSlice("11..1..."));
    }
  });

  test("refuses a journal that is damaged before its end, and leaves the mask", () => {
    for (let at = 0; at < a.length + b.length; at++) {
      const damaged = journal.with(at, journal[at]! ^ 1);
      const mask = blank();
      const before = at < a.length ? 0 : 1;
      const error = new HipError(
        "bad-mask",
        `Cannot replay the edits: the record is damaged, at byte ${before * a.length} of ${journal.length}`,
        { hint: `Keep the ${before} edits before it, or open the mask without its edits` },
      );
      expect(() => applyEdits(mask, damaged)).toThrow(error);
      expect(mask).toEqual(blank());
    }
  });

  test("keeps the edits before the damage where that is asked for", () => {
    const mask = blank();
    const damaged = journal.with(a.length + 14, 99);
    expect(applyEdits(mask, damaged, { atDamage: "stop" })).toEqual({
      revision: 1,
      applied: 1,
      skipped: 0,
      usedBytes: a.length,
      droppedBytes: b.length + c.length,
      problem: "the record is damaged",
    });
    expect(mask).toEqual(drawSlice("11......"));
  });

  test("refuses edits of another mask, edits with a gap, and what is no edit", () => {
    const refuse = (mask: Uint8Array, bytes: Uint8Array, message: string) => {
      const before = mask.slice();
      expect(() => applyEdits(mask, bytes)).toThrow(message);
      expect(mask).toEqual(before);
    };
    refuse(drawSlice("....3..."), journal, "the edit is of another mask: voxel 4 must be 0, got 3");
    refuse(new Uint8Array(7), journal, "the edit goes to voxel 8 of a mask of 7");
    refuse(blank(), join(a, c), "edits are missing between revisions 1 and 2");
    refuse(blank(), join(frameRecord(Uint8Array.of(9)), a), "the record is damaged");
    // Cut within a run, but with the right checksums.
    refuse(blank(), frameRecord(a.subarray(12, a.length - 5)), "the record is damaged");
  });
});

describe("encodeEdit()", () => {
  test("takes about five bytes for a run", () => {
    const count = 1000;
    const starts = Uint32Array.from({ length: count }, (_, i) => 300 * i);
    const lengths = new Uint32Array(count).fill(20);
    const values = new Uint8Array(count).fill(5);
    const bytes = encodeEdit({
      fromRevision: 0,
      toRevision: 1,
      starts,
      lengths,
      before: values,
      after: values,
    });
    expect(bytes.length).toBeLessThan(5.1 * count);
  });
});
