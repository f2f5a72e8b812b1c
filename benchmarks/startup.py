"""compare-one-config as a whole process, against nothing but importing PyTorch.

`python -m benchmarks.startup [--json FILE]`: medians of runs in alternating order.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.report import Report

RUNS = 3
SCRIPT = str(Path(sys.executable).with_name("compare-one-config"))
COMMANDS = {
    "import torch": [sys.executable, "-c", "import torch"],
    "compare-one-config": [SCRIPT],
    "compare-one-config --exact": [SCRIPT, "--exact"],
    "compare-one-config --help": [SCRIPT, "--help"],
}


def seconds(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the median seconds of each command and its ratio to importing torch."""
    given = report.parser("startup", __doc__).parse_args(arguments)
    said = Report("whole processes, seconds and ratio to `import torch`")
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS + 1):
        for name, command in COMMANDS.items():
            taken[name].append(seconds(command))
    medians = {name: statistics.median(times[1:]) for name, times in taken.items()}
    for name, median in medians.items():
        line = f"{name:28} {median:6.2f} {median / medians['import torch']:6.2f}"
        said.row(line, command=name, seconds=median)
    said.write(given.json)


if __name__ == "__main__":
    main()
