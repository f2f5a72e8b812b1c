"""Limit: an end to what takes too long, where the system can interrupt it."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


class OutOfTimeError(BaseException):
    """The time is up. No Exception: what a subject catches must not be its own end."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise OutOfTimeError in the block after so many seconds.

    Python code is interrupted between two of its instructions; a call into a library is let
    finish. Only the main thread of a Unix process can be: elsewhere there is no limit.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return

    def end(*_: Any) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
