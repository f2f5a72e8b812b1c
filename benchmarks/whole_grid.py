"""The full grid through pytest, against the bare sum of the twin's own computing.

`python -m benchmarks.whole_grid [smoke|default|full]`: `-n 0` and `-n auto`, whole processes. It
is too long for `make bench`, which measures `parity.judge` instead: `benchmarks.configurations`.
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import subprocess
import sys
import time

from parity.cases.draw import draw
from parity.cases.grid import GRIDS
from parity.reference.frameworks.pytorch import twin

FILES = [f"tests/test_{name}.py" for name in ("forward", "gradients", "sgd_step")]


def twin_seconds(grid: str) -> tuple[int, float]:
    """Return the number of configurations and the seconds that the twin alone computes."""
    configs = [config for group in GRIDS[grid].groups() for config in group.configs]
    twin.run(draw(configs[0]))
    total = 0.0
    for config in configs:
        case = draw(config)
        start = time.perf_counter()
        twin.run(case)
        total += time.perf_counter() - start
    return len(configs), total


def grid_seconds(grid: str, workers: str) -> float:
    """Return the seconds that pytest takes as a whole process."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "--parity-grid", grid, *FILES]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main(grid: str = "full") -> None:
    """Print the twin's own seconds, both ways to run the grid, and the ratios."""
    count, alone = twin_seconds(grid)
    serial, parallel = grid_seconds(grid, "0"), grid_seconds(grid, "auto")
    print(f"the {grid} grid: {count} configurations")
    print(f"  the twin's own computing  {alone:6.1f} s")
    print(f"  pytest -n 0               {serial:6.1f} s  {serial / alone:5.2f} of the twin's own")
    print(
        f"  pytest -n auto            {parallel:6.1f} s  {parallel / alone:5.2f} of the twin's own"
    )
    print(f"  -n auto / -n 0            {parallel / serial:6.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
