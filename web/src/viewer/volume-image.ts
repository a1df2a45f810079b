/** A volume as NiiVue keeps it, without its looking at each voxel: which brightness it begins with is known. */
import { NVImage } from "@niivue/niivue";
import type { ShownVolume, Triple } from "./viewer.ts";

/** NIfTI's number of 32-bit floats. */
const FLOAT32 = 16;

export interface BareVolume {
  readonly name: string;
  readonly shape: Triple;
  readonly spacingMm: Triple;
  /** 4 x 4, row by row. */
  readonly affine: readonly number[];
  readonly data: Float32Array;
}

/** The voxels stay where they are; 0 is black, 1 is white. */
export function bareImage({ name, shape, spacingMm, affine, data }: BareVolume): NVImage {
  const image = new NVImage(null, `${name}.nii`, "gray");
  image.hdr = NVImage.createNiftiHeader([...shape], [...spacingMm], [...affine], FLOAT32);
  image.img = data;
  image.nVox3D = data.length;
  image.nFrame4D = 1;
  image.nTotalFrame4D = 1;
  image.frame4D = 0;
  image.calculateRAS();
  image.cal_min = 0;
  image.cal_max = 1;
  image.global_min = 0;
  image.global_max = 1;
  return image;
}

export function volumeImage({ affine, brightness: { range, window }, ...volume }: ShownVolume): NVImage {
  const image = bareImage({ ...volume, affine: affine.flat() });
  image.cal_min = window.low;
  image.cal_max = window.high;
  image.robust_min = window.low;
  image.robust_max = window.high;
  image.global_min = range.low;
  image.global_max = range.high;
  return image;
}
