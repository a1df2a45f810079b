"""The presets' networks in PyTorch, each after its own source, and the hash that draws their inputs; for make_golden.py."""

from collections import OrderedDict

import numpy as np
import torch
from torch import nn

# Streams of the hash; parameters take 1000 + index, dropout masks 100 + index.
IMAGE, LABELS, IGNORED, INFER_IMAGE, MEANS, VARIANCES, SHAPES, NOISE = 1, 2, 3, 4, 5, 6, 7, 8
MASKS, PARAMETERS = 100, 1000


# --- drawn inputs ---


def mix(h):
    """The finaliser of MurmurHash3: every bit of the result depends on every bit of the 32-bit input."""
    h = np.asarray(h, dtype=np.uint64) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return h ^ (h >> 16)


def draw_integers(seed, stream, count):
    """uint32 as uint64: mix(i + mix(mix(seed) + stream))."""
    return mix(np.arange(count, dtype=np.uint64) + mix(mix(seed) + np.uint64(stream)))


def draw(seed, stream, count, low=0.0, high=1.0):
    return low + (high - low) * (draw_integers(seed, stream, count).astype(np.float64) / 2**32)


def as_float32(values, shape):
    """Rounded to float32, held as float64."""
    return torch.from_numpy(values.astype(np.float32).astype(np.float64).reshape(shape))


def draw_parameters(net, seed, spread):
    """Weights uniform within sqrt(spread / fan-in): 6 is He's variance, 1 is PyTorch's default."""
    for i, (name, parameter) in enumerate(net.named_parameters()):
        shape = parameter.shape
        if parameter.dim() == 4:
            # An up-convolution [I,O,2,2] sums I products for each result, a convolution [O,I,k,k] I * k * k.
            fan_in = shape[0] if ".up." in name else shape[1] * shape[2] * shape[3]
            low, high = -np.sqrt(spread / fan_in), np.sqrt(spread / fan_in)
        elif is_scale(net, name):
            low, high = 0.5, 1.5
        else:
            low, high = -0.25, 0.25
        parameter.data = as_float32(draw(seed, PARAMETERS + i, parameter.numel(), low, high), shape)


# --- networks ---


class Masked(nn.Module):
    """Dropout with a given mask of 0 and 1 / (1 - rate): of whole channels or of single values."""

    def __init__(self, rate, whole_channels):
        super().__init__()
        self.rate, self.whole_channels = rate, whole_channels
        self.seed = self.stream = self.shape = None

    def forward(self, x):
        if not self.training:
            return x
        self.shape = [*x.shape[:2], 1, 1] if self.whole_channels else list(x.shape)
        kept = draw(self.seed, self.stream, int(np.prod(self.shape))) >= self.rate
        return x * as_float32(kept / (1 - self.rate), self.shape)


class Up(nn.Module):
    """One step of the expanding path: up-convolution, skip connection, block."""

    def __init__(self, up, layers, join):
        super().__init__()
        self.up, self.join = up, join
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x, skip):
        x = self.join(skip, self.up(x))
        for name, layer in self.named_children():
            if name != "up":
                x = layer(x)
        return x


class Seed(nn.Module):
    """The student's U: padded double convolutions with ReLU, up-convolutions that halve the channels, 1x1 head."""

    def __init__(self, levels, base, classes, widest=1024):
        super().__init__()
        self.levels = levels
        width = [min(base * 2**level, widest) for level in range(levels + 1)]
        channels = 1
        for level in range(levels):
            self.add_module(f"encoder{level}", nn.Sequential(OrderedDict(self.block(channels, width[level]))))
            channels = width[level]
        self.pool = nn.MaxPool2d(2)
        self.bottleneck = nn.Sequential(OrderedDict(self.deepest(channels, width[levels])))
        for level in reversed(range(levels)):
            raised = self.raised(width[level + 1], width[level])
            up = nn.ConvTranspose2d(width[level + 1], raised, kernel_size=2, stride=2)
            block = OrderedDict(self.block(width[level] + raised, width[level]))
            self.add_module(f"decoder{level}", Up(up, block, self.join))
        self.head = self.last(width[0], classes)

    def block(self, i, o):
        yield "conv0", nn.Conv2d(i, o, 3, padding=1)
        yield "relu0", nn.ReLU()
        yield "conv1", nn.Conv2d(o, o, 3, padding=1)
        yield "relu1", nn.ReLU()

    def deepest(self, i, o):
        return self.block(i, o)

    def raised(self, below, here):
        return here

    def join(self, skip, up):
        return torch.cat((skip, up), dim=1)

    def last(self, i, classes):
        return nn.Conv2d(i, classes, 1)

    def forward(self, x):
        skips = []
        for level in range(self.levels):
            x = self.get_submodule(f"encoder{level}")(x)
            skips.append(x)
            x = self.pool(x)
        x = self.bottleneck(x)
        for level in reversed(range(self.levels)):
            x = self.get_submodule(f"decoder{level}")(x, skips[level])
        return self.head(x)


class Ronneberger(Seed):
    """MICCAI 2015: nothing is padded, the middle of each skip is used, dropout at the end of the contracting path."""

    def block(self, i, o):
        yield "conv0", nn.Conv2d(i, o, 3)
        yield "relu0", nn.ReLU()
        yield "conv1", nn.Conv2d(o, o, 3)
        yield "relu1", nn.ReLU()

    def deepest(self, i, o):
        yield from self.block(i, o)
        yield "dropout", Masked(0.5, whole_channels=False)

    def join(self, skip, up):
        top, left = (skip.shape[2] - up.shape[2]) // 2, (skip.shape[3] - up.shape[3]) // 2
        middle = skip[:, :, top : top + up.shape[2], left : left + up.shape[3]]
        return torch.cat((middle, up), dim=1)


class Sakboonyara(Seed):
    """KST 2019: spatial dropout and batch norm between the two convolutions."""

    def block(self, i, o):
        yield "conv0", nn.Conv2d(i, o, 3, padding=1)
        yield "relu0", nn.ReLU()
        yield "dropout0", Masked(0.25, whole_channels=True)
        yield "norm0", nn.BatchNorm2d(o)
        yield "conv1", nn.Conv2d(o, o, 3, padding=1)
        yield "relu1", nn.ReLU()


class Ptrblck(Seed):
    """github.com/ptrblck/pytorch_misc, unet_demo.py: up-convolutions keep their channels and come first, 3x3 head."""

    def raised(self, below, here):
        return below

    def join(self, skip, up):
        return torch.cat((up, skip), dim=1)

    def last(self, i, classes):
        return nn.Conv2d(i, classes, 3, padding=1)


class Kaggle(Seed):
    """Batch norm after each convolution, which then needs no bias."""

    def block(self, i, o):
        yield "conv0", nn.Conv2d(i, o, 3, padding=1, bias=False)
        yield "norm0", nn.BatchNorm2d(o)
        yield "relu0", nn.ReLU()
        yield "conv1", nn.Conv2d(o, o, 3, padding=1, bias=False)
        yield "norm1", nn.BatchNorm2d(o)
        yield "relu1", nn.ReLU()


class Pelvis(Seed):
    """As nnU-Net: instance norm and leaky ReLU."""

    def block(self, i, o):
        yield "conv0", nn.Conv2d(i, o, 3, padding=1, bias=False)
        yield "norm0", nn.InstanceNorm2d(o, eps=1e-5, affine=True)
        yield "relu0", nn.LeakyReLU(0.01)
        yield "conv1", nn.Conv2d(o, o, 3, padding=1, bias=False)
        yield "norm1", nn.InstanceNorm2d(o, eps=1e-5, affine=True)
        yield "relu1", nn.LeakyReLU(0.01)


def is_scale(net, name):
    owner, _, last = name.rpartition(".")
    norms = (nn.BatchNorm2d, nn.InstanceNorm2d)
    return isinstance(net.get_submodule(owner), norms) and last == "weight"


def our_name(net, name):
    """As src/unet/network.ts names it: the weight of a norm is its scale, the bias its shift."""
    owner, _, last = name.rpartition(".")
    if isinstance(net.get_submodule(owner), (nn.BatchNorm2d, nn.InstanceNorm2d)):
        last = {"weight": "scale", "bias": "shift"}[last]
    return f"{owner}.{last}"


def seed_masks(net, seed):
    masks = [(name, module) for name, module in net.named_modules() if isinstance(module, Masked)]
    for i, (_, module) in enumerate(masks):
        module.seed, module.stream = seed, MASKS + i
    return masks


def batch_norms(net):
    return [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]


def flat(tensors):
    tensors = list(tensors)
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors]) if tensors else torch.zeros(0)
