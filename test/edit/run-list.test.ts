import { describe, expect, test } from "vitest";
import { RunList } from "../../src/edit/run-list.ts";

describe("RunList", () => {
  test("sorts, and joins runs that meet and changed alike", () => {
    const list = new RunList();
    list.push(20, 2, { before: 0, after: 1 });
    list.push(10, 3, { before: 0, after: 1 });
    list.push(22, 4, { before: 0, after: 1 });
    list.push(13, 1, { before: 2, after: 1 });
    expect(list.count).toBe(4);
    expect(list.joined()).toEqual({
      starts: Uint32Array.of(10, 13, 20),
      lengths: Uint32Array.of(3, 1, 6),
      before: Uint8Array.of(0, 2, 0),
      after: Uint8Array.of(1, 1, 1),
    });
  });

  test("keeps more runs than it began with room for", () => {
    const list = new RunList();
    for (let i = 999; i >= 0; i--) list.push(2 * i, 1, { before: i % 3, after: 7 });
    const { starts, before } = list.joined();
    expect(starts).toEqual(Uint32Array.from({ length: 1000 }, (_, i) => 2 * i));
    expect(before).toEqual(Uint8Array.from({ length: 1000 }, (_, i) => i % 3));
  });

  test("is empty at first", () => {
    expect(new RunList().joined().starts).toHaveLength(0);
  });
});
