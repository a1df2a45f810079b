/** Equal voxels have equal fingerprints, others have not. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { fingerprint } from "../../../src/dataset/doctor/fingerprint.ts";

test("is the same wherever the voxels lie in memory", () => {
  const values = Float32Array.from({ length: 30 }, (_, i) => i * 1.5);
  const within = new Float32Array(50);
  within.set(values, 7);
  expect(fingerprint(within.subarray(7, 37), [30])).toBe(fingerprint(values, [30]));
  const ids = Uint8Array.from({ length: 31 }, (_, i) => i % 5);
  const shifted = new Uint8Array(40);
  shifted.set(ids, 3);
  expect(fingerprint(shifted.subarray(3, 34), [31])).toBe(fingerprint(ids, [31]));
});

test("tells shapes apart", () => {
  const values = new Float32Array(12);
  const prints = [[12], [3, 4], [4, 3], [2, 6], [1, 12], [12, 1]].map((shape) => fingerprint(values, shape));
  expect(new Set(prints).size).toBe(prints.length);
});

test("changes with any one value", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (ids, where, by) => {
        const other = ids.slice();
        const at = where % ids.length;
        other[at] = (other[at]! + by) % 256;
        return fingerprint(ids, [ids.length]) !== fingerprint(other, [ids.length]);
      },
    ),
  );
});

test("does not repeat itself in 200,000 images that differ by one or two voxels", () => {
  const image = new Float32Array(64);
  const seen = new Set<string>();
  let n = 0;
  for (let at = 0; at < 64; at++) {
    for (let value = 1; value <= 3125; value++) {
      image[at] = value;
      image[(at + 1) % 64] = value % 3;
      seen.add(fingerprint(image, [8, 8]));
      n++;
    }
    image.fill(0);
  }
  expect(seen.size).toBe(n);
});
