"""The memory that a training step fills, beside the memory that it needs at least.

`python -m benchmarks.memory [--json FILE]`. A step must keep the inputs (x and h_0, until the
backward pass reads them again), every hidden state, the weights, and the gradients of the weights,
of x and of h_0. The filled memory is all that Python and NumPy have allocated at the peak of a
model's second step, by tracemalloc, with the model's own weights. The first step's states and
gradients still exist when the second one begins, as in the training of a network. The caller's
arrays count on neither side.
"""

import tracemalloc
from collections.abc import Sequence

from benchmarks import report
from benchmarks.peers import ours
from benchmarks.report import Report
from benchmarks.shapes import drawn
from parity.model.case import Case

BATCH, FEATURES, HIDDEN = 64, 28, 128
STEPS = (50, 100, 200, 400)
MOST = 1.2
MOST_GROWTH = 1.05  # of the bytes for each step of time: a term above linear would show


def kept(case: Case) -> int:
    """Return the bytes that a training step must keep."""
    inputs = case.x.nbytes + case.h_0.nbytes
    weights = sum(weight.nbytes for weight in case.parameters.values())
    states = case.h_0.nbytes * case.config.steps
    return 2 * inputs + 2 * weights + states  # inputs and weights have a gradient, too


def filled(case: Case) -> int:
    """Return the allocated bytes at the peak of a model's second training step."""
    tracemalloc.start()
    try:
        step = ours.training_step(case)
        step()
        tracemalloc.reset_peak()
        step()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the bytes of both at a few lengths, and their ratio."""
    given = report.parser("memory", __doc__).parse_args(arguments)
    said = Report(f"memory of a training step, ({BATCH}, steps, {FEATURES}, {HIDDEN}), float64")
    ratios, each = [], []
    ours.training_step(drawn((1, 1, 1, 1), "float64"))()  # makes what is made only once
    for steps in STEPS:
        case = drawn((BATCH, steps, FEATURES, HIDDEN), "float64")
        peak, least = filled(case), kept(case)
        ratios.append(peak / least)
        each.append(peak / steps)
        said.row(
            f"{steps:4} steps: {peak / 1e6:7.1f} MB, must keep {least / 1e6:6.1f} MB, "
            f"{peak / least:.2f} times that",
            steps=steps,
            peak=peak,
            kept=least,
        )
    said.figure("peak / what must be kept, largest", max(ratios), most=MOST)
    said.figure("bytes for each step, longest / shortest", each[-1] / each[0], most=MOST_GROWTH)
    said.write(given.json)


if __name__ == "__main__":
    main()
