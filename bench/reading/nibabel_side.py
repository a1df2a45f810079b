"""One process of bench/reading/run.js: python nibabel_side.py FOLDER epochs WORKERS | decode alone|threads|processes

torch 2.15.0, nibabel, numpy: what a PyTorch project does with a folder of slices. "epochs" prints the seconds of the first
epoch, from the files, and of a later one, with all slices held as tensors; "decode" those of finding and reading all files
to float32 images and uint8 masks in memory, in one loop, in two threads or in two worker processes. (What workers send is
copied to be held: some hundredths of the first epoch.)
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

BATCH = 8


class Slices(Dataset):
    def __init__(self, folder):
        self.pairs = []
        for split in ("train", "validate", "test"):
            for image in sorted((folder / f"keras_slices_{split}").glob("case_*.nii.gz")):
                mask = folder / f"keras_slices_seg_{split}" / image.name.replace("case_", "seg_")
                self.pairs.append((image, mask))

    def __len__(self):
        return len(self.pairs)

    def arrays(self, index):
        image, mask = self.pairs[index]
        x = np.asarray(nib.load(image).dataobj, dtype=np.float32)
        return x, np.asarray(nib.load(mask).dataobj).astype(np.uint8)

    def __getitem__(self, index):
        x, y = self.arrays(index)
        x = (x - x.mean()) / (x.std() + 1e-8)
        return torch.from_numpy(x).T[None], torch.from_numpy(y).T


class Raw(Slices):
    def __getitem__(self, index):
        x, y = self.arrays(index)
        return torch.from_numpy(x), torch.from_numpy(y)


def decode(folder, how):
    started, before = time.perf_counter(), time.process_time()
    slices = Raw(folder)
    if how == "threads":
        with ThreadPoolExecutor(2) as pool:
            held = list(pool.map(slices.arrays, range(len(slices))))
    elif how == "processes":
        loader = DataLoader(slices, batch_size=None, num_workers=2)
        held = [(x.clone(), y.clone()) for x, y in loader]
    else:
        held = [slices.arrays(index) for index in range(len(slices))]
    seconds, processor = time.perf_counter() - started, time.process_time() - before
    total = sum(float(x[0, 0]) + float(y[0, 0]) for x, y in held)
    print(json.dumps({"decoded": seconds, "processor": processor, "slices": len(slices), "sum": total}))


def epochs(folder, workers):
    torch.manual_seed(0)
    started = time.perf_counter()
    slices = Slices(folder)
    loader = DataLoader(slices, BATCH, shuffle=True, num_workers=workers, drop_last=True)
    held = [(x.clone(), y.clone()) for x, y in loader]
    first = time.perf_counter() - started
    memory = TensorDataset(torch.cat([x for x, _ in held]), torch.cat([y for _, y in held]))
    later = DataLoader(memory, BATCH, shuffle=True, drop_last=True)
    before = time.perf_counter()
    total = sum(float(x[0, 0, 0, 0]) + float(y[0, 0, 0]) for x, y in later)
    seconds = time.perf_counter() - before
    print(json.dumps({"first": first, "later": seconds, "slices": len(slices), "sum": total}))


if __name__ == "__main__":
    if sys.argv[2] == "decode":
        decode(Path(sys.argv[1]), sys.argv[3])
    else:
        epochs(Path(sys.argv[1]), int(sys.argv[3]))
