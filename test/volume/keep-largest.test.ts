import fc from "fast-check";
import { expect, test } from "vitest";
import { componentSizes, countComponents, keepLargestComponent } from "../../src/volume/components.ts";

test("what is left is one component, as large as the largest was; other labels stay", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 60, maxLength: 60 }), (voxels) => {
      const shape = [5, 4, 3] as const;
      const before = Uint8Array.from(voxels);
      const after = before.slice();
      const removed = keepLargestComponent(after, shape, 1);
      const ones = (labels: Uint8Array): Uint8Array => labels.map((label) => (label === 1 ? 1 : 0));
      const sizes = componentSizes(ones(before), shape);
      expect(countComponents(ones(after), shape)).toBe(Math.min(sizes.length, 1));
      expect(componentSizes(ones(after), shape)[0] ?? 0).toBe(sizes[0] ?? 0);
      expect(removed).toBe(sizes.slice(1).reduce((sum, size) => sum + size, 0));
      expect(after.map((label, i) => (label === 2 ? 2 : before[i] === 2 ? 9 : 0))).toEqual(
        before.map((label) => (label === 2 ? 2 : 0)),
      );
    }),
  );
});
