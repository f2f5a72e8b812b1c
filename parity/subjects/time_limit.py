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
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return

    def end(*_: Any) -> None:
        raise OutOfTimeError

    start = time.monotonic()
    before = signal.signal(signal.SIGALRM, end)
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
