import { expect, test } from "vitest";
import { checkEditVolume, checkLabel, checkRange } from "../../src/edit/volume.ts";

const volume = {
  mask: new Uint8Array(6),
  image: new Float32Array(6),
  shape: [3, 2, 1],
  spacingMm: [1, 1, 3],
} as const;

test("checkEditVolume() holds lengths against the shape", () => {
  expect(() => checkEditVolume(volume)).not.toThrow();
  expect(() => checkEditVolume({ ...volume, mask: new Uint8Array(5) })).toThrow(
    new RangeError("A mask of shape 3x2x1 needs 6 voxels, got 5"),
  );
  expect(() => checkEditVolume({ ...volume, image: new Float32Array(7) })).toThrow(
    new RangeError("An image of shape 3x2x1 needs 6 voxels, got 7"),
  );
  expect(() => checkEditVolume({ ...volume, shape: [6, 1, 0] })).toThrow(
    new RangeError("Shape must be three integers >= 1 with a product below 2^31, got 6, 1, 0"),
  );
  expect(() => checkEditVolume({ ...volume, spacingMm: [1, 0, 1] })).toThrow(
    new RangeError("Spacings must be greater than 0 mm, got 1, 0, 1"),
  );
});

test("checkLabel() takes what a byte holds", () => {
  for (const label of [0, 255]) expect(() => checkLabel(label)).not.toThrow();
  for (const label of [-1, 256, 1.5, Number.NaN])
    expect(() => checkLabel(label)).toThrow(
      new RangeError(`Label must be an integer from 0 to 255, got ${label}`),
    );
});

test("checkRange() takes no range from high to low", () => {
  expect(() => checkRange([-Infinity, Infinity])).not.toThrow();
  expect(() => checkRange([1, Number.NaN])).toThrow(
    new RangeError("Range must go from low to high, got 1 to NaN"),
  );
});
