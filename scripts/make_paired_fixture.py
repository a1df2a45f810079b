"""Writes test/metrics/fixtures/paired.json: p-values by scipy's permutation test, Holm's correction by its definition.

    pip install numpy scipy && python scripts/make_paired_fixture.py

Made with scipy 1.17.1 and numpy 2.4.6.
"""

import json
from pathlib import Path

import numpy as np
from scipy.stats import permutation_test


def sign_flip(differences, resamples):
    # One sample of differences: "samples" flips the sign of each, as scipy's documentation has it for one sample.
    found = permutation_test(
        (np.asarray(differences),),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        alternative="two-sided",
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def holm(values):
    order = sorted(range(len(values)), key=lambda i: values[i])
    corrected, largest = [0.0] * len(values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - rank) * values[i]))
        corrected[i] = largest
    return corrected


rng = np.random.default_rng(7)
exact, drawn = [], []
for n, shift in [(3, 0.02), (6, 0.0), (8, 0.03), (11, 0.02), (13, 0.01)]:
    differences = [round(float(d), 4) for d in rng.normal(shift, 0.03, n)]
    exact.append({"differences": differences, "p": sign_flip(differences, np.inf)})
for n, shift in [(24, 0.006), (33, 0.01), (60, 0.0)]:
    differences = [round(float(d), 4) for d in rng.normal(shift, 0.03, n)]
    drawn.append({"differences": differences, "p": sign_flip(differences, 200_000)})
lists = [[0.01, 0.04, 0.03], [0.5, 0.5], [0.2], [0.001, 0.02, 0.02, 0.8, 0.04]]
out = {"exact": exact, "drawn": drawn, "holm": [{"p": p, "corrected": holm(p)} for p in lists]}
path = Path(__file__).parent.parent / "test/metrics/fixtures/paired.json"
path.write_text(json.dumps(out, indent=2) + "\n")
print(json.dumps(out["exact"], indent=1), [d["p"] for d in drawn])
