"""How near a training step comes to this machine's rate of multiplying matrices.

`python -m benchmarks.products [--json FILE]`: on the largest shape, one thread, the operations of
the step's matrix products for each second of the whole step, over the best rate of NumPy's dot on
large square matrices, measured in turn, in CPU time.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks import report, threads
from benchmarks.peers import ours
from benchmarks.report import Report
from benchmarks.shapes import DTYPES, SHAPES, drawn
from benchmarks.timing import medians
from parity.model.case import Array
from parity.model.config import Config

SQUARES = (512, 1024, 2048)
LEAST = {"float32": 0.6}


def operations(config: Config) -> int:
    """Return the multiplications and additions of all matrix products of a training step.

    They are x W_x, h W_h, da W_h^T, the sums of h^T da and x^T da, and da W_x^T, the gradient of
    x, for each step of time; the head has three on the last state.
    """
    n, t, f, h, c = config.batch, config.steps, config.features, config.hidden, config.classes
    return 2 * (3 * n * t * h * (h + f) + 3 * n * h * c)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both rates, in billions a second, and the share."""
    given = report.parser("products", __doc__).parse_args(arguments)
    threads.limit(1)
    said = Report(f"matrix products of a training step, {SHAPES[-1]}, one thread")
    for dtype in DTYPES:
        case = drawn(SHAPES[-1], dtype)
        squares = [_square(size, dtype) for size in SQUARES]
        step, *dots = medians(
            ours.training_step(case), *squares, seconds=2.0, least=5, clock=time.process_time
        )
        best = max(2 * n**3 / seconds for n, seconds in zip(SQUARES, dots, strict=True))
        rate = operations(case.config) / step
        said.row(
            f"{dtype}: {rate / 1e9:.1f} of {best / 1e9:.1f} billion operations a second",
            dtype=dtype,
            step=rate,
            dot=best,
        )
        said.figure(f"{dtype}, share of NumPy's own rate", rate / best, least=LEAST.get(dtype))
    said.write(given.json)


def _square(size: int, dtype: str) -> Callable[[], Array]:
    a, b = np.random.default_rng(0).random((2, size, size)).astype(dtype)
    out = np.empty_like(a)
    return lambda: np.dot(a, b, out)


if __name__ == "__main__":
    main()
