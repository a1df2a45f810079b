"""Golden values by PyTorch, for test/unet/{golden,presets}.test.ts and test/train/trajectory.test.ts.

Made with Python 3.11, torch 2.15.0, numpy 2.4.6:  python scripts/make_golden.py
The networks (golden_networks.py) are written each after its own source, with torch.nn, torch.optim and
torch.nn.functional alone; all is computed in float64 from inputs that float32 holds exactly, and stored as float32.
Inputs (weights, images, labels, dropout masks) are drawn by one integer hash that test/support/golden.ts repeats, so
the files hold results only.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from golden_networks import (
    IGNORED, IMAGE, INFER_IMAGE, LABELS, MEANS, NOISE, SHAPES, VARIANCES,
    Kaggle, Pelvis, Ptrblck, Ronneberger, Sakboonyara, Seed,
    as_float32, batch_norms, draw, draw_integers, draw_parameters, flat, our_name, seed_masks,
)  # fmt: skip
from torch import nn

OUT = Path(__file__).parent.parent / "test" / "fixtures" / "golden"
IGNORE = 255


# --- loss ---


def segmentation_loss(logits, labels, cross_entropy, dice):
    """Cross-entropy over labelled pixels; soft Dice over the batch, foreground only, smooth 1."""
    loss = torch.zeros((), dtype=torch.float64)
    if cross_entropy:
        loss = loss + cross_entropy * F.cross_entropy(logits, labels, ignore_index=IGNORE)
    if dice:
        labelled = labels != IGNORE
        p = torch.softmax(logits, dim=1).permute(1, 0, 2, 3)[:, labelled][1:]
        g = F.one_hot(labels[labelled], logits.shape[1]).T[1:].to(torch.float64)
        scores = (2 * (p * g).sum(dim=1) + 1) / (p.sum(dim=1) + g.sum(dim=1) + 1)
        loss = loss + dice * (1 - scores.mean())
    return loss


# --- one step of every preset ---

LOSS = {"crossEntropy": 1, "dice": 1}
# Small versions; sizes are batch, height, width. `infer` differs from `train`: models accept any size.
CASES = {
    "seed": (Seed, dict(levels=3, base=4, classes=6), (2, 32, 48), (1, 48, 16)),
    "ronneberger": (Ronneberger, dict(levels=4, base=2, classes=6), (2, 188, 204), (1, 220, 188)),
    "sakboonyara": (Sakboonyara, dict(levels=2, base=4, classes=3), (2, 32, 48), (1, 40, 16)),
    "ptrblck": (Ptrblck, dict(levels=2, base=4, classes=3), (2, 32, 48), (1, 40, 16)),
    "kaggle": (Kaggle, dict(levels=2, base=4, classes=3), (2, 32, 48), (1, 40, 16)),
    "pelvis": (Pelvis, dict(levels=3, base=4, classes=6, widest=24), (2, 32, 48), (1, 48, 16)),
}


def kink_margin(net, image):
    """Distance of the nearest activation or pooling window from a kink, where rounding could turn a slope."""
    gaps = []

    def see_relu(_, inputs, __):
        gaps.append(inputs[0].abs().min().item())

    def see_pool(_, inputs, __):
        windows = F.unfold(inputs[0].flatten(0, 1).unsqueeze(1), 2, stride=2)
        best = windows.sort(dim=1).values[:, -2:]
        # Windows of zeros after a ReLU have no slope on any side.
        gap = (best[:, 1] - best[:, 0])[best[:, 1] > 0]
        gaps.append(gap.min().item())

    hooks = [m.register_forward_hook(see_relu) for m in net.modules() if isinstance(m, (nn.ReLU, nn.LeakyReLU))]
    hooks.append(net.pool.register_forward_hook(see_pool))
    with torch.no_grad():
        net(image)
    for hook in hooks:
        hook.remove()
    return min(gaps)


def make_net(kind, sizes, seed, spread=6):
    net = kind(**sizes).to(torch.float64)
    draw_parameters(net, seed, spread)
    return net, seed_masks(net, seed)


def start_statistics(net, seed):
    norms = batch_norms(net)
    total = sum(norm.num_features for norm in norms)
    means, variances = draw(seed, MEANS, total, -0.5, 0.5), draw(seed, VARIANCES, total, 0.5, 1.5)
    at = 0
    for norm in norms:
        to = at + norm.num_features
        norm.running_mean, norm.running_var = as_float32(means[at:to], [-1]), as_float32(variances[at:to], [-1])
        at = to


def draw_image(seed, stream, shape):
    batch, height, width = shape
    return as_float32(draw(seed, stream, batch * height * width, -2, 2), (batch, 1, height, width))


def best_seed(kind, sizes, train):
    """Of 24 seeds that whose forward pass stays farthest from kinks, so that float32 takes the same branches."""

    def margin(seed):
        net, _ = make_net(kind, sizes, seed)
        start_statistics(net, seed)
        return kink_margin(net, draw_image(seed, IMAGE, train))

    margins = {seed: margin(seed) for seed in range(1, 25)}
    seed = max(margins, key=margins.get)
    return seed, margins[seed]


def write(name, described, arrays):
    """name.json (with shapes and offsets in elements) and name.bin (float32, little-endian)."""
    results, offset = {}, 0
    with open(OUT / f"{name}.bin", "wb") as file:
        for key, array in arrays.items():
            results[key] = {"shape": list(array.shape), "offset": offset}
            file.write(array.detach().numpy().astype("<f4").tobytes())
            offset += array.numel()
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in {**described, "results": results}.items()]
    (OUT / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def make_case(name, kind, sizes, train, infer):
    seed, margin = best_seed(kind, sizes, train)
    net, masks = make_net(kind, sizes, seed)
    start_statistics(net, seed)
    logits = net(draw_image(seed, IMAGE, train))
    batch, _, height, width = logits.shape
    count = batch * height * width
    labels = (draw_integers(seed, LABELS, count) % sizes["classes"]).astype(np.int64)
    labels[draw(seed, IGNORED, count) < 0.1] = IGNORE
    labels = torch.from_numpy(labels.reshape(batch, height, width))
    loss = segmentation_loss(logits, labels, LOSS["crossEntropy"], LOSS["dice"])
    loss.backward()
    statistics = flat(t for norm in batch_norms(net) for t in (norm.running_mean, norm.running_var))
    net.eval()
    with torch.no_grad():
        inferred = net(draw_image(seed, INFER_IMAGE, infer))
    described = {
        "seed": seed,
        "kinkMargin": margin,
        "config": config_of(sizes),
        "train": dict(zip(("batch", "height", "width"), train)),
        "infer": dict(zip(("batch", "height", "width"), infer)),
        "lossWeights": LOSS,
        "loss": loss.item(),
        "parameters": [{"name": our_name(net, n), "shape": list(p.shape)} for n, p in net.named_parameters()],
        "masks": [{"name": n, "rate": m.rate, "shape": m.shape} for n, m in masks],
    }
    gradient = flat(p.grad for p in net.parameters())
    write(name, described, {"logits": logits, "gradient": gradient, "statistics": statistics, "inferLogits": inferred})
    print(f"{name}: seed {seed}, margin {margin:.1e}, loss {loss.item():.6f}, {gradient.numel()} parameters")


def config_of(sizes):
    names = {"levels": "levels", "base": "baseWidth", "classes": "classes", "widest": "maxWidth"}
    return {names[key]: value for key, value in sizes.items()}


# --- parameters at full size ---

COUNTED = {
    "seed": (Seed, dict(levels=3, base=64, classes=6)),
    "ronneberger": (Ronneberger, dict(levels=4, base=64, classes=6)),
    "ronneberger, 2 classes": (Ronneberger, dict(levels=4, base=64, classes=2)),
    "ronneberger, 3 levels": (Ronneberger, dict(levels=3, base=64, classes=6)),
    "sakboonyara": (Sakboonyara, dict(levels=4, base=64, classes=6)),
    "ptrblck": (Ptrblck, dict(levels=4, base=64, classes=6)),
    "kaggle": (Kaggle, dict(levels=4, base=64, classes=6)),
    "pelvis": (Pelvis, dict(levels=4, base=16, classes=6, widest=256)),
    "pelvis, widest 64": (Pelvis, dict(levels=4, base=16, classes=6, widest=64)),
}


def count_parameters():
    rows = []
    for title, (kind, sizes) in COUNTED.items():
        with torch.device("meta"):
            net = kind(**sizes)
        statistics = sum(2 * norm.num_features for norm in batch_norms(net))
        count = sum(p.numel() for p in net.parameters())
        preset = title.partition(",")[0]
        row = {"title": title, "preset": preset, "config": config_of(sizes), "parameters": count, "statistics": statistics}
        rows.append(json.dumps(row))
    (OUT / "counts.json").write_text("[\n  " + ",\n  ".join(rows) + "\n]\n")


# --- twenty steps ---


def draw_batch(seed, step, size, classes):
    """Two square images of discs, one for each label; all in integers. The first row of labels is ignored."""
    image, labels = np.zeros((2, size, size)), np.zeros((2, size, size), dtype=np.int64)
    y, x = np.mgrid[0:size, 0:size]
    for k in range(2):
        at = draw_integers(seed, SHAPES + 100 * (2 * step + k), 3 * classes).astype(np.int64)
        for label in range(1, classes):
            # Label 1 is the body; the others lie in it.
            if label == 1:
                cx, cy, r = size // 2 + at[3] % 5 - 2, size // 2 + at[4] % 5 - 2, 3 * size // 8
            else:
                cx, cy = (size // 4 + at[3 * label + j] % (size // 2) for j in range(2))
                r = size // 12 + at[3 * label + 2] % (size // 12)
            labels[k][(x - cx) ** 2 + (y - cy) ** 2 < r * r] = label
        noise = draw_integers(seed, NOISE + 100 * (2 * step + k), size * size).astype(np.int64) % 64
        image[k] = (40 * labels[k] + noise.reshape(size, size) - 128) / 64
    labels[:, 0, :] = IGNORE
    return torch.from_numpy(image).unsqueeze(1), torch.from_numpy(labels)


def make_optimizer(net, config):
    if config["kind"] == "sgd":
        return torch.optim.SGD(net.parameters(), lr=config["learningRate"], momentum=config["momentum"])
    groups = [
        {"params": [p for p in net.parameters() if p.dim() == 4], "weight_decay": config["weightDecay"]},
        {"params": [p for p in net.parameters() if p.dim() != 4], "weight_decay": 0.0},
    ]
    betas = (config["beta1"], config["beta2"])
    return torch.optim.AdamW(groups, lr=config["learningRate"], betas=betas, eps=config["epsilon"])


TRAJECTORIES = {
    "trajectory-sgd": dict(
        preset="seed", kind=Seed, sizes=dict(levels=3, base=8, classes=6), spread=1, size=64, clipNorm=0,
        lossWeights={"crossEntropy": 1, "dice": 0},
        optimizer={"kind": "sgd", "learningRate": 0.05, "momentum": 0.9, "nesterov": False, "weightDecay": 0},
    ),
    "trajectory-adamw": dict(
        preset="pelvis", kind=Pelvis, sizes=dict(levels=3, base=4, classes=6), spread=6, size=32, clipNorm=1,
        lossWeights={"crossEntropy": 1, "dice": 1},
        optimizer={"kind": "adamw", "learningRate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.01},
    ),
}  # fmt: skip


def make_trajectory(name, preset, kind, sizes, spread, size, clipNorm, lossWeights, optimizer, seed=1, steps=20):
    net, _ = make_net(kind, sizes, seed, spread)
    stepper = make_optimizer(net, optimizer)
    losses, norms = [], []
    for step in range(steps):
        image, labels = draw_batch(seed, step, size, sizes["classes"])
        stepper.zero_grad()
        loss = segmentation_loss(net(image), labels, lossWeights["crossEntropy"], lossWeights["dice"])
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(net.parameters(), clipNorm or float("inf")).item())
        stepper.step()
        losses.append(loss.item())
    if losses[-1] > 0.7 * losses[0]:
        raise SystemExit(f"{name}: the loss does not fall: {losses}")
    described = {
        "preset": preset, "seed": seed, "spread": spread, "config": config_of(sizes), "size": size, "clipNorm": clipNorm,
        "lossWeights": lossWeights, "optimizer": optimizer, "losses": losses, "gradientNorms": norms,
    }  # fmt: skip
    write(name, described, {"parameters": flat(net.parameters())})
    print(f"{name}: loss {losses[0]:.4f} -> {losses[-1]:.4f}, gradient norms {min(norms):.3f} to {max(norms):.3f}")


def main():
    # One thread, so that sums are taken in one order and a second run gives the same bytes.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    OUT.mkdir(parents=True, exist_ok=True)
    for name, (kind, sizes, train, infer) in CASES.items():
        make_case(name, kind, sizes, train, infer)
    count_parameters()
    for name, options in TRAJECTORIES.items():
        make_trajectory(name, **options)


if __name__ == "__main__":
    main()
