"""Makes test/fixtures/nifti: small synthetic images `x.nii.gz` and what nibabel reads in them, `x.json`.
Pairs are `x.hdr` and `x.img`, perhaps each with `.gz`.

Run: python scripts/make_nifti_fixtures.py   (made with nibabel 5.4.2, numpy; equal runs give equal bytes)
"""

import gzip
import json
import pathlib

import nibabel as nib
import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "test" / "fixtures" / "nifti"
# A turn by 20 degrees about x then 35 about z, steps of 1.5, 2 and 3 mm, x and y mirrored: "LPS".
A, B = np.deg2rad(20), np.deg2rad(35)
TURN = np.array([[np.cos(B), -np.sin(B), 0], [np.sin(B), np.cos(B), 0], [0, 0, 1]]) @ np.array(
    [[1, 0, 0], [0, np.cos(A), -np.sin(A)], [0, np.sin(A), np.cos(A)]]
)
OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = TURN @ np.diag([-1.5, -2, 3])
OBLIQUE[:3, 3] = [-12.5, 30.25, 7]
SHEARED = OBLIQUE.copy()
SHEARED[0, 1] += 0.4
CORONAL = np.array([[0, 0, -3.0, 40], [-1.25, 0, 0, 8], [0, -1.5, 0, 16], [0, 0, 0, 1]])


def values(shape, dtype, low=-100, high=100):
    random = np.random.default_rng(7)
    if np.issubdtype(dtype, np.floating):
        return random.normal(0, 50, shape).astype(dtype)
    low = max(low, np.iinfo(dtype).min)
    return random.integers(low, high, shape, dtype=dtype)


def swapped(image):
    """The same image in a big-endian file."""
    header = image.header.as_byteswapped(">")
    return type(image)(np.asanyarray(image.dataobj), image.affine, header)


def with_transforms(image, sform, qform):
    affine = image.affine.copy()  # set_sform() changes image.affine
    image.set_sform(affine, sform)
    image.set_qform(affine, qform)
    return image


def scaled(data, affine, slope, intercept):
    """Stored values `data`, slope and intercept as they are."""
    image = nib.Nifti1Image(data, affine)
    image.header.set_slope_inter(slope, intercept)
    image.header.set_data_dtype(data.dtype)
    return image


def cases():
    shape = (5, 4, 3)
    one = nib.Nifti1Image
    yield "uint8_little", one(values(shape, np.uint8), OBLIQUE)
    yield "int8_little", one(values(shape, np.int8), CORONAL)
    yield "uint16_big", swapped(one(values(shape, np.uint16, high=60000), OBLIQUE))
    yield "int16_big", swapped(one(values(shape, np.int16), OBLIQUE))
    yield "uint32_big", swapped(one(values(shape, np.uint32, high=2**31), OBLIQUE))
    yield "int32_little", one(values(shape, np.int32, low=-(2**30), high=2**30), OBLIQUE)
    yield "int64_little", one(values(shape, np.int64), OBLIQUE, dtype=np.int64)
    yield "uint64_big", swapped(one(values(shape, np.uint64), OBLIQUE, dtype=np.uint64))
    yield "float32_big", swapped(one(values(shape, np.float32), OBLIQUE))
    yield "float64_big", swapped(one(values(shape, np.float64), OBLIQUE))
    yield "nifti2_float32", nib.Nifti2Image(values(shape, np.float32), SHEARED)
    yield "nifti2_int16_big", swapped(nib.Nifti2Image(values(shape, np.int16), OBLIQUE))
    yield "sform_only_sheared", with_transforms(one(values(shape, np.float32), SHEARED), 2, 0)
    yield "qform_only_oblique", with_transforms(one(values(shape, np.int16), OBLIQUE), 0, 1)
    yield "qform_only_half_turn", with_transforms(one(values(shape, np.int16), np.diag([-2.0, -2, 3, 1])), 0, 1)
    yield "no_transform", with_transforms(one(values(shape, np.int16), np.diag([2.0, 3, 4, 1])), 0, 0)
    yield "slope_intercept", scaled(values(shape, np.int16), OBLIQUE, 0.25, -3.5)
    yield "slope_intercept_int32", scaled(values(shape, np.int32, low=2**24, high=2**25), OBLIQUE, 1e-3, 12)
    yield "flat_16x8", one(values((16, 8), np.float32), CORONAL)
    yield "trailing_axis_16x8x1", one(values((16, 8, 1), np.float32), CORONAL)
    yield "series_3x2x2x2", one(values((3, 2, 2, 2), np.int16), OBLIQUE)
    extended = one(values(shape, np.uint8), OBLIQUE)
    extended.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"sixteen letters!"))
    yield "with_extension", extended
    two = one(values(shape, np.int16), OBLIQUE)
    two.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"a comment that needs some padding"))
    two.header.extensions.append(nib.nifti1.Nifti1Extension("afni", b"<x/>"))
    yield "two_extensions_big", swapped(two)
    seconds = one(values((3, 2, 2, 2), np.int16), OBLIQUE)
    seconds.header.set_xyzt_units("mm", "sec")
    yield "units_mm_sec", seconds
    microns = nib.Nifti2Image(values(shape, np.uint8), OBLIQUE)
    microns.header.set_xyzt_units("micron", "msec")
    yield "units_micron_msec", microns


def pairs():
    """(name with its ending, image)"""
    shape = (5, 4, 3)
    yield "pair_plain.hdr", nib.Nifti1Pair(values(shape, np.int16), OBLIQUE)
    big = nib.Nifti2Pair(values(shape, np.float32), SHEARED)
    yield "pair_nifti2_big.hdr.gz", nib.Nifti2Pair(values(shape, np.float32), SHEARED, big.header.as_byteswapped(">"))
    offset = nib.Nifti1Pair(values(shape, np.uint8), OBLIQUE)
    offset.header.set_data_offset(32)
    offset.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"sixteen letters!"))
    yield "pair_offset_extension.hdr", offset


def to_bytes(image, name):
    """As nibabel writes it, except that stored values of the scaled images stay as they are."""
    data = image.to_bytes()
    if name.startswith("slope_intercept"):
        # On writing, nibabel chooses its own scaling; put ours into scl_slope and scl_inter.
        raw = nib.Nifti1Image(np.asanyarray(image.dataobj), image.affine).to_bytes()
        slope, intercept = (0.25, -3.5) if name == "slope_intercept" else (1e-3, 12)
        data = raw[:112] + np.array([slope, intercept], "<f4").tobytes() + raw[120:]
    return data


SPACE = {"mm": "mm", "meter": "m", "micron": "um", "unknown": "unknown"}
TIME = {"sec": "s", "msec": "ms", "usec": "us", "unknown": "unknown"}


def write_expected(name, read, header):
    """What nibabel says of an image that it read; `header` is made of the stored bytes."""
    slope, intercept = header.get_slope_inter()
    source = "sform" if header["sform_code"] else "qform" if header["qform_code"] else "pixdim"
    space, time = header.get_xyzt_units()
    expected = {
        "format": "NIfTI-2" if header.sizeof_hdr == 540 else "NIfTI-1",
        "littleEndian": header.endianness == "<",
        "shape": list(read.shape),
        "spacingMm": [float(size) for size in header["pixdim"][1:4]],
        "affine": read.affine.tolist(),
        "affineSource": source,
        "orientation": "".join(nib.aff2axcodes(read.affine)),
        "units": {"space": SPACE[space], "time": TIME[time]},
        "extensions": [int(extension.get_code()) for extension in read.header.extensions],
        "dtype": read.get_data_dtype().newbyteorder("=").name,
        "scale": {"slope": 1.0 if slope is None else slope, "intercept": 0.0 if slope is None else intercept},
        "values": read.get_fdata().astype(np.float32).astype(float).ravel("F").tolist(),
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(expected) + "\n")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, image in cases():
        data = to_bytes(image, name)
        (FOLDER / f"{name}.nii.gz").write_bytes(gzip.compress(data, 9, mtime=0))
        # from_bytes() forgets the scaling of the array it holds, so it is asked of the bytes' own header.
        header = type(image.header)(data[: image.header.sizeof_hdr])
        write_expected(name, type(image).from_bytes(data), header)
    for name, image in pairs():
        nib.save(image, FOLDER / name)
        if name.endswith(".gz"):  # again, without the time in gzip's header
            for file in (name, name.replace(".hdr", ".img")):
                content = gzip.decompress((FOLDER / file).read_bytes())
                (FOLDER / file).write_bytes(gzip.compress(content, 9, mtime=0))
        read = nib.load(FOLDER / name)
        with nib.openers.ImageOpener(FOLDER / name) as file:
            write_expected(name.split(".")[0], read, type(image.header)(file.read(image.header.sizeof_hdr)))
    print(f"Wrote {len(list(FOLDER.glob('*.nii.gz')))} images to {FOLDER}")


main()
