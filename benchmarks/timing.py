"""Seconds that can be compared: medians of bursts in alternating order, in one process."""

import statistics
import time
from collections.abc import Callable

Call = Callable[[], object]
Clock = Callable[[], float]

BURST = 1e-3
"""Seconds of one burst, at least: then the clock and the previous call matter little."""


def medians(
    *calls: Call,
    seconds: float = 0.06,
    least: int = 15,
    clock: Clock = time.perf_counter,
) -> list[float]:
    """Return the median seconds of each call, measured in turn.

    Each round goes through all of them, every other round backwards, until `seconds` are over and
    there were `least` rounds. A burst begins with a call that is not timed: it waits for threads
    that the previous call left spinning, and brings its own data into the caches. With `clock`
    time.process_time the time of other processes is not counted.
    """
    often = [_often(call, clock) for call in calls]
    taken: list[list[float]] = [[] for _ in calls]
    order = list(range(len(calls)))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(taken[0]) < least:
        for i in order:
            taken[i].append(_burst(calls[i], often[i], clock))
        order.reverse()
    return [statistics.median(times) for times in taken]


def cores_busy(call: Call, seconds: float = 0.3) -> float:
    """Return the CPU seconds of the whole process for each second of the clock during the calls."""
    call()
    start, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() < start + seconds:
        call()
    return (time.process_time() - cpu) / (time.perf_counter() - start)


def _often(call: Call, clock: Clock) -> int:
    """Return how often to call it in a burst."""
    call()
    return max(1, round(BURST / _burst(call, 1, clock)))


def _burst(call: Call, often: int, clock: Clock) -> float:
    call()
    start = clock()
    for _ in range(often):
        call()
    return (clock() - start) / often
