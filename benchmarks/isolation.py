"""The cost of the subject's own process: the default grid, with the subject there and here.

`python -m benchmarks.isolation`: alternating, one thread in each process; beside it the limit.
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import statistics
import time

import torch

from parity import Config, Subject, draw, isolated, judge, load
from parity.cases.grid import GRIDS
from parity.execution.ask import observe
from parity.execution.process import closed
from parity.reference.frameworks.pytorch import pytorch

ROUNDS = 5
CONFIGS = [config for group in GRIDS["default"].groups() for config in group.configs]


def grid_seconds(subject: Subject) -> float:
    """Return the seconds that judging the default grid takes."""
    start = time.perf_counter()
    for config in CONFIGS:
        judge(subject, draw(config), pytorch)
    return time.perf_counter() - start


def asking_seconds(subject: Subject, config: Config, times: int = 200) -> float:
    """Return the median seconds that both answers to one case take."""
    case, taken = draw(config), []
    for _ in range(times):
        start = time.perf_counter()
        observe(subject, case)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main() -> None:
    """Print both times over the default grid, their ratio, and the cost of one question."""
    torch.set_num_threads(1)
    here, there = load("parity.scratch"), isolated("parity.scratch")
    taken = [(grid_seconds(there), grid_seconds(here)) for _ in range(ROUNDS)]
    own, same = (statistics.median(times) for times in zip(*taken, strict=True))
    ratio = statistics.median(one / other for one, other in taken)
    print("the subject in its own process, over the default grid")
    print(f"  there  {own:6.2f} s")
    print(f"  here   {same:6.2f} s")
    print(f"  ratio  {ratio:6.2f}  (1.3)")
    for config in (Config(), Config(batch=32, steps=28, features=10, hidden=64)):
        both = [1e3 * asking_seconds(subject, config) for subject in (there, here)]
        print(f"  both answers to {config}: {both[0]:.2f} ms there, {both[1]:.2f} ms here")
    closed(there)


if __name__ == "__main__":
    main()
