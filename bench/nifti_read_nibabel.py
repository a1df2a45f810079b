"""One process of bench/nifti-read.js: python nifti_read_nibabel.py FILE WARM_UP TIMED"""

import json
import pathlib
import re
import resource
import sys
import time
import zlib

import nibabel as nib
import numpy as np

path, warm_up, timed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def peak_kb():
    """Linux's maxrss starts at the parent's, its VmHWM does not."""
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def read():
    return np.asarray(nib.load(path).dataobj, dtype=np.float32)


for _ in range(warm_up):
    read()
ms, cpu_ms, total = [], [], 0.0
for _ in range(timed):
    start, cpu_start = time.perf_counter(), time.process_time()
    values = read()
    cpu_ms.append(1000 * (time.process_time() - cpu_start))
    ms.append(1000 * (time.perf_counter() - start))
    total = float(values.ravel("F")[::997].astype(np.float64).sum())
    del values
versions = {
    "nibabel": nib.__version__,
    "numpy": np.__version__,
    "python": sys.version.split()[0],
    "pythonZlib": zlib.ZLIB_RUNTIME_VERSION,
}
print(json.dumps({"ms": ms, "cpuMs": cpu_ms, "peakMb": peak_kb() / 1024, "sum": round(total), "versions": versions}))
