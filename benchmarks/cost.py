"""The cost of the verdict: noise floor, arbiter, and the whole default grid.

`python -m benchmarks.cost`: medians, one thread; each figure beside its limit.
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import time
from unittest.mock import patch

import numpy as np
import torch

from benchmarks.timing import medians
from parity import Config, draw, judge, load
from parity.cases.grid import GRIDS
from parity.judging import comparator
from parity.model.branches import Branches
from parity.model.case import Case
from parity.reference.base import Floor
from parity.reference.exact import oracle
from parity.reference.frameworks.pytorch import pytorch, twin
from parity.reference.noise.floor import noise_floor
from parity.reference.thresholds import FEW_COPIES

SHAPES = {
    "(4, 5, 3, 6)": Config(batch=4, steps=5, features=3, hidden=6),
    "(8, 20, 8, 16)": Config(batch=8, steps=20, features=8, hidden=16),
    "(16, 50, 16, 64)": Config(batch=16, steps=50, features=16, hidden=64),
}


def no_floor(_: Case, __: int, ___: Branches | None) -> Floor:
    """Return a noise floor that costs nothing and allows everything."""
    endless = dict.fromkeys(_NAMES, np.asarray(np.inf))
    return Floor(clean={}, gauge=endless, sigma=endless, most={}, near_kink=False)


_GRADIENTS = ("W_x", "W_h", "b", "W_out", "b_out", "x", "h_0")
_NAMES = ("hidden", "logits", "loss", *(f"grad/{name}" for name in _GRADIENTS))


def grid_seconds() -> float:
    """Return the seconds that judging the default grid takes in this process."""
    subject = load("parity.scratch")
    configs = [config for group in GRIDS["default"].groups() for config in group.configs]
    start = time.perf_counter()
    for config in configs:
        judge(subject, draw(config), pytorch)
    return time.perf_counter() - start


def screened_seconds() -> float:
    """Return the same where no noise floor is computed."""
    with patch.object(comparator, "noise_floor", no_floor):
        return grid_seconds()


def exact_seconds(config: Config) -> float:
    case = draw(config)
    (seconds,) = medians(lambda: oracle.exact(case), seconds=0.2, least=3)
    return seconds


def main() -> None:
    """Print each figure of the verdict's cost beside its limit."""
    torch.set_num_threads(1)
    run = load("parity.scratch").run
    case = draw(SHAPES["(8, 20, 8, 16)"])
    floor, both = medians(
        lambda: noise_floor(case, FEW_COPIES), lambda: (run(case), twin.run(case)), seconds=1.0
    )
    print("the verdict's cost")
    print(f"  noise floor / one NumPy and PyTorch run, (8, 20, 8, 16)  {floor / both:.2f}  (2.5)")
    ratios = [grid_seconds() / screened_seconds() for _ in range(3)]
    print(
        f"  default grid / values only screened                      {np.median(ratios):.2f}  (2.2)"
    )
    for shape, config in SHAPES.items():
        print(f"  exact oracle, {shape:18} {exact_seconds(config):22.4f} s")


if __name__ == "__main__":
    main()
