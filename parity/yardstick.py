"""Yardstick: what a subject is held against - a reference's answer, and the noise around it.

The numbers that decide every verdict stand here, with the reason for each.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
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
class Exact:
    """The true values of a case's arrays, as unevaluated sums high + low of two doubles.

    `high` is the double next to the value and `low` the one next to what remains, together good
    to 2**-106 of an entry where doubles reach that far (not under 1e-290; a value beyond all
    doubles is an infinite `high`). An array that is `enclosed` is certainly right to 2**-70 of
    its largest entry; any other is right as far as dropping radii at `precision` bits goes.
    """

    high: Trace  # float64, whatever the case's dtype; no step/...
    low: Trace
    enclosed: Mapping[str, bool]
    precision: int  # bits, of the last run
    seconds: float  # of computing

    def ulps(self, array: Array, name: str) -> Array:
        """Return |array - exact| in units in the last place of the exact array's largest entry.

            |array - (high + low)| / spacing(max |high|),    spacing that of the array's dtype

        An infinity counts as right where the exact value is beyond all doubles.
        """
        high, low = self.high[name], self.low[name]
        largest = min(np.abs(high).max(), np.finfo(array.dtype).max)
        with np.errstate(over="ignore", invalid="ignore"):
            apart = np.where(array == high, low, (array.astype(np.float64) - high) - low)
            ulps: Array = np.abs(apart) / np.spacing(array.dtype.type(largest)).astype(np.float64)
        return ulps


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """A reference by name: its run, and the floor of a case from so many jittered copies.

    The third argument of `floor`, (batch, steps, hidden) or None, fixes relu's gates.
    """

    name: str
    run: Callable[[Case], Trace]
    floor: Callable[[Case, int, Array | None], Floor]
    training_floor: Callable[[Iterable[Case], int], Iterator[Floor]]
    exact: Callable[[Case, Array | None], Exact]


def step_rounding(case: Case, weight: Array, gradient: Array) -> Array:
    """Return how far two correct evaluations of weight - lr * gradient may lie apart.

    Rounding lr, the product and the difference moves each by at most u |w'| + 2 u |lr g|, fused
    or not; hence twice that, and the smallest normal number where it underflows.
    """
    u = UNIT_ROUNDOFF[case.config.dtype]
    moved = case.lr * gradient.astype(np.float64)
    rounding: Array = 2 * u * (np.abs(weight - moved) + 2 * np.abs(moved))
    return rounding + smallest_normal(case.config.dtype)
