import { describe, expect, test } from "vitest";
import { encodeEdit } from "../../../src/edit/journal.ts";
import { encodeMask } from "../../../src/edit/saved-mask.ts";
import { restoreMask } from "../../../web/src/worker/kept-mask.ts";
import type { KeptMask } from "../../../web/src/worker/store.ts";

const edit = (toRevision: number, start: number): Uint8Array =>
  encodeEdit({
    fromRevision: toRevision - 1,
    toRevision,
    starts: Uint32Array.of(start),
    lengths: Uint32Array.of(1),
    before: Uint8Array.of(0),
    after: Uint8Array.of(2),
  });
const saved = (revision: number): Uint8Array =>
  encodeMask({ mask: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1), shape: [2, 2, 2], revision });
const kept = (mask: Uint8Array, ...journal: readonly Uint8Array[]): KeptMask => ({
  mask,
  journal: Uint8Array.from(journal.flatMap((part) => [...part])),
  about: undefined,
});

describe("restoreMask()", () => {
  test("gives the saved mask with its corrections", () => {
    const [a, b] = [edit(1, 2), edit(2, 3)];
    const restored = restoreMask(kept(saved(0), a, b), 8);
    expect(restored).toMatchObject({ revision: 2, usedBytes: a.length + b.length, problem: undefined });
    expect([...restored!.mask]).toEqual([1, 0, 2, 2, 0, 0, 0, 1]);
  });
  test("passes over corrections that the saved mask has", () => {
    const restored = restoreMask(kept(saved(1), edit(1, 2), edit(2, 3)), 8);
    expect(restored!.revision).toBe(2);
    expect([...restored!.mask]).toEqual([1, 0, 0, 2, 0, 0, 0, 1]);
  });
  test("stops at a correction that is cut short, and tells where the journal is whole", () => {
    const first = edit(1, 2);
    const restored = restoreMask(kept(saved(0), first, edit(2, 3).subarray(0, 10)), 8);
    expect(restored).toMatchObject({ revision: 1, usedBytes: first.length });
    expect([...restored!.mask]).toEqual([1, 0, 2, 0, 0, 0, 0, 1]);
  });
  test("gives none of a damaged mask, nor of another scan's", () => {
    expect(restoreMask(kept(saved(0).fill(9)), 8)).toBeUndefined();
    expect(restoreMask(kept(saved(0)), 9)).toBeUndefined();
  });
});
