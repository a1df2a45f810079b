"""Reference calibration by scikit-learn and torchmetrics, for test/metrics/calibration.test.ts.

Made with Python 3.11, numpy 2.4.6, torch 2.15.0, scikit-learn 1.9.1, torchmetrics 1.9.0:
python scripts/make_calibration_fixture.py
Scores of 400 pixels of 3 classes (label ids 0, 1, 4), the truth drawn so that the model is too sure of itself; some pixels
have no truth (255).
"""

import json
from pathlib import Path

import numpy as np
import torch
from sklearn.calibration import calibration_curve
from torchmetrics.functional.classification import binary_calibration_error, multiclass_calibration_error

OUT = Path(__file__).parent.parent / "test" / "metrics" / "fixtures" / "calibration.json"
IDS = np.array([0, 1, 4])
PIXELS = 400
BINS = 15
LEAST = 0.01


def main():
    rng = np.random.default_rng(20250102)
    scores = (rng.normal(size=(3, PIXELS)) * 3).round(2).astype(np.float32)
    # The truth is drawn from the same scores halved, that is, from a less certain distribution.
    soft = torch.softmax(torch.tensor(scores / 2), 0).numpy().astype(np.float64)
    classes = np.array([rng.choice(3, p=column / column.sum()) for column in soft.T])
    truth = IDS[classes]
    truth[rng.random(PIXELS) < 0.05] = 255
    known = truth != 255
    p = torch.softmax(torch.tensor(scores.astype(np.float64)), 0)[:, known]
    right = torch.tensor(classes[known])
    labels = []
    for k in (1, 2):
        own = p[k].numpy()
        counts = own >= LEAST
        is_label = (right == k).numpy().astype(int)
        frequency, mean = calibration_curve(is_label[counts], own[counts], n_bins=BINS)
        ece = binary_calibration_error(torch.tensor(own[counts]), torch.tensor(is_label[counts]), n_bins=BINS)
        labels.append(
            {"ece": float(ece), "frequency": frequency.tolist(), "mean": mean.tolist(), "below": int((~counts).sum())}
        )
    top = multiclass_calibration_error(p.T, right, 3, n_bins=BINS)
    rows = {
        "scores": [round(float(value), 2) for value in scores.flatten()],
        "truth": truth.tolist(),
        "ece": float(top),
        "labels": labels,
    }
    OUT.write_text(json.dumps(rows, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
