"""The limit of time, also one limit within another."""

import contextlib
import time
from collections.abc import Callable

import pytest

from parity.subjects.time_limit import OutOfTimeError, limited


def test_a_limit_ends_its_block() -> None:
    """A slow block is interrupted, and the code after it is not."""
    with pytest.raises(OutOfTimeError), limited(0.05):
        time.sleep(10)
    time.sleep(0.1)


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
