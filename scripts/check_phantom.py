"""Checks a folder that `hipmri phantom` wrote, with nibabel instead of our own reader.

    python scripts/check_phantom.py DIR

Prints the label shares and exits 1 at the first thing that is not as HipMRI's keras_slices_data has it.
"""

import re
import sys
from pathlib import Path

import nibabel
import numpy as np

HIPMRI_SHARES = [60.4, 35.5, 3.4, 0.57, 0.14, 0.10]


def main(root: Path) -> None:
    patients: dict[str, set[str]] = {}
    counts = np.zeros(6)
    with_prostate: dict[str, int] = {}
    for split in ("train", "validate", "test"):
        images = sorted((root / f"keras_slices_{split}").iterdir())
        masks = sorted((root / f"keras_slices_seg_{split}").iterdir())
        assert [p.name.removeprefix("case_") for p in images] == [p.name.removeprefix("seg_") for p in masks], split
        patients[split] = set()
        slices: dict[tuple[str, str], set[int]] = {}
        for image_path, mask_path in zip(images, masks, strict=True):
            match = re.fullmatch(r"case_(\d{3})_week_(0|[1-9]\d*)_slice_(0|[1-9]\d*)\.nii\.gz", image_path.name)
            assert match, image_path.name
            patients[split].add(match[1])
            slices.setdefault((match[1], match[2]), set()).add(int(match[3]))
            image, mask = nibabel.load(image_path), nibabel.load(mask_path)
            assert len(image.shape) == 2 and image.shape == mask.shape, image_path.name
            assert image.get_data_dtype() == np.float32 and mask.get_data_dtype() == np.uint8, image_path.name
            assert nibabel.aff2axcodes(image.affine) == ("L", "S", "P"), image_path.name
            assert np.allclose(image.affine, mask.affine) and b"SYNTHETIC" in bytes(image.header["descrip"])
            values, labels = np.asarray(image.dataobj), np.asarray(mask.dataobj)
            assert np.isfinite(values).all() and values.min() >= 0 and labels.max() <= 5, image_path.name
            counts += np.bincount(labels.ravel(), minlength=6)
            with_prostate[split] = with_prostate.get(split, 0) + int((labels == 5).any())
        for volume, found in slices.items():
            assert found == set(range(len(found))), (volume, "has a gap")
        print(f"{split}: {len(patients[split])} men, {len(slices)} volumes, {len(images)} slices,",
              f"{with_prostate[split]} with prostate")
    assert not patients["train"] & patients["validate"] and not patients["test"] & (patients["train"] | patients["validate"])
    for label, (share, hipmri) in enumerate(zip(100 * counts / counts.sum(), HIPMRI_SHARES, strict=True)):
        print(f"label {label}: {share:.3f} % of the slices; of a volume 430 mm deep {share * 150 / 430:.3f} % (HipMRI {hipmri} %)")
    assert "SYNTHETIC" in (root / "README.txt").read_text()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
