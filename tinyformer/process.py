"""Two settings of the process that decide the speed of small matrices. Imported before NumPy, by the package itself."""

import ctypes
import os
import sys

# One BLAS thread: on products as small as ours, two were measured 10 to 60 times slower at times.
# It must be in the environment before NumPy is imported. Whoever sets it otherwise is obeyed.
for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


def keep_freed_memory(num_bytes=1 << 28):
    """Let the C library keep up to `num_bytes` of freed memory instead of returning it to the system at once.

    A training step allocates and frees a few arrays of 200 KB, over and over. With glibc's defaults their pages go
    back each time and are faulted in anew: 210 page faults and a quarter of the time of a step. Elsewhere: no effect.
    """
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # a C library without mallopt, such as musl
        return
    trim_threshold, mmap_threshold = -1, -3  # from malloc.h
    mallopt(trim_threshold, num_bytes)
    mallopt(mmap_threshold, num_bytes)


keep_freed_memory()
