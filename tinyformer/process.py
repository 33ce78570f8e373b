"""Two settings of the process that decide the speed of small matrices: the package imports it before all else. And
what Windows does differently with files."""

import ctypes
import os
import sys
import time

SETTINGS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


def use_one_blas_thread():
    """On products as small as ours, two threads were measured 10 to 60 times slower at times.

    NumPy reads the environment when it is imported. If that has happened already, its OpenBLAS is told directly.
    Whoever has set the environment otherwise is obeyed.
    """
    if any(name in os.environ for name in SETTINGS):
        return
    os.environ.update(dict.fromkeys(SETTINGS, "1"))  # for NumPy, and for the processes we start
    core = sys.modules.get("numpy._core._multiarray_umath")
    if core is not None:
        library = ctypes.CDLL(core.__file__)
        for name in ("scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads", "openblas_set_num_threads"):
            if hasattr(library, name):
                getattr(library, name)(1)


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


def binary(flags):
    """Flags for `os.open`. Windows writes the byte 0x0A as two unless it is told not to."""
    return flags | getattr(os, "O_BINARY", 0)


def replace(source, target, patience=2.0):
    """`os.replace`. On Windows it is refused while somebody reads the target, which here takes some milliseconds."""
    until = time.monotonic() + patience
    while True:
        try:
            return os.replace(source, target)
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > until:
                raise
            time.sleep(0.01)


use_one_blas_thread()
keep_freed_memory()
