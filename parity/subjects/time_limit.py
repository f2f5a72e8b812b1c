"""Time limit: ends a block that takes too long, where the system can interrupt it."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any


class OutOfTimeError(BaseException):
    """The time is up. It is not an Exception, so that a subject does not catch it by accident."""


SHORTEST = 0.01
"""Seconds after which an outer limit that is already over ends its block, after an inner block."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise OutOfTimeError in the block after `seconds`, or when an outer limit ends.

    Python code is interrupted between two instructions; a call into a library is allowed to
    finish. Only the main thread of a Unix process can be interrupted: elsewhere there is no limit.
    """
    if not _interruptible():
        yield
        return
    start = time.monotonic()
    before = signal.signal(signal.SIGALRM, _end)
    around, _ = signal.getitimer(signal.ITIMER_REAL)  # 0: there is none
    signal.setitimer(signal.ITIMER_REAL, min(seconds, around or seconds))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if around:
            left = around - (time.monotonic() - start)
            signal.setitimer(signal.ITIMER_REAL, max(left, SHORTEST))


PATIENCE = 5
"""A block may take this many times its processor time: it may wait for other processes."""


@contextlib.contextmanager
def limited_work(seconds: float) -> Iterator[None]:
    """Raise OutOfTimeError in the block after `seconds` of processor time, or PATIENCE times that.

    A busy machine does not shorten the first. In a block that is already limited so, and where
    `limited` has no effect, there is no further limit.
    """
    if not _interruptible() or signal.getitimer(signal.ITIMER_VIRTUAL)[0]:
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        with limited(PATIENCE * seconds):
            yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _interruptible() -> bool:
    in_main = threading.current_thread() is threading.main_thread()
    return in_main and hasattr(signal, "SIGALRM")


def _end(*_: Any) -> None:
    raise OutOfTimeError
