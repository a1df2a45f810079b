import { describe, expect, test } from "vitest";
import { Pen, type PenOptions } from "../../src/edit/pen.ts";
import { drawSlice } from "../metrics/masks.ts";

function penOn(mask: Uint8Array, options: Partial<PenOptions> = {}): { pen: Pen; counts: Uint32Array } {
  const counts = new Uint32Array(256);
  for (const value of mask) counts[value]!++;
  const shape = [mask.length, 1, 1] as const;
  return { pen: new Pen({ mask, shape, counts, locks: new Set(), over: undefined, ...options }), counts };
}
function putAll(pen: Pen, mask: Uint8Array, value: number): void {
  for (let i = 0; i < mask.length; i++) pen.put(i, value);
}

describe("Pen", () => {
  test("notes runs by what they were", () => {
    const mask = drawSlice("0012");
    const { pen, counts } = penOn(mask);
    putAll(pen, mask, 2);
    expect([...mask]).toEqual([2, 2, 2, 2]);
    expect(pen.runs()).toEqual({
      starts: Uint32Array.of(0, 2),
      lengths: Uint32Array.of(2, 1),
      before: Uint8Array.of(0, 1),
      after: Uint8Array.of(2, 2),
    });
    expect([...counts.subarray(0, 3)]).toEqual([0, 0, 4]);
  });

  test("overwrites no locked label, and paints with none", () => {
    const mask = drawSlice("012");
    const { pen } = penOn(mask, { locks: new Set([1, 5]) });
    putAll(pen, mask, 2);
    expect([...mask]).toEqual([2, 1, 2]);
    expect(pen.take().isHeldByLock).toBe(true);
    expect(pen.take().isHeldByLock).toBe(false);
    putAll(pen, mask, 5);
    expect([...mask]).toEqual([2, 1, 2]);
    expect(pen.take()).toEqual({ changed: 0, box: undefined, isHeldByLock: true });
  });

  test("overwrites only what it is told, and blames no lock for the rest", () => {
    const mask = drawSlice("0123");
    const { pen } = penOn(mask, { over: [1, 3], locks: new Set([2, 3]) });
    putAll(pen, mask.subarray(0, 3), 7);
    expect([...mask]).toEqual([0, 7, 2, 3]);
    expect(pen.take().isHeldByLock).toBe(false);
    putAll(pen, mask, 7);
    expect(pen.take().isHeldByLock).toBe(true);
    expect([0, 1, 2, 3, 7].map((old) => pen.canTurn(old, 7))).toEqual([false, true, false, false, true]);
    expect(pen.canTurn(1, 3)).toBe(false);
  });

  test("tells parts and the whole", () => {
    const mask = drawSlice("00000");
    const { pen } = penOn(mask);
    expect(pen.hasWritten).toBe(false);
    pen.put(1, 4);
    expect(pen.hasWritten).toBe(true);
    expect(pen.take()).toMatchObject({ changed: 1, box: { first: [1, 0, 0], last: [1, 0, 0] } });
    pen.put(3, 4);
    expect(pen.take()).toMatchObject({ changed: 1, box: { first: [3, 0, 0], last: [3, 0, 0] } });
    expect(pen.whole()).toEqual({ changed: 2, box: { first: [1, 0, 0], last: [3, 0, 0] } });
  });
});
