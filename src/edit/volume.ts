/** What is edited: a mask and the image on whose grid it lies. */
import type { Triple } from "./box.ts";

export interface EditVolume {
  /** Label ids, x fastest; shape[0] * shape[1] * shape[2] voxels. */
  readonly mask: Uint8Array;
  /** Intensities on the same grid. */
  readonly image: Float32Array;
  readonly shape: Triple;
  readonly spacingMm: Triple;
}

/** From the lowest intensity to the highest, both included. NaN lies in none. */
export type IntensityRange = readonly [low: number, high: number];

/**
 * A volume that an editor can work on.
 * @throws RangeError where lengths do not fit the shape, or spacings are no lengths
 */
export function checkEditVolume({ mask, image, shape, spacingMm }: EditVolume): void {
  const voxels = shape[0] * shape[1] * shape[2];
  if (!shape.every((length) => Number.isInteger(length) && length >= 1) || voxels >= 2 ** 31)
    throw new RangeError(
      `Shape must be three integers >= 1 with a product below 2^31, got ${shape.join(", ")}`,
    );
  for (const [name, { length }] of [["A mask", mask] as const, ["An image", image] as const])
    if (length !== voxels)
      throw new RangeError(`${name} of shape ${shape.join("x")} needs ${voxels} voxels, got ${length}`);
  if (!spacingMm.every((mm) => Number.isFinite(mm) && mm > 0))
    throw new RangeError(`Spacings must be greater than 0 mm, got ${spacingMm.join(", ")}`);
}

/** @throws RangeError where a value is no label's id. */
export function checkLabel(label: number): void {
  if (!Number.isInteger(label) || label < 0 || label > 255)
    throw new RangeError(`Label must be an integer from 0 to 255, got ${label}`);
}

/** @throws RangeError */
export function checkRange([low, high]: IntensityRange): void {
  if (!(low <= high)) throw new RangeError(`Range must go from low to high, got ${low} to ${high}`);
}
