"""Plumbing of the tests: one thread for each worker. The grid is the package's pytest plugin."""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):  # before NumPy: a worker is a process, not a crowd
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

pytest_plugins = ["pytester"]
