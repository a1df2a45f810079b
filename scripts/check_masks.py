"""Holds masks against the images they were made from, as nibabel 5.4.2 reads both.

    python scripts/check_masks.py IMAGES MASKS

IMAGES holds X.nii(.gz), MASKS what `hipmri predict RUN IMAGES --out MASKS` wrote. Shape, affine and every field of the
header that says where voxels lie must be equal, bit for bit; values must be whole numbers.
"""
import sys
from pathlib import Path

import nibabel as nib
import numpy as np

FIELDS = ["dim", "pixdim", "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d",
          "qoffset_x", "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z", "xyzt_units"]
# What a header says beyond its geometry and might name the patient.
TEXTS = ["descrip", "aux_file", "intent_name", "db_name"]

images, masks = map(Path, sys.argv[1:3])
checked, wrong = 0, []
for mask_path in sorted(masks.glob("*.nii.gz")):
    name = mask_path.name[: -len(".nii.gz")]
    found = [p for p in (images / f"{name}.nii.gz", images / f"{name}.nii") if p.exists()]
    if not found:
        continue
    image, mask = nib.load(found[0]), nib.load(mask_path)
    problems = [f for f in FIELDS if not np.array_equal(image.header[f], mask.header[f], equal_nan=True)]
    if image.shape != mask.shape:
        problems.append(f"shape {image.shape} {mask.shape}")
    if not np.array_equal(image.affine, mask.affine):
        problems.append("affine")
    values = np.asarray(mask.dataobj)
    if values.dtype != np.uint8:
        problems.append(f"dtype {values.dtype}")
    kept = [t for t in TEXTS if t in image.header and bytes(image.header[t].tobytes()).strip(b"\0")
            and image.header[t].tobytes() == mask.header[t].tobytes()]
    if kept:
        problems.append(f"texts kept: {kept}")
    if len(mask.header.extensions) > 0:
        problems.append("extensions kept")
    checked += 1
    axcodes = "".join(nib.aff2axcodes(image.affine))
    if problems:
        wrong.append(name)
    if problems or checked <= 20:
        print(f"{'WRONG' if problems else 'equal'}  {name}  {axcodes} {image.shape} {'; '.join(problems)}")
print(f"{checked} masks checked, {len(wrong)} differ from their image")
sys.exit(1 if wrong or checked == 0 else 0)
