"""Reads with nibabel what our writeMaskLike() and writeImageLike() made of every NIfTI file of folders.

Run: python scripts/check_nifti_write.py FOLDER...   (made with nibabel 5.4.2, numpy)
For each file a uint8 mask, an int16 and a float32 image are written on its grid. Demanded: the same version, dim,
pixdim, qform, sform, codes, units, slice timing and offsets, byte for byte; the affine nibabel makes of them; every
value. In the float32 image, written with `keepTexts`, also the same text and extensions; in the others none.
Exits with 1 where anything differs.
"""

import json
import logging
import pathlib
import subprocess
import sys
import tempfile

import nibabel as nib
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ENDINGS = (".nii", ".nii.gz", ".hdr", ".hdr.gz")
GEOMETRY = (
    "dim pixdim qform_code sform_code quatern_b quatern_c quatern_d qoffset_x qoffset_y qoffset_z srow_x srow_y "
    "srow_z xyzt_units dim_info slice_start slice_end slice_code slice_duration toffset"
).split()
TEXTS = ("descrip", "aux_file", "intent_name")
logging.disable(logging.CRITICAL)


def expected(dtype, voxels):
    i = np.arange(voxels, dtype=np.int64)
    if dtype == "uint8":
        return ((i * 7) % 251).astype(np.uint8)
    if dtype == "int16":
        return ((i * 13) % 65521 - 32768).astype(np.int16)
    return (((i * 17) % 9973) / 7).astype(np.float32)


def raw_header(path, image):
    """The header as stored, without nibabel's mending of zeros in pixdim."""
    opened = nib.openers.ImageOpener(path)
    with opened as file:
        return type(image.header)(file.read(image.header.sizeof_hdr), check=False)


def same_number(a, b):
    return np.array_equal(np.asarray(a), np.asarray(b)) or np.asarray(a).tobytes() == np.asarray(b).tobytes()


def problems(path, written, dtype):
    source, made = nib.load(path), nib.load(written)
    before, after = raw_header(path, source), raw_header(written, made)
    wrong = [field for field in GEOMETRY if not same_number(before[field], after[field])]
    if before.sizeof_hdr != after.sizeof_hdr:
        wrong.append("version")
    if not np.array_equal(source.affine, made.affine):
        wrong.append("affine")
    if made.get_data_dtype() != np.dtype(dtype) or made.shape != source.shape:
        wrong.append("dtype or shape")
    if (made.dataobj.slope, made.dataobj.inter) != (1, 0):
        wrong.append("scale")
    if not np.array_equal(np.asanyarray(made.dataobj).ravel("F"), expected(dtype, int(np.prod(source.shape)))):
        wrong.append("values")
    contents = [[(e.get_code(), e._raw) for e in image.header.extensions] for image in (source, made)]
    if dtype == "float32":
        wrong += [field for field in TEXTS if before[field].tobytes() != after[field].tobytes()]
        wrong += ["extensions"] * (contents[0] != contents[1])
    else:
        wrong += [f for f in TEXTS if after[f].item() not in (b"", b"hipmri-unet")]
        wrong += ["extensions"] * (contents[1] != [])
    return wrong


def main():
    paths = [
        path
        for folder in sys.argv[1:]
        for path in sorted(pathlib.Path(folder).rglob("*"))
        if path.is_file() and path.name.lower().endswith(ENDINGS)
    ]
    count = {"files": len(paths), "written": 0, "identical": 0, "refused": 0, "not for nibabel": 0}
    with tempfile.TemporaryDirectory() as folder:
        text = "".join(f"{path}\n" for path in paths)
        subprocess.run(["node", HERE / "write_nifti_like.js", folder], input=text, text=True, check=True)
        for n, path in enumerate(paths):
            if (pathlib.Path(folder) / f"{n}.error").exists():
                count["refused"] += 1
                continue
            for dtype in ("uint8", "int16", "float32"):
                written = pathlib.Path(folder) / f"{n}.{dtype}.nii"
                count["written"] += 1
                try:
                    nib.load(path)
                except Exception:
                    count["not for nibabel"] += 1
                    continue
                wrong = problems(path, written, dtype)
                count["identical"] += not wrong
                if wrong:
                    print(f"{path} as {dtype}: {', '.join(wrong)}")
    print(json.dumps(count))
    sys.exit(0 if count["identical"] + count["not for nibabel"] == count["written"] else 1)


main()
