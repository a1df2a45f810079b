"""The default network and recipe in PyTorch, on the patients of one of our runs: a rival for the learning curve.

Python 3.11, torch 2.15.0, nibabel 5.4.2, numpy 2.4.6:
    python bench/curves/train_torch.py DATA RUN OUT.json --minutes 12

DATA is a Decathlon folder of near-isotropic volumes (hippocampus), RUN a run folder of ours on it: its config.json
gives network, batch, loss, optimiser, schedule, average and mirroring, its split.json the patients. Turns, scales,
brightness, contrast, gamma and noise are drawn with our probabilities; blur and loss of resolution are left out.
OUT.json holds the Dice of the validation patients against the minutes of training, validation left out of the clock.
"""

import argparse
import json
import math
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Sequential):
    def __init__(self, inside, out, slope):
        layers = []
        for first in (inside, out):
            layers += [nn.Conv2d(first, out, 3, padding=1, bias=False), nn.InstanceNorm2d(out, affine=True)]
            layers += [nn.LeakyReLU(slope, inplace=True)]
        super().__init__(*layers)


class Unet(nn.Module):
    def __init__(self, unet):
        super().__init__()
        widths = [min(unet["baseWidth"] * 2**i, unet["maxWidth"]) for i in range(unet["levels"] + 1)]
        slope = unet["negativeSlope"]
        self.down = nn.ModuleList(
            Block(a, b, slope) for a, b in zip([unet["inChannels"], *widths], widths)
        )
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in zip(widths, widths[1:]))
        self.merge = nn.ModuleList(Block(2 * a, a, slope) for a in widths[:-1])
        self.head = nn.Conv2d(widths[0], unet["classes"], 1)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")

    def forward(self, x):
        skips = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else F.max_pool2d(x, 2))
            skips.append(x)
        for level in reversed(range(len(self.up))):
            x = self.merge[level](torch.cat([skips[level], self.up[level](x)], 1))
        return self.head(x)


def read_cases(data, patients, canvas, labels):
    """[(name, slices with their neighbours' volume [Z,H,W], masks [Z,H,W])], z-scored by volume, padded to the canvas."""
    height, width = canvas
    cases = []
    for patient in patients:
        name = f"{patient}.nii.gz"
        image = np.asarray(nib.load(data / "imagesTr" / name).dataobj, dtype=np.float32).transpose(2, 1, 0)
        mask = np.rint(np.asarray(nib.load(data / "labelsTr" / name).dataobj)).astype(np.int64).transpose(2, 1, 0)
        image = (image - image.mean()) / image.std()
        top, left = (height - image.shape[1]) // 2, (width - image.shape[2]) // 2
        padding = [(0, 0), (top, height - image.shape[1] - top), (left, width - image.shape[2] - left)]
        classes = np.searchsorted(labels, mask)
        cases.append((name, np.pad(image, padding), np.pad(classes, padding, constant_values=255)))
    return cases


def with_neighbours(volume, z, neighbours):
    at = np.clip(np.arange(z - neighbours, z + neighbours + 1), 0, len(volume) - 1)
    return volume[at]


def augment(image, labels, config, generator):
    """Our changes, on tensors [N,C,H,W] and [N,H,W]."""
    strength = config["strength"]
    n = len(image)
    draw = lambda: torch.rand(n, generator=generator)
    chance = lambda key: draw() < config[key]["probability"] * strength
    between = lambda key: config[key]["low"] + draw() * (config[key]["high"] - config[key]["low"])
    angle = torch.where(chance("rotation"), (2 * draw() - 1) * math.radians(config["rotation"]["degrees"]), 0.0)
    scale = torch.where(chance("scale"), between("scale"), torch.ones(n))
    flip = torch.where((draw() < strength / 2) & config["mirror"]["width"], -1.0, 1.0)
    ratio = image.shape[2] / image.shape[3]
    cos, sin, zero = torch.cos(angle) / scale, torch.sin(angle) / scale, torch.zeros(n)
    rows = [torch.stack([cos * flip, -sin * ratio * flip, zero], 1), torch.stack([sin / ratio, cos, zero], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), image.shape, align_corners=True)
    image = F.grid_sample(image, grid, align_corners=True)
    ones = (labels + 1).float()[:, None]  # 0 is outside
    labels = F.grid_sample(torch.where(ones == 256, 0.0, ones), grid, mode="nearest", align_corners=True)[:, 0].long() - 1
    labels = torch.where(labels < 0, 255, labels)
    each = lambda x: x[:, None, None, None]
    noise = torch.where(chance("noise"), draw() * config["noise"]["deviation"], 0.0)
    image = image + each(noise) * torch.randn(image.shape, generator=generator)
    image = image * each(torch.where(chance("brightness"), between("brightness"), 1.0))
    mean, low, high = image.mean((1, 2, 3), True), image.amin((1, 2, 3), True), image.amax((1, 2, 3), True)
    factor = each(torch.where(chance("contrast"), between("contrast"), 1.0))
    image = torch.minimum(torch.maximum((image - mean) * factor + mean, low), high)
    mean, std = image.mean((1, 2, 3), True), image.std((1, 2, 3), keepdim=True)
    low, high = image.amin((1, 2, 3), True), image.amax((1, 2, 3), True)
    gamma = each(torch.where(chance("gamma"), between("gamma"), 1.0))
    image = ((image - low) / (high - low + 1e-6)).clamp(0, 1) ** gamma
    image = (image - image.mean((1, 2, 3), True)) / (image.std((1, 2, 3), keepdim=True) + 1e-6) * std + mean
    return image, labels


def loss_of(logits, labels, classes):
    known = labels != 255
    truth = F.one_hot(torch.where(known, labels, 0), classes).permute(0, 3, 1, 2) * known[:, None]
    log_probabilities = F.log_softmax(logits, 1)
    cross_entropy = -(truth * log_probabilities).sum() / known.sum()
    p, g = (log_probabilities.exp() * known[:, None])[:, 1:], truth[:, 1:]
    dice = (2 * (p * g).sum((0, 2, 3)) + 1) / (p.sum((0, 2, 3)) + g.sum((0, 2, 3)) + 1)
    return cross_entropy + 1 - dice.mean()


def judge(net, cases, neighbours, labels, mirrored):
    """Mean hard Dice per volume by label, mirrored copies averaged."""
    net.eval()
    scores = [[] for _ in labels[1:]]
    with torch.no_grad():
        for _, volume, mask in cases:
            image = torch.from_numpy(np.stack([with_neighbours(volume, z, neighbours) for z in range(len(volume))]))
            logits = net(image) + (net(image.flip(3)).flip(3) if mirrored else 0)
            found = logits.argmax(1).numpy()
            for i in range(len(labels) - 1):
                a, b = (found == i + 1) & (mask != 255), mask == i + 1
                if a.any() or b.any():
                    scores[i].append(2 * (a & b).sum() / (a.sum() + b.sum()))
    net.train()
    return [float(np.mean(each)) for each in scores]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--validations", type=int, default=12)
    options = parser.parse_args()
    config = json.loads((options.run / "config.json").read_text())
    split = json.loads((options.run / "split.json").read_text())
    torch.manual_seed(config["seed"])
    torch.set_num_threads(config["threads"])
    generator = torch.Generator().manual_seed(config["seed"])
    size, batch = config["input"]["size"], config["batchSize"]
    step_of = 2 ** config["unet"]["levels"]
    canvas = tuple(-(-size[axis] // step_of) * step_of for axis in ("height", "width"))
    neighbours, mirrored = config["input"]["neighbours"], config["augment"]["mirror"]["width"] and config["augment"]["strength"] > 0
    labels = np.arange(config["unet"]["classes"])
    train = read_cases(options.data, split["train"], canvas, labels)
    validate = read_cases(options.data, split["validate"], canvas, labels)
    slices = [(case, z) for case, (_, volume, _) in enumerate(train) for z in range(len(volume))]
    holders = [[(c, z) for c, z in slices if (train[c][2][z] == label).any()] for label in labels[1:]]

    net = Unet(config["unet"]).to(memory_format=torch.channels_last)
    average = {key: value.clone() for key, value in net.state_dict().items()}
    # Only weights decay, as with us.
    weights = [each for each in net.parameters() if each.dim() > 1]
    others = [each for each in net.parameters() if each.dim() == 1]
    groups = [{"params": weights, "weight_decay": config["optimizer"]["weightDecay"]}, {"params": others, "weight_decay": 0}]
    optimizer = torch.optim.AdamW(groups, betas=(config["optimizer"]["beta1"], config["optimizer"]["beta2"]))
    rate, power, warmup = (config["schedule"][key] for key in ("learningRate", "power", "warmupSteps"))
    random = np.random.default_rng(config["seed"])
    order, points, spent, step = [], [], 0.0, 0
    streamed = batch - int(batch * config["oversample"])
    budget = options.minutes * 60

    def pick():
        nonlocal order
        for place in range(batch):
            if place < streamed:
                order = order or list(random.permutation(len(slices)))
                yield slices[order.pop()]
            else:
                held = holders[random.integers(len(holders))]
                yield held[random.integers(len(held))]

    while spent < budget:
        started = time.perf_counter()
        picked = list(pick())
        image = torch.from_numpy(np.stack([with_neighbours(train[c][1], z, neighbours) for c, z in picked]))
        truth = torch.from_numpy(np.stack([train[c][2][z] for c, z in picked]))
        image, truth = augment(image, truth, config["augment"], generator)
        # The schedule follows the clock: how many steps there will be is not known before.
        decay = (1 - min(spent / budget, 1)) ** power
        for group in optimizer.param_groups:
            group["lr"] = rate * min((step + 1) / max(warmup, 1), decay) + 1e-7
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(net(image.contiguous(memory_format=torch.channels_last)), truth, len(labels))
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), config["clipNorm"])
        optimizer.step()
        step += 1
        with torch.no_grad():
            change = 1 - min(config["averageDecay"], step / (9 + step))
            for key, value in net.state_dict().items():
                average[key] += change * (value - average[key])
        spent += time.perf_counter() - started
        if spent >= budget * (len(points) + 1) / options.validations or spent >= budget:
            own = {key: value.clone() for key, value in net.state_dict().items()}
            net.load_state_dict(average)
            dice = judge(net, validate, neighbours, labels, mirrored)
            net.load_state_dict(own)
            points.append({"minutes": spent / 60, "step": step, "loss": loss.item(), "dice": dice, "mean": float(np.mean(dice))})
            print(json.dumps(points[-1]), flush=True)
    options.out.write_text(json.dumps({"name": f"PyTorch {torch.__version__}", "steps": step, "points": points}, indent=1))


main()
