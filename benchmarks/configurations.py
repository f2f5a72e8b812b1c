"""The cost of judging a configuration, and a check that it is the same in a long run.

`python -m benchmarks.configurations [--json FILE]`: `parity.judge` over 100, 1,000 and 10,000
configurations of the full grid, in an order shuffled by a seed, in one process and thread. The
cost is drawing, the twin, the subject and the verdict, in units of the twin's own time on the same
configurations at the same time, both in CPU time. 100 of them are too few to be the same mix: ten
runs of them, one after the other on the first thousand, count as one.
"""

import random
import time
from collections.abc import Sequence

from benchmarks import report, threads
from benchmarks.report import Report
from parity import draw, judge, load
from parity.cases.grid import GRIDS
from parity.model.config import Config
from parity.reference.frameworks.pytorch import pytorch

COUNTS = (100, 1_000, 10_000)
LEAST = 1_000
"""Configurations that are judged for each count, at least, in as many runs as necessary."""

MOST_SPREAD = 1.1


def shuffled() -> list[Config]:
    """Return the configurations of the full grid, in a random order that is always the same."""
    configs = [config for group in GRIDS["full"].groups() for config in group.configs]
    random.Random(0).shuffle(configs)
    return configs


def seconds(configs: Sequence[Config]) -> tuple[float, float]:
    """Return the seconds that judging takes, and the twin's own part of them."""
    subject = load("parity.scratch")
    start, twin = time.process_time(), 0.0
    for config in configs:
        case = draw(config)
        before = time.process_time()
        expected = pytorch.run(case)
        twin += time.process_time() - before
        verdict = judge(subject, case, pytorch, expected=expected)
        assert verdict.passed or verdict.only_undecided, verdict.config
    return time.process_time() - start, twin


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the cost of a configuration at every count, and their spread."""
    given = report.parser("configurations", __doc__).parse_args(arguments)
    threads.limit(1)
    configs = shuffled()
    seconds(configs[-LEAST // 5 :])  # warms up
    said = Report("judging a configuration, in units of the twin's own computing")
    ratios = []
    for count in COUNTS:
        starts = range(0, max(count, LEAST), count)
        taken = [seconds(configs[start : start + count]) for start in starts]
        all_, twin = (sum(column) for column in zip(*taken, strict=True))
        ratios.append(all_ / twin)
        each = 1e3 * all_ / (count * len(taken))
        said.row(
            f"{count:6,} configurations: {each:5.2f} ms each, {ratios[-1]:.2f} of the twin's own",
            count=count,
            seconds=all_,
            twin=twin,
        )
    said.figure("largest / smallest of these", max(ratios) / min(ratios), most=MOST_SPREAD)
    said.write(given.json)


if __name__ == "__main__":
    main()
