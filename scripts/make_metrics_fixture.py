"""Reference surface distances by scipy, for test/metrics/scipy.test.ts.

Made with Python 3.11, numpy 2.4.6, scipy 1.17.1:  python scripts/make_metrics_fixture.py
Each case is a pair of smooth random masks; digits are voxels, x fastest. The reference takes another road than ours:
surface = mask minus its binary erosion, distances from scipy's distance_transform_edt of the whole image.
"""

import json
from pathlib import Path

import numpy as np
from scipy import ndimage

OUT = Path(__file__).parent.parent / "test" / "metrics" / "fixtures" / "scipy.json"
TOLERANCE_MM = 2.0
# Shape and spacing along x, y, z; smoothing in voxels (0 = single-voxel noise); share of voxels inside.
CASES = [
    ((16, 12, 10), (1.0, 1.0, 1.0), 2.0, 0.3),
    ((13, 17, 9), (0.7, 1.9, 3.1), 1.5, 0.4),
    ((10, 10, 14), (1.68, 1.68, 1.56), 0.0, 0.02),
    ((40, 31, 1), (2.0, 1.0, 5.0), 2.5, 0.3),
    ((25, 30, 1), (0.4, 1.1, 1.0), 0.0, 0.1),
    ((9, 8, 7), (5.0, 0.3, 1.2), 1.0, 0.9),
]


def random_mask(rng, shape, smoothing, share):
    field = rng.random(shape)
    if smoothing > 0:
        field = ndimage.gaussian_filter(field, [smoothing if n > 1 else 0 for n in shape])
    return field <= np.quantile(field, share)


def surface(mask):
    """Squeezed first, so that a slice is eroded in 2D."""
    flat = mask[..., 0] if mask.shape[2] == 1 else mask
    return (flat & ~ndimage.binary_erosion(flat, border_value=0)).reshape(mask.shape)


def directed(source, target, spacing):
    return ndimage.distance_transform_edt(~surface(target), sampling=spacing)[surface(source)]


def digits(mask):
    return "".join("1" if voxel else "0" for voxel in mask.flatten(order="F"))


def main():
    rng = np.random.default_rng(20250101)
    rows = []
    for shape, spacing, smoothing, share in CASES:
        truth = random_mask(rng, shape, smoothing, share)
        prediction = random_mask(rng, shape, smoothing, share)
        there = directed(truth, prediction, spacing)
        back = directed(prediction, truth, spacing)
        both = np.concatenate([there, back])
        rows.append(
            {
                "shape": shape,
                "spacingMm": spacing,
                "truth": digits(truth),
                "prediction": digits(prediction),
                "dice": 2 * int((truth & prediction).sum()) / int(truth.sum() + prediction.sum()),
                "hdMm": float(both.max()),
                "hd95Mm": float(max(np.percentile(there, 95), np.percentile(back, 95))),
                "assdMm": float(both.mean()),
                "nsd": float((both <= TOLERANCE_MM).mean()),
            }
        )
        print(shape, spacing, {k: round(v, 4) for k, v in rows[-1].items() if isinstance(v, float)})
    OUT.write_text(json.dumps(rows, indent=1) + "\n")


main()
