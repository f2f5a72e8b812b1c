"""Yardstick: what a subject is held against - a reference's answer, and the noise around it.

The numbers that decide every verdict stand here, with the reason for each.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from parity.case import Array, Case
from parity.precision import UNIT_ROUNDOFF, smallest_normal
from parity.trace import Trace

LIMIT = 32
"""z = |difference| / sigma that no correct code was seen to reach: see `make calibrate`."""

SUSPICIOUS = 8
"""z above which sigma is estimated again, from more copies."""

FEW_COPIES, MANY_COPIES = 4, 64
"""Jittered runs for a first and for a careful estimate of sigma."""

PROVEN = 8
"""A difference within 8 u * gauge is agreement without a jittered run, since sigma >= u * gauge."""

USELESS = 1e-2
"""A resolution, as a share of the largest entry, above which agreement would mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The noise floor of one case, name by name; `step/...` has none of its own."""

    clean: Trace  # the textbook equations in float64
    gauge: Trace  # of the array's last operation
    sigma: Trace  # standard deviation of a correct entry
    near_kink: bool  # some pre-activation of relu is within its own noise of zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """A reference by name: its run, and the floor of a case from so many jittered copies.

    The third argument of `floor`, (batch, steps, hidden) or None, fixes relu's gates.
    """

    name: str
    run: Callable[[Case], Trace]
    floor: Callable[[Case, int, Array | None], Floor]
    training_floor: Callable[[Iterable[Case], int], Iterator[Floor]]


def step_rounding(case: Case, weight: Array, gradient: Array) -> Array:
    """Return how far two correct evaluations of weight - lr * gradient may lie apart.

    Rounding lr, the product and the difference moves each by at most u |w'| + 2 u |lr g|, fused
    or not; hence twice that, and the smallest normal number where it underflows.
    """
    u = UNIT_ROUNDOFF[case.config.dtype]
    moved = case.lr * gradient.astype(np.float64)
    rounding: Array = 2 * u * (np.abs(weight - moved) + 2 * np.abs(moved))
    return rounding + smallest_normal(case.config.dtype)
