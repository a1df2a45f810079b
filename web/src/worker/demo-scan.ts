/** The scan that comes with the app: a drawn man whom the demo model has never seen. */
import { makePhantomVolume, PHANTOM_SIZES, writeNifti } from "../../../src/browser/index.ts";
import type { NamedFile } from "./protocol.ts";

/** The demo model learnt from drawings of seed 1. */
const SEED = 2026;
const ONE_MAN = { train: 0, validate: 0, test: 1 };

export function demoScanFile(): NamedFile {
  const { image, shape, spacingMm, affine } = makePhantomVolume(
    { patients: ONE_MAN, weeksPerPatient: 1, size: PHANTOM_SIZES.full, seed: SEED },
    0,
    0,
  );
  const bytes = writeNifti({ shape, dtype: "float32", data: image, spacingMm, affine });
  const name = "synthetic-pelvis.nii";
  return { name, file: new File([bytes as Uint8Array<ArrayBuffer>], name) };
}
