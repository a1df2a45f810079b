import { expect, test } from "vitest";
import { makeCaseMemory } from "../../src/dataset/case-memory.ts";
import type { DecodedCase } from "../../src/dataset/types.ts";

/** A case of `n` voxels takes 5 n bytes. */
const caseOf = (n: number): DecodedCase => ({
  entry: { id: `${n}`, patient: "p", split: undefined, files: [] },
  width: n,
  height: 1,
  depth: 1,
  spacingMm: [1, 1, 1],
  image: new Float32Array(n),
  mask: new Uint8Array(n),
  grid: {
    shape: [n, 1, 1],
    spacingMm: [1, 1, 1],
    affine: [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ],
  },
  orientation: "LPS",
  hasSpacing: true,
  isReversed: false,
  warnings: [],
});

test("the least recently used leave first and the budget holds", () => {
  const memory = makeCaseMemory(100);
  for (const key of ["a", "b"]) memory.set(key, caseOf(8));
  expect(memory.heldBytes).toBe(80);
  expect(memory.get("a")).toBeDefined();
  memory.set("c", caseOf(10));
  expect(["a", "b", "c"].map((key) => memory.get(key)?.width)).toEqual([8, undefined, 10]);
  expect(memory.heldBytes).toBe(90);
  memory.set("c", caseOf(2));
  expect(memory.heldBytes).toBe(50);
});

test("a case larger than the budget is not held, and pushes nothing out", () => {
  const memory = makeCaseMemory(50);
  memory.set("a", caseOf(10));
  memory.set("b", caseOf(11));
  expect(memory.get("a")?.width).toBe(10);
  expect(memory.get("b")).toBeUndefined();
  expect(memory.heldBytes).toBe(50);
});
