"""Yardstick: what a subject is held against - a reference's answer, and the noise around it.

The numbers that decide every verdict stand here, with the reason for each.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from parity.branches import Branches
from parity.case import Array, Case
from parity.mistake import Mistake
from parity.precision import UNIT_ROUNDOFF, smallest_normal, spacing
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


PARTED = 0.1
"""Deviation of the copies, as a share of the largest entry, above which it is not linear in theta.

There the copies of a chaotic network have gone their own ways: sigma is infinite, and neither
agreement nor a difference means anything.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The noise floor of one case, name by name; a plain `step/...` has none of its own."""

    clean: Trace  # the textbook equations in float64
    gauge: Trace  # of the array's last operation
    sigma: Trace  # standard deviation of a correct entry; infinite where it decides nothing
    most: Mapping[str, float]  # what sigma may come to with more copies, at most
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

    def distance(self, array: Array, name: str) -> Array:
        """Return |array - (high + low)|, entry by entry.

        An infinity counts as right where the exact value is beyond all doubles.
        """
        high, low = self.high[name], self.low[name]
        with np.errstate(over="ignore", invalid="ignore"):
            apart = np.where(array == high, low, (array.astype(np.float64) - high) - low)
        return np.abs(apart)

    def ulps(self, array: Array, name: str) -> Array:
        """Return `distance` in units in the last place of the exact array's largest entry.

        The unit is the spacing of the array's own dtype there.
        """
        unit = spacing(str(array.dtype), float(np.abs(self.high[name]).max()))
        with np.errstate(over="ignore"):
            ulps: Array = self.distance(array, name) / unit
        return ulps


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What each step of an array should have been, from the subject's own neighbouring step."""

    expected: Array  # (batch, steps from the first one on, hidden)
    gauge: Array  # of the one operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """A reference by name: its run, and what the textbook equations know about a case.

    `floor` takes the number of jittered copies; the last argument of `floor` and of `exact` fixes
    the branches of a run. `own_step` returns what the first step should have come to from a
    subject's own gradients, which it takes by the parameters' names. `predict` returns what the
    textbook computes with mistakes of the `catalogue` in it, `planted_floor` the noise around that.
    `surroundings` returns the framework's version, and its switches that can change bits.
    """

    name: str
    run: Callable[[Case], Trace]
    floor: Callable[[Case, int, Branches | None], Floor]
    training_floor: Callable[[Iterable[Case], int], Iterator[Floor]]
    exact: Callable[[Case, Branches | None], Exact]
    stepwise: Callable[[Case, Trace], Mapping[str, Step]]
    own_step: Callable[[Case, Trace], Mapping[str, Step]]
    catalogue: Sequence[Mistake]
    predict: Callable[[Case, Sequence[Mistake]], Trace]
    planted_floor: Callable[[Case, Sequence[Mistake]], Floor]
    surroundings: Callable[[], dict[str, str]] = dict


def step_rounding(case: Case, weight: Array, gradient: Array) -> Array:
    """Return how far two correct evaluations of weight - lr * gradient may lie apart.

    Rounding lr, the product and the difference moves each by at most u |w'| + 2 u |lr g|, fused
    or not; hence twice that, and the smallest normal number where it underflows.
    """
    u = UNIT_ROUNDOFF[case.config.dtype]
    moved = case.lr * gradient.astype(np.float64)
    rounding: Array = 2 * u * (np.abs(weight - moved) + 2 * np.abs(moved))
    return rounding + smallest_normal(case.config.dtype)
