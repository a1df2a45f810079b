"""The same network, batch and step in PyTorch, in a process of its own, as ours.js: its folder holds what ours.js wrote.

Python 3.11, torch 2.15.0, numpy 2.4.6: driven by bench/steps/run.js, with PYTHON naming the interpreter.
    python bench/steps/torch_side.py '{"folder":…,"mode":"train"|"infer","threads":2,"variant":"nchw"|"channels-last"|"compiled"|"bf16"}'
"""

import json
import math
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Mask(nn.Module):
    """Dropout with the mask that the others use."""

    def __init__(self, mask):
        super().__init__()
        self.mask = mask

    def forward(self, x):
        return x * self.mask if self.training else x


def block(unet, inside, out, name, masks):
    layers, counts = nn.Sequential(), {}
    pad = 1 if unet["padding"] == "same" else 0
    steps = unet["block"]
    for i, step in enumerate(steps):
        label = f"{step}{counts.get(step, 0)}"
        counts[step] = counts.get(step, 0) + 1
        if step == "conv":
            normed = steps[i + 1 : i + 2] == ["norm"] and unet["normalisation"] != "none"
            layers.add_module(label, nn.Conv2d(inside, out, 3, padding=pad, bias=not normed))
            inside = out
        elif step == "norm":
            kinds = {"instance": lambda: nn.InstanceNorm2d(out, affine=True), "batch": lambda: nn.BatchNorm2d(out)}
            layers.add_module(label, kinds[unet["normalisation"]]())
        elif step == "activation":
            slope = unet["negativeSlope"]
            layers.add_module(label, nn.ReLU(inplace=True) if slope == 0 else nn.LeakyReLU(slope, inplace=True))
        elif f"{name}.{label}" in masks:
            layers.add_module(label, Mask(masks[f"{name}.{label}"]))
    return layers


class Unet(nn.Module):
    def __init__(self, unet, masks):
        super().__init__()
        self.levels, self.upfirst = unet["levels"], unet["concat"] == "up-first"
        self.supervised = unet["deepSupervision"]
        widths = [min(unet["baseWidth"] * 2**i, unet["maxWidth"]) for i in range(self.levels + 1)]
        inside = unet["inChannels"]
        for level in range(self.levels):
            self.add_module(f"encoder{level}", block(unet, inside, widths[level], f"encoder{level}", masks))
            inside = widths[level]
        self.bottleneck = block(unet, inside, widths[-1], "bottleneck", masks)
        self.lowest = Mask(masks["bottleneck.dropout"]) if "bottleneck.dropout" in masks else nn.Identity()
        inside = widths[-1]
        for level in reversed(range(self.levels)):
            raised = widths[level] if unet["upChannels"] == "halve" else inside
            merge = block(unet, widths[level] + raised, widths[level], f"decoder{level}", masks)
            merge.add_module("up", nn.ConvTranspose2d(inside, raised, 2, stride=2))
            self.add_module(f"decoder{level}", merge)
            inside = widths[level]
            if 0 < level <= self.supervised:
                self.add_module(f"head{level}", nn.Conv2d(inside, unet["classes"], 1))
        kernel = unet["headKernel"]
        self.head = nn.Conv2d(inside, unet["classes"], kernel, padding=kernel // 2 if unet["padding"] == "same" else 0)

    def forward(self, x):
        skips, scores = [], []
        for level in range(self.levels):
            x = getattr(self, f"encoder{level}")(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.lowest(self.bottleneck(x))
        for level in reversed(range(self.levels)):
            merge = getattr(self, f"decoder{level}")
            x, skip = merge.up(x), skips[level]
            top, left = (skip.shape[2] - x.shape[2]) // 2, (skip.shape[3] - x.shape[3]) // 2
            skip = skip[:, :, top : top + x.shape[2], left : left + x.shape[3]]
            x = torch.cat([x, skip] if self.upfirst else [skip, x], 1)
            for name, layer in merge.named_children():
                if name != "up":
                    x = layer(x)
            if self.training and 0 < level <= self.supervised:
                scores.insert(0, getattr(self, f"head{level}")(x))
        return [self.head(x), *scores] if self.training else self.head(x)


def level_loss(logits, truth, weights):
    log_probabilities = F.log_softmax(logits, 1)
    loss = 0
    if weights["crossEntropy"] > 0:
        loss = loss - weights["crossEntropy"] * (truth * log_probabilities).sum() / truth.sum()
    if weights["dice"] > 0:
        p, g = (log_probabilities.exp() * truth.sum(1, True))[:, 1:], truth[:, 1:]
        dice = (2 * (p * g).sum((0, 2, 3)) + 1) / (p.sum((0, 2, 3)) + g.sum((0, 2, 3)) + 1)
        loss = loss + weights["dice"] * (1 - dice.mean())
    return loss


def loss_of(scores, labels, weights):
    if len(scores) == 1 and weights["dice"] == 0:
        return F.cross_entropy(scores[0], labels, ignore_index=255)
    classes = scores[0].shape[1]
    known = labels != 255
    truth = F.one_hot(torch.where(known, labels, 0), classes).permute(0, 3, 1, 2).float() * known[:, None]
    shares = [0.5**level for level in range(len(scores))]
    return sum(
        share / sum(shares) * level_loss(logits, truth if level == 0 else F.avg_pool2d(truth, 2**level), weights)
        for level, (logits, share) in enumerate(zip(scores, shares))
    )


def augment(image, labels, config):
    """The same kinds of changes with the same probabilities, on tensors [N,C,H,W] and [N,H,W]."""
    n, _, height, width = image.shape
    chance = lambda key: torch.rand(n) < config[key]["probability"]
    between = lambda key: config[key]["low"] + torch.rand(n) * (config[key]["high"] - config[key]["low"])
    each = lambda x: x[:, None, None, None]
    angle = torch.where(chance("rotation"), (2 * torch.rand(n) - 1) * math.radians(config["rotation"]["degrees"]), 0.0)
    scale = torch.where(chance("scale"), between("scale"), torch.ones(n))
    flip = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    ratio, zero = height / width, torch.zeros(n)
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    rows = [torch.stack([cos * flip, -sin * ratio * flip, zero], 1), torch.stack([sin / ratio, cos, zero], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), image.shape, align_corners=True)
    image = F.grid_sample(image, grid, align_corners=True)
    ones = (labels + 1).float()[:, None]
    labels = F.grid_sample(ones, grid, mode="nearest", align_corners=True)[:, 0].long() - 1
    labels = torch.where(labels < 0, 255, labels)
    image = image + each(torch.where(chance("noise"), torch.rand(n) * config["noise"]["deviation"], 0.0)) * torch.randn_like(image)
    for i in torch.nonzero(chance("blur")).flatten():
        sigma = float(config["blur"]["low"] + torch.rand(1) * (config["blur"]["high"] - config["blur"]["low"]))
        reach = torch.arange(-4.0, 5.0)
        taps = torch.exp(-(reach**2) / (2 * sigma**2))
        taps = taps / taps.sum()
        one = image[i : i + 1].transpose(0, 1)
        one = F.conv2d(F.conv2d(one, taps.view(1, 1, 9, 1), padding=(4, 0)), taps.view(1, 1, 1, 9), padding=(0, 4))
        image[i] = one.transpose(0, 1)[0]
    image = image * each(torch.where(chance("brightness"), between("brightness"), 1.0))
    mean, low, high = image.mean((1, 2, 3), True), image.amin((1, 2, 3), True), image.amax((1, 2, 3), True)
    image = torch.minimum(torch.maximum((image - mean) * each(torch.where(chance("contrast"), between("contrast"), 1.0)) + mean, low), high)
    for i in torch.nonzero(chance("lowResolution")).flatten():
        zoom = float(config["lowResolution"]["low"] + torch.rand(1) * (1 - config["lowResolution"]["low"]))
        small = F.interpolate(image[i : i + 1], scale_factor=zoom, mode="nearest")
        image[i] = F.interpolate(small, size=(height, width), mode="bilinear")[0]
    mean, std = image.mean((1, 2, 3), True), image.std((1, 2, 3), keepdim=True)
    low, high = image.amin((1, 2, 3), True), image.amax((1, 2, 3), True)
    gamma = each(torch.where(chance("gamma"), between("gamma"), 1.0))
    image = ((image - low) / (high - low + 1e-6)).clamp(0, 1) ** gamma
    image = (image - image.mean((1, 2, 3), True)) / (image.std((1, 2, 3), keepdim=True) + 1e-6) * std + mean
    return image, labels


def make_optimizer(net, work):
    o = work["optimizer"]
    if o["kind"] == "sgd":
        return torch.optim.SGD(
            net.parameters(),
            lr=work["learningRate"],
            momentum=o["momentum"],
            nesterov=o["nesterov"],
            weight_decay=o["weightDecay"],
            fused=True,
        )
    weights = [each for each in net.parameters() if each.dim() > 1]
    others = [each for each in net.parameters() if each.dim() == 1]
    decay = o["weightDecay"] if o["kind"] == "adamw" else 0
    groups = [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0}]
    return torch.optim.AdamW(groups, lr=work["learningRate"], betas=(o["beta1"], o["beta2"]), fused=True)


def main():
    options = json.loads(sys.argv[1])
    folder, variant = Path(options["folder"]), options["variant"]
    torch.set_num_threads(options["threads"])
    torch.manual_seed(0)
    started = time.perf_counter()
    work = json.loads((folder / "work.json").read_text())
    read = lambda name, shape, kind=np.float32: torch.from_numpy(np.fromfile(folder / name, dtype=kind).reshape(shape))
    masks = {name: read(f"{name}.f32", shape) for name, shape in work["masks"].items()}
    net = Unet(work["unet"], masks)
    flat = read("parameters.f32", -1)
    at = 0
    for each in work["parameters"]:
        owner, _, last = each["name"].rpartition(".")
        size = math.prod(each["shape"])
        last = {"scale": "weight", "shift": "bias"}.get(last, last)
        getattr(net.get_submodule(owner), last).data = flat[at : at + size].reshape(each["shape"]).clone()
        at += size
    assert at == sum(each.numel() for each in net.parameters())
    # At inference a batch of its own.
    image = read("image.f32", work["imageShape"])
    if options["mode"] == "infer":
        image = image[:1].repeat(options["batch"], 1, 1, 1)
    labels = read("labels.u8", work["labelShape"], np.uint8).long()
    if variant != "nchw":
        net = net.to(memory_format=torch.channels_last)
        image = image.contiguous(memory_format=torch.channels_last)
        for module in net.modules():
            if isinstance(module, Mask):
                module.mask = module.mask.contiguous(memory_format=torch.channels_last)
    half = torch.autocast("cpu", torch.bfloat16, enabled=variant == "bf16")
    net.train(options["mode"] == "train")
    if variant == "compiled":
        if options["mode"] == "infer":
            import torch._inductor.config as inductor

            inductor.freezing = True

    if options["mode"] == "infer":
        run = torch.compile(net) if variant == "compiled" else net

        def go():
            with torch.inference_mode(), half:
                return run(image)

    else:
        optimizer = make_optimizer(net, work)

        def judge(x, y):
            with half:
                scores = net(x)
            return loss_of([each.float() for each in scores], y, work["loss"])

        run = torch.compile(judge) if variant == "compiled" else judge
        average = [each.detach().clone() for each in net.parameters()]
        step = 0

        def go():
            nonlocal step
            x, y = (image, labels) if work["augment"] is None else augment(image, labels, work["augment"])
            if variant != "nchw":
                x = x.contiguous(memory_format=torch.channels_last)
            optimizer.zero_grad(set_to_none=True)
            loss = run(x, y)
            loss.backward()
            if work["clipNorm"] > 0:
                nn.utils.clip_grad_norm_(net.parameters(), work["clipNorm"])
            optimizer.step()
            step += 1
            if work["averageDecay"] > 0:
                change = 1 - min(work["averageDecay"], step / (9 + step))
                with torch.no_grad():
                    torch._foreach_lerp_(average, [each.detach() for each in net.parameters()], change)
            return loss.item()

    answer = lambda value: print(json.dumps(value), flush=True)
    answer({"readyMs": 1e3 * (time.perf_counter() - started)})
    for line in sys.stdin:
        if line.strip() == "end":
            break
        before = time.perf_counter()
        result = go()
        ms = 1e3 * (time.perf_counter() - before)
        answer({"ms": ms, "loss": result if isinstance(result, float) else float(result.abs().mean())})
    answer({"peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024})


main()
