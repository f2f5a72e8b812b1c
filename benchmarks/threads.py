"""How many threads NumPy, PyTorch and XLA may use."""

import os

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.timing import cores_busy


def available() -> int:
    """Return the number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limit(threads: int) -> None:
    """Let all of them use `threads` threads in this process. Call it before JAX is imported.

    XLA on a CPU reads NPROC, and neither --xla_cpu_multi_thread_eigen nor
    intra_op_parallelism_threads; but its pool of one thread works beside the calling thread. So the
    whole process is kept on `threads` cores, if the system can do it.
    """
    os.environ["NPROC"] = str(threads)
    threadpool_limits(limits=threads)
    torch.set_num_threads(threads)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def free() -> float:
    """Return how many cores the threads of a large matrix product get, of those they may use."""
    a = np.ones((1024, 1024))
    return cores_busy(lambda: a @ a, seconds=1.0)
