"""The training step of small networks: how much time it spends outside its NumPy calls.

`python -m benchmarks.overhead [--json FILE]`: scratch's step beside the same NumPy calls alone,
eager PyTorch and a notebook's loop, one thread, in CPU time. A ratio is the least of several
rounds, each of which takes medians: noise raises some of them, a slow step raises all. Long
sequences show an array that is made or copied without need. The last line shows that the
measurement detects a step that is twice as slow.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence

from benchmarks import report, threads
from benchmarks.peers import bare, eager, ours, plain
from benchmarks.report import Report
from benchmarks.shapes import drawn
from benchmarks.speed import agree
from benchmarks.timing import medians

ROUNDS = 8
SMALL = ((8, 20, 8, 16), (1, 200, 4, 8), (8, 200, 8, 16))  # (batch, steps, features, hidden)
LONG = SMALL[1:]  # here the steps of time cost most, not the calls

MOST_OF_BARE = 1.6
"""Of the NumPy calls alone; without an array made or copied for each step it is 1.0 to 1.2."""

Step = Callable[[], object]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print each ratio beside its limit."""
    given = report.parser("overhead", __doc__).parse_args(arguments)
    threads.limit(1)
    said = Report("a small training step beside its NumPy calls alone and its peers, one thread")
    for shape in SMALL:
        case = drawn(shape, "float64")
        agree([module.training_step(case) for module in (ours, bare, eager, plain)], case)
        step = ours.training_step(case)
        said.figure(f"{shape}, / eager", least_ratio(step, eager.training_step(case)), most=1.0)
        if shape in LONG:
            said.figure(
                f"{shape}, / plain", least_ratio(step, plain.training_step(case)), most=2 / 3
            )
            calls = least_ratio(step, bare.training_step(case))
            said.figure(f"{shape}, / its NumPy calls", calls, most=MOST_OF_BARE)
    said.figure("twice the step / its NumPy calls", _twice(), least=MOST_OF_BARE)
    said.write(given.json)


def least_ratio(one: Step, other: Step) -> float:
    """Return the least ratio of several rounds."""
    return min(_ratios(one, other))


def _ratios(one: Step, other: Step) -> Iterator[float]:
    for _ in range(ROUNDS):
        taken, others = medians(one, other, seconds=0.05, least=9, clock=time.process_time)
        yield taken / others


def _twice() -> float:
    """Return the median ratio of a step that is taken twice: a least one may be only noise."""
    case = drawn(LONG[-1], "float64")
    step = ours.training_step(case)

    def twice() -> None:
        step()
        step()

    return statistics.median(_ratios(twice, bare.training_step(case)))


if __name__ == "__main__":
    main()
