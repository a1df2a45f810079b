"""Holds our NIfTI reader against nibabel on every file of folders, as a table: file, nibabel's verdict, ours, equal.

Run: python scripts/check_nifti.py FOLDER...   (made with nibabel 5.4.2, numpy)
Equal means: shape, affine (to 1e-12 of its largest entry), spacing, dtype, scaling, extensions' codes and every value as float32.
Exits with 1 where both read a file and differ, or where we read voxels that nibabel refuses; not for pairs of which
only one half is gzipped, which nibabel does not find.
"""

import hashlib
import json
import logging
import pathlib
import subprocess
import sys
import warnings

import nibabel as nib
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ENDINGS = (".nii", ".nii.gz", ".hdr", ".hdr.gz", ".img", ".img.gz")
MIXED = (".hdr", ".hdr.gz", ".img", ".img.gz")
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


def digest(values):
    """All NaN alike, and -0 as 0: slope -1 without intercept makes the one or the other."""
    numbers = np.ascontiguousarray(values.ravel("F")).astype("<f4") + np.float32(0)
    bits = numbers.view("<u4")
    bits[np.isnan(numbers)] = 0x7FC00000
    return hashlib.sha256(bits.tobytes()).hexdigest()


def reference(path):
    """What nibabel reads, or its error."""
    try:
        image = nib.load(path)
        if isinstance(image, nib.Cifti2Image):
            return {"error": f"Cifti2Image {list(image.shape)}, which has no affine"}
        row = {"kind": type(image).__name__, "shape": list(image.shape)}
        header = image.header
        # The header forgets the scaling once it is read; the voxels' proxy keeps it.
        row["scale"] = [float(image.dataobj.slope), float(image.dataobj.inter)]
        row["dtype"] = str(image.get_data_dtype().newbyteorder("=").name)
        row["affine"] = image.affine.tolist()
        row["spacing"] = [float(size) for size in header["pixdim"][1:4]]
        row["orientation"] = "".join(code or "?" for code in nib.aff2axcodes(image.affine))
        row["extensions"] = [int(extension.get_code()) for extension in getattr(header, "extensions", [])]
        if np.issubdtype(image.get_data_dtype(), np.number) and image.get_data_dtype().kind != "c":
            with np.errstate(all="ignore"):
                row["values"] = digest(np.asanyarray(image.dataobj, dtype=np.float64).astype(np.float32))
        else:
            np.asanyarray(image.dataobj)
        return row
    except Exception as error:  # whatever it says is its verdict
        return {"error": f"{type(error).__name__}: {error}".splitlines()[0]}


def differences(theirs, ours):
    header = ours["header"]
    largest = max(1, np.abs(theirs["affine"]).max())
    same = {
        "shape": theirs["shape"] == header["shape"],
        "affine": np.allclose(theirs["affine"], header["affine"], rtol=0, atol=1e-12 * largest),
        "spacing": np.array_equal(theirs["spacing"], header["spacingMm"]),
        "orientation": theirs["orientation"] == header["orientation"],
        "scale": np.array_equal(theirs["scale"], [header["scale"]["slope"], header["scale"]["intercept"]]),
        "extensions": theirs["extensions"] == [code for code, _ in header["extensions"]],
    }
    if theirs.get("values") is not None and "values" in ours:
        same["values"] = theirs["values"] == ours["values"]
        same["dtype"] = theirs["dtype"] == header["dtype"]
    return [name for name, equal in same.items() if not equal]


def verdict(path, theirs, ours):
    """(equal?, is this an alarm?)"""
    if "error" in theirs:
        if "header" not in ours:
            return "both refuse", False
        mixed = path.name.lower().endswith(MIXED) and ("No such file" in theirs["error"] or "file type" in theirs["error"])
        return "only we read", "values" in ours and not mixed
    if "header" not in ours:
        return "only nibabel reads", False
    wrong = differences(theirs, ours)
    if wrong:
        return "DIFFERENT: " + ", ".join(wrong), True
    return ("equal" if "values" in ours else "equal header, no scalar voxels"), False


def main():
    paths = [
        path
        for folder in sys.argv[1:]
        for path in sorted(pathlib.Path(folder).rglob("*"))
        if path.is_file() and (path.name.lower().endswith(ENDINGS) or "." not in path.name)
    ]
    text = "".join(f"{path}\n" for path in paths)
    run = subprocess.run(["node", HERE / "dump_nifti.js"], input=text, capture_output=True, text=True, check=True)
    alarms, counts = 0, {}
    print("file | nibabel | ours | equal")
    for path, line in zip(paths, run.stdout.splitlines(), strict=True):
        theirs, ours = reference(path), json.loads(line)
        equal, alarm = verdict(path, theirs, ours)
        alarms += alarm
        key = equal.split(":")[0]
        counts[key] = counts.get(key, 0) + 1
        left = theirs.get("error") or f"{theirs['kind']} {theirs['dtype']} {theirs['shape']}"
        header = ours.get("header")
        right = ours.get("error") or f"{header['format']} {header['dtype']} {header['shape']} {header['affineSource']}"
        if header and header["warnings"]:
            right += " (" + "; ".join(header["warnings"]) + ")"
        print(f"{'/'.join(path.parts[-2:])} | {left} | {right} | {equal}")
    print(json.dumps({"files": len(paths), "alarms": alarms, **counts}))
    sys.exit(1 if alarms else 0)


if __name__ == "__main__":
    main()
