/** The README.txt that lies beside the phantom's files. */
import { spacingMmOf } from "./canvas.ts";
import type { PhantomOptions } from "./options.ts";
import { PHANTOM_VERSION, planPhantom } from "./options.ts";

/** Plain text, lines of at most 100 characters. @throws HipError `usage` on bad options */
export function phantomReadme(options: PhantomOptions): string {
  const plan = planPhantom(options);
  const { size } = options;
  const [dx, dy, ds] = spacingMmOf(size).map((mm) => mm.toFixed(2));
  const rows = (["train", "validate", "test"] as const).map((split) => {
    const volumes = plan.filter((entry) => entry.split === split);
    const slices = volumes.length * size.slices;
    return `  ${split.padEnd(9)} ${options.patients[split]} synthetic men, ${volumes.length} synthetic volumes, ${slices} synthetic slices`;
  });
  return `SYNTHETIC DATA - NOT PATIENTS
=============================

Every image in this folder is synthetic: a phantom, a drawing of a male pelvis computed from a random
seed by hipmri-unet. No patient was scanned for it and no patient's data went into it. The synthetic
masks are exact by construction. Results on this synthetic data say nothing about results on patients.

Phantom version: ${PHANTOM_VERSION}
Seed: ${options.seed}
Scans of each synthetic man: ${options.weeksPerPatient}
Grid: ${size.x} x ${size.y} pixels (left-right x inferior-superior), ${size.slices} coronal slices, front to back
Voxel: ${dx} x ${dy} x ${ds} mm

Splits (by synthetic man):
${rows.join("\n")}

Layout (as in keras_slices_data of HipMRI, which this synthetic set imitates in form alone):
  keras_slices_{train,validate,test}/case_NNN_week_W_slice_S.nii.gz      synthetic image, float32
  keras_slices_seg_{train,validate,test}/seg_NNN_week_W_slice_S.nii.gz   its mask, uint8

Labels: 0 background, 1 body, 2 bone, 3 bladder, 4 rectum, 5 prostate

The same version, seed and options always give the same synthetic images.
`;
}
