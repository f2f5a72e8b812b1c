"""The protocol of a reference, and the values that belong to its answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from parity.model.case import Array, Case
from parity.model.formats import spacing
from parity.model.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A framework that a subject is compared with.

    `run` returns its trace of a case; a subject's arrays must have the same names, shapes and
    dtypes. `environment` returns its version, and its switches that can change bits.
    """

    name: str
    run: Callable[[Case], Trace]
    environment: Callable[[], dict[str, str]] = dict


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The noise floor of one case, name by name; a plain `step/...` does not have its own."""

    clean: Trace  # the textbook equations in float64
    gauge: Trace  # of the array's last operation
    sigma: Trace  # standard deviation of a correct entry; infinite where it decides nothing
    most: Mapping[str, float]  # the largest sigma that more copies could give
    near_kink: bool  # some pre-activation of relu is nearer to zero than its own noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """The true values of a case's arrays, as unevaluated sums high + low of two doubles.

    `high` is the double nearest to the value, and `low` the double nearest to the rest. Together
    they are right to 2**-106 of an entry, except under 1e-290, where doubles end; a value beyond
    all doubles is an infinite `high`. An `enclosed` array is certainly right to 2**-70 of its
    largest entry. Any other array comes from a run without radii at `precision` bits.
    """

    high: Trace  # float64 for every dtype of the case; no step/...
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
    """The expected value of each step of an array, from the subject's own neighbouring step."""

    expected: Array  # (batch, steps from the first one on, hidden)
    gauge: Array  # of the one operation
