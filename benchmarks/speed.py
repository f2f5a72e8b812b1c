"""The scratch classifier against eager PyTorch, jitted JAX and a notebook's loop.

`python -m benchmarks.speed [--threads N] [--json FILE]`: forward pass alone and training step, of
all shapes and dtypes, each beside its peers: medians of bursts in alternating order in one process.
A ratio under 1 means that scratch is faster. One thread is timed in CPU time, which equals the
clock's on an idle machine - the last line shows it - and is the same on a busy one. Several threads
are timed by the clock, but not if other processes leave too few cores: then threads also wait for
those. Before it is timed, a peer must have the same losses as scratch in two steps, which shows
that gradients and steps are the same.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks import report, threads
from benchmarks.report import Report
from benchmarks.shapes import ALL, drawn
from benchmarks.timing import Clock, cores_busy, medians
from parity.model.case import Case

PEERS = ("eager", "jitted", "plain")
MOST = {"eager": 1.0, "jitted": 1.5}  # of any shape
MOST_IN_MEAN = {"eager": 0.35, "jitted": 1.0, "plain": 0.5}
FREE = 0.9
"""Share of the cores that several threads must get while they multiply matrices."""

TITLES = {"forward": "forward pass alone", "training_step": "training step"}

Ratios = dict[str, list[float]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables: seconds of scratch, and its ratios to each peer."""
    parser = report.parser("speed", __doc__)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    if given.threads > threads.available():
        parser.error(f"{given.threads} threads need as many cores, here: {threads.available()}")
    threads.limit(given.threads)
    from benchmarks.peers import eager, jitted, ours, plain  # JAX reads its limit once

    modules = {"scratch": ours, "eager": eager, "jitted": jitted, "plain": plain}
    many = "one thread" if given.threads == 1 else f"{given.threads} threads"
    said = Report(f"scratch against its peers, {many}: microseconds, and ratios to each peer's")
    if _disturbed(said, given.threads):
        said.write(given.json)
        return
    clock = time.process_time if given.threads == 1 else time.perf_counter
    ratios = {what: _measured(said, what, modules, clock) for what in TITLES}
    if not _disturbed(said, given.threads):  # nor meanwhile
        for what, found in ratios.items():
            _tell(said, what, found, many)
    busy = {name: cores_busy(m.training_step(drawn(*ALL[-1]))) for name, m in modules.items()}
    said.row("cores kept busy: " + ", ".join(f"{n} {c:.2f}" for n, c in busy.items()), busy=busy)
    said.write(given.json)


def _disturbed(said: Report, count: int) -> bool:
    """Return whether several threads have too few cores to be timed by the clock; report it."""
    if count == 1 or (free := threads.free()) >= FREE * count:
        return False
    said.skip(f"only {free:.1f} cores are free on this machine")
    return True


def _measured(said: Report, what: str, modules: dict[str, ModuleType], clock: Clock) -> Ratios:
    """Measure every shape and dtype, and return the ratios to each peer."""
    ratios: Ratios = {name: [] for name in PEERS}
    print(f"\n  {TITLES[what]:28}{'scratch':>11}" + "".join(f"{name:>9}" for name in PEERS))
    for shape, dtype in ALL:
        case = drawn(shape, dtype)
        calls = [getattr(module, what)(case) for module in modules.values()]
        agree(calls, case)
        own, *others = medians(*calls, seconds=0.2, least=5, clock=clock)
        found = {name: own / other for name, other in zip(PEERS, others, strict=True)}
        for name, ratio in found.items():
            ratios[name].append(ratio)
        line = f"{shape!s:20}{dtype:8}{1e6 * own:11.1f}"
        line += "".join(f"{ratio:9.2f}" for ratio in found.values())
        said.row(line, what=what, shape=shape, dtype=dtype, seconds=own, ratios=found)
    return ratios


def _tell(said: Report, what: str, ratios: Ratios, many: str) -> None:
    """Print the means and the largest ratios; the limits are those of the training step."""
    asked = what == "training_step"
    for name, found in ratios.items():
        title = f"{TITLES[what]}, {many}, scratch / {name}"
        mean = statistics.geometric_mean(found)
        said.figure(f"{title}, geometric mean", mean, most=MOST_IN_MEAN[name] if asked else None)
        said.figure(f"{title}, largest", max(found), most=MOST.get(name) if asked else None)


def agree(calls: Sequence[Callable[[], Any]], case: Case) -> None:
    """Call each twice; raise ValueError where one does not return the same as the first."""
    near = 1e-4 if case.config.dtype == "float32" else 1e-9
    first, *others = ([np.asarray(call()) for _ in range(2)] for call in calls)
    for other in others:
        for ours, theirs in zip(first, other, strict=True):
            if not np.allclose(ours, theirs, rtol=near, atol=near):
                raise ValueError(f"{case.config}: {ours} is not {theirs}")


if __name__ == "__main__":
    main()
