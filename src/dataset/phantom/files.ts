/** The phantom as files of the keras_slices layout: one NIfTI per coronal slice, one per mask. */
import type { Affine } from "../../nifti/affine.ts";
import { writeNifti } from "../../nifti/write.ts";
import type { PhantomCase, PhantomOptions, PhantomVolume } from "./phantom.ts";
import { makePhantomVolume, PHANTOM_VERSION, planPhantom } from "./phantom.ts";
import { phantomReadme } from "./readme.ts";

export { phantomReadme } from "./readme.ts";

export interface PhantomFile {
  /** Relative to the data folder, "/" between the parts; ends in .nii.gz where `gzip` is true. */
  readonly path: string;
  /** Uncompressed. */
  readonly bytes: Uint8Array;
  /** Whether the one who writes it must gzip the bytes first. */
  readonly gzip: boolean;
}

/** Goes into every header (79 characters at most). */
export const PHANTOM_DESCRIPTION = `SYNTHETIC phantom v${PHANTOM_VERSION}, hipmri-unet: not a patient`;

/** `case_004_week_0_slice_10` and `seg_004_week_0_slice_10`: the case padded to three digits, the rest not. */
function phantomNames(entry: PhantomCase, slice: number): { readonly image: string; readonly mask: string } {
  const name = `${String(entry.patient).padStart(3, "0")}_week_${entry.week}_slice_${slice}.nii.gz`;
  return {
    image: `keras_slices_${entry.split}/case_${name}`,
    mask: `keras_slices_seg_${entry.split}/seg_${name}`,
  };
}

/**
 * Every file of the data set, in the order of planPhantom(), README.txt first; one volume is held at a time.
 * Images are float32 and masks uint8, both of shape [x, y].
 * @throws HipError `usage` on bad options
 */
export function* phantomFiles(options: PhantomOptions): Generator<PhantomFile, void, undefined> {
  const plan = planPhantom(options);
  yield { path: "README.txt", bytes: new TextEncoder().encode(phantomReadme(options)), gzip: false };
  for (const entry of plan) {
    const volume = makePhantomVolume(options, entry.patientIndex, entry.week);
    for (let slice = 0; slice < volume.shape[2]; slice++) yield* sliceFiles(entry, volume, slice);
  }
}

function* sliceFiles(
  entry: PhantomCase,
  volume: PhantomVolume,
  slice: number,
): Generator<PhantomFile, void, undefined> {
  const [x, y] = volume.shape;
  const from = slice * x * y;
  const names = phantomNames(entry, slice);
  const shared = {
    shape: [x, y],
    spacingMm: volume.spacingMm,
    affine: sliceAffine(volume.affine, slice),
    description: PHANTOM_DESCRIPTION,
  };
  const image = writeNifti({ ...shared, dtype: "float32", data: volume.image.slice(from, from + x * y) });
  yield { path: names.image, bytes: image, gzip: true };
  const mask = writeNifti({ ...shared, dtype: "uint8", data: volume.mask.slice(from, from + x * y) });
  yield { path: names.mask, bytes: mask, gzip: true };
}

/** The affine of one slice on its own: the volume's, its origin moved along the slice axis. */
export function sliceAffine(affine: Affine, slice: number): Affine {
  const [r0, r1, r2, r3] = affine;
  return [
    [r0[0], r0[1], r0[2], r0[3] + slice * r0[2]],
    [r1[0], r1[1], r1[2], r1[3] + slice * r1[2]],
    [r2[0], r2[1], r2[2], r2[3] + slice * r2[2]],
    r3,
  ];
}
