"""The limit of time, also one limit within another."""

import contextlib
import signal
import time
from collections.abc import Callable

import pytest

from parity.subjects import time_limit
from parity.subjects.time_limit import OutOfTimeError, limited, limited_work


def test_a_limit_ends_its_block() -> None:
    """A slow block is interrupted, and the code after it is not."""
    with pytest.raises(OutOfTimeError), limited(0.05):
        time.sleep(10)
    time.sleep(0.1)


def work() -> None:
    while True:
        pass


LONG = 60.0
"""Seconds: as long as a limit that is not kept would let a block run, at least."""


def impatient() -> None:
    """Be quick where there is a short limit, and slow elsewhere."""
    with limited(0.1):
        pass
    time.sleep(LONG)


def greedy() -> None:
    """Ask for more time than there is, and go on when it is not given."""
    with contextlib.suppress(OutOfTimeError), limited(LONG):
        time.sleep(LONG)
    time.sleep(LONG)


@pytest.mark.parametrize("block", [impatient, greedy])
def test_an_inner_limit_does_not_lift_the_outer(block: Callable[[], None]) -> None:
    """A limited block ends in its own time, whatever limits are set inside it."""
    start = time.monotonic()
    with pytest.raises(OutOfTimeError), limited(0.2):
        block()
    assert time.monotonic() - start < LONG


@pytest.mark.skipif(not hasattr(signal, "SIGVTALRM"), reason="there is no such limit here")
def test_work_is_ended_and_waiting_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit of processor time ends a loop; it does not end a block that waits as long."""
    monkeypatch.setattr(time_limit, "PATIENCE", 3000)
    with pytest.raises(OutOfTimeError), limited_work(0.02):
        work()
    with limited_work(0.02):
        time.sleep(0.03)


@pytest.mark.skipif(not hasattr(signal, "SIGVTALRM"), reason="there is no such limit here")
def test_a_block_that_waits_for_ever_is_ended() -> None:
    """A block without work ends after PATIENCE times the limit."""
    with pytest.raises(OutOfTimeError), limited_work(0.01):
        time.sleep(60)
