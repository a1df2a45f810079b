/** Words in file names that say how an image was made: shared by what tells patients apart and what pairs masks. */

/** Side, plane, sequence. */
export const VIEW_WORDS: readonly string[] =
  "left right ax axial tra transversal cor coronal sag sagittal t1 t1w t1c t1ce t1gd t1n t2 t2w t2f pd pdw adc dwi hbv dce flair mr mri".split(
    " ",
  );
