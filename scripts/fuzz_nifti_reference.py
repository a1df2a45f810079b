"""Spoils header fields of small good NIfTI files and holds our reader against nibabel on every one of them.

Run: python scripts/fuzz_nifti_reference.py [CASES] [SEED]   (made with nibabel 5.4.2, numpy)
Alarms, which make it exit with 1: both read a file and differ in shape, affine, scaling or any value. Counted, with an
example each: what only nibabel reads and what only we read, by our reason.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import nibabel as nib
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from check_nifti import differences, reference  # noqa: E402

NUMBERS = [0, 1, -1, 2, 3, 4, 5, 7, 8, 16, 127, 255, 256, 352, 353, 360, 512, 544, 1000, 27307, 32767, -32768]
REALS = [np.nan, np.inf, -np.inf, 0, -0.0, 1, -1, 0.5, 1.0000001, 1e-45, 3e38, 2, 352.9, 100]
FIELDS = (
    "dim datatype bitpix intent_code pixdim vox_offset scl_slope scl_inter qform_code sform_code quatern_b quatern_c "
    "quatern_d qoffset_x srow_x srow_z xyzt_units glmin dim_info magic"
).split()


def seeds(random):
    affine = np.array([[-1.5, 0, 0.1, 20], [0, -2, 0, 30], [0.2, 0, 3, -40], [0, 0, 0, 1]])
    dtypes = (np.uint8, np.int16, np.int32, np.float32, np.float64, np.uint16, np.int8)
    for kind in (nib.Nifti1Image, nib.Nifti2Image):
        for n, dtype in enumerate(dtypes):
            image = kind(random.integers(0, 100, (3, 2, 2 + n % 3)).astype(dtype), affine)
            image.set_sform(affine, n % 2)
            image.set_qform(affine, 1)
            if n % 3 == 0:
                image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"a comment"))
            for order in "<>":
                data = np.asanyarray(image.dataobj)
                yield type(image)(data, None, image.header.as_byteswapped(order)).to_bytes()


def spoil(data, random):
    """One or two fields with another number."""
    size = 348 if data[:4] in (b"\x5c\x01\x00\x00", b"\x00\x00\x01\x5c") else 540
    kind = nib.Nifti1Header if size == 348 else nib.Nifti2Header
    header = kind(data[:size], check=False)
    for _ in range(random.integers(1, 3)):
        field = random.choice(FIELDS)
        if field not in header.keys():
            continue
        value = header[field]
        pick = random.choice(REALS if value.dtype.kind == "f" else NUMBERS)
        if field == "magic":
            header["magic"] = random.choice([b"n+1", b"ni1", b"n+2", b"ni2", b"", b"abc"])
            continue
        info = np.iinfo(value.dtype) if value.dtype.kind in "iu" else None
        pick = pick if info is None else max(info.min, min(info.max, int(pick)))
        if value.shape:
            value[random.integers(value.size)] = pick
        else:
            header[field] = pick
    data = header.binaryblock + data[size:]
    if random.integers(4) == 0:
        data = data[: random.integers(len(data))]
    return data


def main():
    count, seed = (*map(int, sys.argv[1:]), *(20000, 1)[len(sys.argv) - 1 :])
    random = np.random.default_rng(seed)
    good = list(seeds(random))
    counts, examples, alarms = collections.Counter(), {}, 0
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder) / f"{n}.nii" for n in range(count)]
        for path in paths:
            path.write_bytes(spoil(good[random.integers(len(good))], random))
        text = "".join(f"{path}\n" for path in paths)
        run = subprocess.run(["node", HERE / "dump_nifti.js"], input=text, capture_output=True, text=True, check=True)
        for n, (path, line) in enumerate(zip(paths, run.stdout.splitlines(), strict=True)):
            theirs, ours = reference(path), json.loads(line)
            reason = re.sub(r"[-+]?[\d.]+(e[-+]?\d+)?|NaN|-?Infinity", "N", ours.get("error", ""))
            reason = re.sub(r'Cannot (read|use) "[^"]*": ', "", reason)[:110]
            if "CRASH" in ours.get("error", ""):
                key, alarms = f"CRASH {ours['error'][:300]}", alarms + 1
            elif "error" in theirs and "values" not in ours:
                key = "both refuse"
            elif "error" in theirs:
                key = "only we read: nibabel says " + re.sub(r"/\S*/|[-\d.]+(e[-+]?\d+)?", "N", theirs["error"])[:110]
            elif "values" not in ours and "values" in theirs:
                key = f"only nibabel reads: {reason}"
            elif "values" not in ours:
                key = "no scalar voxels"
            else:
                wrong = differences(theirs, ours)
                key = "DIFFERENT: " + ", ".join(wrong) if wrong else "equal"
                alarms += bool(wrong)
            counts[key] += 1
            examples.setdefault(key, n)
    for key, number in counts.most_common():
        print(f"{number:6d}  {key}" + ("" if key in ("equal", "both refuse") else f"   e.g. case {examples[key]}"))
    print(json.dumps({"cases": count, "seed": seed, "alarms": alarms}))
    sys.exit(1 if alarms else 0)


if __name__ == "__main__":
    main()
