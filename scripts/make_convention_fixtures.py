"""What other tools print for small masks, for test/metrics/conventions.test.ts and docs/metrics.md.

Made with Python 3.11, numpy 2.4.6, torch 2.15.0, MONAI 1.6.1, MedPy 0.5.2, Surface-Distance-Based-Measures 0.1 and,
from their repositories, nnU-Net 0e495086 and MetricsReloaded cb38dfc (neither needs to be installed):
  python scripts/make_convention_fixtures.py --nnunet CLONE --metrics-reloaded CLONE
Every value comes from the tool itself; null is NaN, "inf" infinite, "error" that the tool raised an error.
Masks are digits, x fastest.
"""

import argparse
import ast
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

OUT = Path(__file__).parent.parent / "test" / "metrics" / "fixtures" / "conventions.json"
TOLERANCE_MM = 2.0
warnings.filterwarnings("ignore")


def ball(shape, centre, radius):
    """In voxels, whatever the spacing."""
    grid = np.meshgrid(*[np.arange(n) for n in shape], indexing="ij")
    return sum((g - c) ** 2 for g, c in zip(grid, centre)) <= radius**2


def noise(seed, shape, share):
    return np.random.default_rng(seed).random(shape) < share


def smooth(seed, shape, share):
    field = ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), 1.5)
    return field <= np.quantile(field, share)


def one(shape, *at):
    mask = np.zeros(shape, bool)
    mask[at] = True
    return mask


def cases():
    flat, deep = (14, 11), (12, 10, 9)
    disc, orb = ball(flat, (6, 5), 4), ball(deep, (5, 4, 4), 3.5)
    no_disc, no_orb = np.zeros(flat, bool), np.zeros(deep, bool)
    hole = disc & ~ball(flat, (6, 5), 1.5)
    cavity = orb & ~ball(deep, (5, 4, 4), 1.5)
    yield "2D, shifted disc", disc, ball(flat, (8, 5), 4), (1, 1)
    yield "2D, shifted disc, spacing 2 x 1", disc, ball(flat, (8, 5), 4), (2, 1)
    yield "2D, hole", disc, hole, (0.5, 2)
    yield "2D, one pixel each", one(flat, 2, 3), one(flat, 6, 6), (0.5, 3)
    yield "2D, at the edge", ball(flat, (0, 5), 3), ball(flat, (1, 4), 4), (1, 2)
    yield "2D, prediction empty", disc, no_disc, (1, 1)
    yield "2D, truth empty", no_disc, disc, (1, 1)
    yield "2D, both empty", no_disc, no_disc, (1, 1)
    yield "2D, noise", noise(1, flat, 0.3), noise(2, flat, 0.3), (0.7, 1.9)
    yield "2D, identical", disc, disc, (0.5, 2)
    yield "3D, shifted ball", orb, ball(deep, (6, 5, 4), 3.5), (1, 1, 1)
    yield "3D, shifted ball, spacing 0.5 x 2 x 3", orb, ball(deep, (6, 5, 4), 3.5), (0.5, 2, 3)
    yield "3D, hole", orb, cavity, (0.5, 2, 3)
    yield "3D, one voxel each", one(deep, 3, 3, 3), one(deep, 7, 5, 4), (0.5, 2, 3)
    yield "3D, one voxel against a ball", orb, one(deep, 5, 4, 4), (0.5, 2, 3)
    yield "3D, far island", orb, orb | one(deep, 11, 9, 8), (1, 1, 1)
    yield "3D, at the edge", ball(deep, (0, 0, 4), 4), ball(deep, (1, 0, 3), 5), (0.5, 2, 3)
    yield "3D, prediction empty", orb, no_orb, (0.5, 2, 3)
    yield "3D, truth empty", no_orb, orb, (0.5, 2, 3)
    yield "3D, both empty", no_orb, no_orb, (0.5, 2, 3)
    yield "3D, smooth noise", smooth(3, deep, 0.3), smooth(4, deep, 0.3), (0.5, 2, 3)
    yield "3D, noise", noise(5, deep, 0.2), noise(6, deep, 0.2), (1.68, 1.68, 1.56)
    yield "3D, identical", orb, orb, (0.5, 2, 3)
    yield "3D, full image", np.ones(deep, bool), np.ones(deep, bool) & ~one(deep, 0, 0, 0), (1, 1, 1)


def tidy(value):
    value = float(value)
    return None if np.isnan(value) else "inf" if np.isinf(value) else value


def ask(call):
    try:
        return tidy(call())
    except Exception:
        return "error"


def by_monai(truth, prediction, spacing):
    from monai import metrics as m

    def hot(mask):
        return torch.from_numpy(np.stack([~mask, mask])[None].astype(np.float32))

    y, p = hot(truth), hot(prediction)
    return {
        "dice": ask(lambda: m.compute_dice(p, y, include_background=False)),
        "iou": ask(lambda: m.compute_iou(p, y, include_background=False)),
        "hdMm": ask(lambda: m.compute_hausdorff_distance(p, y, spacing=spacing)),
        "hd95Mm": ask(lambda: m.compute_hausdorff_distance(p, y, percentile=95, spacing=spacing)),
        "assdMm": ask(lambda: m.compute_average_surface_distance(p, y, symmetric=True, spacing=spacing)),
        "nsd": ask(lambda: m.compute_surface_dice(p, y, class_thresholds=[TOLERANCE_MM], spacing=spacing)),
    }


def by_medpy(truth, prediction, spacing):
    from medpy.metric import binary as m

    return {
        "dice": ask(lambda: m.dc(prediction, truth)),
        "iou": ask(lambda: m.jc(prediction, truth)),
        "hdMm": ask(lambda: m.hd(prediction, truth, voxelspacing=spacing)),
        "hd95Mm": ask(lambda: m.hd95(prediction, truth, voxelspacing=spacing)),
        "assdMm": ask(lambda: m.assd(prediction, truth, voxelspacing=spacing)),
    }


def by_deepmind(truth, prediction, spacing):
    from surface_distance import metrics as m

    # The package asks for names that numpy 2 and scipy 1.15 no longer have.
    np.Inf, np.NaN, np.NAN = np.inf, np.nan, np.nan
    m.ndimage.filters, m.ndimage.morphology = ndimage, ndimage
    found = m.compute_surface_distances(truth, prediction, spacing)
    there, back = found["distances_gt_to_pred"], found["distances_pred_to_gt"]
    average = m.compute_average_surface_distance(found)
    areas = [np.sum(found["surfel_areas_gt"]), np.sum(found["surfel_areas_pred"])]
    return {
        "dice": ask(lambda: m.compute_dice_coefficient(truth, prediction)),
        "hdMm": ask(lambda: m.compute_robust_hausdorff(found, 100)) if len(there) and len(back) else "inf",
        "hd95Mm": ask(lambda: m.compute_robust_hausdorff(found, 95)),
        "assdMm": ask(lambda: np.dot(average, areas) / np.sum(areas)),
        "masdMm": ask(lambda: np.mean(average)),
        "nsd": ask(lambda: m.compute_surface_dice_at_tolerance(found, TOLERANCE_MM)),
    }


def nnunet_functions(clone):
    """compute_metrics() alone, without the package's imports."""
    path = Path(clone) / "nnunetv2" / "evaluation" / "evaluate_predictions.py"
    wanted = {"region_or_label_to_mask", "compute_tp_fp_fn_tn", "compute_metrics"}
    tree = ast.parse(path.read_text())
    tree.body = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in wanted]
    for node in tree.body:
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
    names = {"np": np}
    exec(compile(tree, str(path), "exec"), names)
    return names["compute_metrics"]


def by_nnunet(compute_metrics, truth, prediction):
    class Reader:
        def read_seg(self, name):
            return {"truth": truth, "prediction": prediction}[name].astype(np.uint8), {}

    with np.errstate(all="ignore"):
        found = compute_metrics("truth", "prediction", Reader(), [1])["metrics"][1]
    return {"dice": tidy(found["Dice"]), "iou": tidy(found["IoU"])}


def by_metrics_reloaded(truth, prediction, spacing):
    from MetricsReloaded.metrics.pairwise_measures import BinaryPairwiseMeasures

    def measures():
        return BinaryPairwiseMeasures(
            prediction.astype(np.uint8),
            truth.astype(np.uint8),
            pixdim=list(spacing),
            dict_args={"nsd": TOLERANCE_MM, "hd_perc": 95},
        )

    return {
        "dice": ask(lambda: measures().dsc()),
        "iou": ask(lambda: measures().intersection_over_union()),
        "hdMm": ask(lambda: measures().measured_hausdorff_distance()),
        "hd95Mm": ask(lambda: measures().measured_hausdorff_distance_perc()),
        "assdMm": ask(lambda: measures().measured_average_distance()),
        "masdMm": ask(lambda: measures().measured_masd()),
        "nsd": ask(lambda: measures().normalised_surface_distance()),
    }


def digits(mask):
    return "".join("1" if v else "0" for v in mask.flatten(order="F"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nnunet", required=True)
    parser.add_argument("--metrics-reloaded", required=True)
    options = parser.parse_args()
    sys.path.insert(0, options.metrics_reloaded)
    compute_metrics = nnunet_functions(options.nnunet)
    found = []
    for name, truth, prediction, sizes in cases():
        spacing = tuple(float(size) for size in sizes)
        found.append(
            {
                "name": name,
                "shape": list(truth.shape),
                "spacingMm": list(spacing),
                "truth": digits(truth),
                "prediction": digits(prediction),
                "monai": by_monai(truth, prediction, spacing),
                "nnunet": by_nnunet(compute_metrics, truth, prediction),
                "medpy": by_medpy(truth, prediction, spacing),
                "deepmind": by_deepmind(truth, prediction, spacing),
                "metricsReloaded": by_metrics_reloaded(truth, prediction, spacing),
            }
        )
    OUT.write_text(json.dumps({"toleranceMm": TOLERANCE_MM, "cases": found}, indent=1) + "\n")
    print(f"{len(found)} cases, {OUT.stat().st_size} bytes")


main()
