"""Makes test/volume/fixtures/resample.json and orient.json: what Pillow, scipy, SimpleITK and nibabel compute.

- resize: Pillow's Image.resize of "F" images (BILINEAR and BICUBIC, which widen when shrinking, as PyTorch's
  interpolate(antialias=True) does), along one axis after the other.
- grid: SimpleITK's resampling to an oblique grid, linear and nearest, and scipy's affine_transform(mode="nearest")
  where the grid lies within half a voxel of the source.
- orient: nibabel's 48 orientations, and the way from each to each.

Run: python scripts/make_resample_fixtures.py
(made with SimpleITK 2.5.7, scipy 1.17.1, nibabel 5.4.2, Pillow 13.0.0, numpy 2.4.6; equal runs give equal bytes)
"""

import itertools
import json
import pathlib

import nibabel as nib
import numpy as np
import scipy.ndimage
import SimpleITK as sitk
from nibabel import orientations as orient
from PIL import Image

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "test" / "volume" / "fixtures"
FLIP = np.diag([-1, -1, 1, 1])


def turn(a, b):
    a, b = np.deg2rad(a), np.deg2rad(b)
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    return about_z @ np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])


def affine_of(rotation, spacing, origin):
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.diag(spacing)
    affine[:3, 3] = origin
    return affine


def listed(array, digits=6):
    return [round(float(x), digits) for x in np.asarray(array).ravel()]


def resize_axis(volume, axis, size, method):
    """Along one axis of [z, y, x]."""
    moved = np.moveaxis(volume, axis, -1)
    out = np.empty((*moved.shape[:-1], size), np.float32)
    for index in np.ndindex(moved.shape[:-2]):
        image = Image.fromarray(np.ascontiguousarray(moved[index]))
        out[index] = np.asarray(image.resize((size, moved.shape[-2]), method))
    return np.moveaxis(out, -1, axis)


def resize_cases():
    source = np.random.default_rng(5).normal(0, 10, (4, 5, 6)).round(2).astype(np.float32)
    for name, method in [("linear", Image.Resampling.BILINEAR), ("cubic", Image.Resampling.BICUBIC)]:
        for shape in [(3, 2, 2), (9, 7, 5), (4, 11, 3), (6, 5, 8), (1, 1, 1)]:  # x, y, z
            out = source
            for axis, size in enumerate(reversed(shape)):
                if size != out.shape[axis]:
                    out = resize_axis(out, axis, size, method)
            yield {"interpolation": name, "shape": shape, "values": listed(out)}


def itk_image(data, affine):
    lps = FLIP @ affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    image = sitk.GetImageFromArray(data)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(lps[:3, 3].tolist())
    image.SetDirection((lps[:3, :3] / spacing).ravel().tolist())
    return image


def grid_cases(source, labels, source_affine):
    shape = (6, 5, 4)
    for name, affine in {
        "oblique": affine_of(turn(25, -40), [1.7, 2.1, 2.4], [-9, -7, -5]),
        "shifted": source_affine @ np.array([[1, 0, 0, 0.3], [0, 1, 0, -0.2], [0, 0, 1, 0.45], [0, 0, 0, 1]]),
        "turned": source_affine @ np.array([[0, 0, -1, 5], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]]),
    }.items():
        like = itk_image(np.zeros(tuple(reversed(shape)), np.uint8), affine)
        linear = sitk.Resample(
            itk_image(source, source_affine), like, sitk.Transform(), sitk.sitkLinear, -77.0
        )
        nearest = sitk.Resample(
            itk_image(labels, source_affine), like, sitk.Transform(), sitk.sitkNearestNeighbor, 9
        )
        yield {
            "name": name,
            "shape": shape,
            "affine": affine.tolist(),
            "linear": listed(sitk.GetArrayFromImage(linear)),
            "nearest": sitk.GetArrayFromImage(nearest).ravel().tolist(),
        }


def scipy_case(source, source_affine):
    inner = source_affine @ np.array(
        [[0.9, 0.1, 0, 0.2], [-0.05, 0.8, 0.1, 0.3], [0, 0.1, 0.7, 0.1], [0, 0, 0, 1]]
    )
    matrix = np.linalg.inv(source_affine) @ inner
    shape = (5, 4, 4)
    corners = (
        np.array(list(itertools.product(*[(0, n - 1) for n in shape]))) @ matrix[:3, :3].T + matrix[:3, 3]
    )
    assert (corners > -0.5).all() and (corners < np.array(source.shape[::-1]) - 0.5).all(), corners
    out = scipy.ndimage.affine_transform(
        source.transpose(2, 1, 0).astype(np.float64), matrix, output_shape=shape, order=1, mode="nearest"
    )
    return {"shape": shape, "affine": inner.tolist(), "linear": listed(out.transpose(2, 1, 0))}


def orient_cases():
    tilt = turn(12, 17)
    data = np.arange(24).reshape(2, 3, 4, order="F")
    codes = [
        "".join(letters)
        for axes in itertools.permutations(["RL", "AP", "SI"])
        for letters in itertools.product(*axes)
    ]
    cases = {}
    for code in codes:
        affine = np.eye(4)
        along = np.array(
            [
                [pair.find(letter) * 2 - 1 if letter in pair else 0 for pair in ("LR", "PA", "IS")]
                for letter in code
            ]
        )
        affine[:3, :3] = tilt @ along.T @ np.diag([1.5, 2, 3.25])
        affine[:3, 3] = [4, -5, 6]
        image = nib.Nifti1Image(data.astype(np.uint8), affine)
        assert "".join(nib.aff2axcodes(affine)) == code
        ras = nib.as_closest_canonical(image)
        ways = ""
        for target in codes:
            way = orient.ornt_transform(orient.axcodes2ornt(code), orient.axcodes2ornt(target))
            # Of axis i of the result: which axis of the original, and whether it is reversed ("a" "b" "c": reversed).
            source = [int(np.flatnonzero(way[:, 0] == i)[0]) for i in range(3)]
            ways += "".join("012"[s] if way[s, 1] > 0 else "abc"[s] for s in source)
        cases[code] = {
            "affine": affine.round(12).tolist(),
            "ras": {
                "shape": ras.shape,
                "affine": ras.affine.round(9).tolist(),
                "values": np.asarray(ras.dataobj).ravel(order="F").tolist(),
            },
            "ways": ways,
        }
    return cases


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(11)
    volume = random.normal(0, 10, (4, 5, 6)).round(2).astype(np.float32)
    labels = random.integers(0, 4, (4, 5, 6), np.uint8)
    affine = affine_of(turn(-15, 20), [2, 1.5, 3], [-6, -4, -5])
    resample = {
        "resize": {
            "source": listed(np.random.default_rng(5).normal(0, 10, (4, 5, 6)).round(2).astype(np.float32)),
            "cases": list(resize_cases()),
        },
        "grid": {
            "affine": affine.tolist(),
            "source": listed(volume),
            "labels": labels.ravel().tolist(),
            "cases": list(grid_cases(volume, labels, affine)),
            "scipy": scipy_case(volume, affine),
        },
    }
    (FOLDER / "resample.json").write_text(json.dumps(resample) + "\n")
    lines = [f"{json.dumps(code)}: {json.dumps(case)}" for code, case in orient_cases().items()]
    (FOLDER / "orient.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    for name in ["resample.json", "orient.json"]:
        print(name, (FOLDER / name).stat().st_size, "bytes")
