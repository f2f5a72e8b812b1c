"""The exact oracle: the textbook equations in balls, which certainly contain the true values.

Radii grow as the product of |W_h| over the steps. A higher precision divides all of them, so it is
raised until they are negligible. The midpoints are then the truth.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from time import thread_time
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx

from parity.model.branches import Branches
from parity.model.case import Array, Case
from parity.model.trace import Trace
from parity.reference.base import Exact
from parity.reference.equations.arithmetic import Plain, as_trace
from parity.reference.equations.textbook import Textbook
from parity.reference.exact.balls import Balls, Midpoints, midpoints

ENOUGH = 70
"""Bits: an array is enclosed when its radii are under 2**-70 of its largest entry, 2**-17 ulp."""

NOTHING = -1080
"""log2 of a radius that no double can tell from zero, for any largest entry."""

PILOT, LIMB, MOST_BITS = 128, 64, 4096
"""Bits of the pilot run, of the machine words a precision is rounded up to, of the last attempt."""

DROPPED = 256
"""Bits of a run without radii: right to 1e-30 in ordinary cases, and not certain in any."""

OVERHEAD = 512
"""The fixed cost of an operation, in bits of precision: measured from 128 to 1088 bits."""

MOST_PRODUCTS = 2**28
"""Products of a run in balls, at most: some 50 ns each, so about 15 seconds."""

A_STATE, A_STEP = 100, 1500
"""The cost of the functions of one state, and of one step besides its numbers, in products.

Measured at PILOT bits: 40 ns a product, 4 us a state, 60 us a step, as far as 784 steps, 128 units
and 3 layers in both directions. Together they predict the time within a factor of 1.6.
"""

BUDGET = 125_000_000
"""Work that enclosing a case may take, in products at PILOT bits: some 5 seconds of computing.

It is counted and not timed, so the same arrays are enclosed on a slow machine. A case of the
default grid takes at most a twenty-fifth of it, and a case of the full grid hardly more than all.
"""


def exact(case: Case, branches: Branches | None = None, budget: float = BUDGET) -> Exact:
    """Return the true arrays of `case`, enclosed where the `budget` suffices for it.

    A pilot over the first sequence finds the precision that the whole batch needs, and its cost.
    Beyond the budget, or where a pre-activation of relu is so near zero that no precision decides
    its gate, the radii are dropped at every stage instead. Beyond MOST_PRODUCTS float64 answers.
    Neither answer is enclosed. `branches` fix where relu's derivative is 1, and where a maximum
    comes from.
    """
    began = thread_time()
    if _products(case) > MOST_PRODUCTS:
        return _in_float64(case, branches)
    left = _Budget(budget)
    first, its = _first_sequence(case), None if branches is None else branches.rows(slice(1))
    pilot = _raised(first, its, PILOT, left, spare=ENOUGH)
    best = None
    if pilot is not None:
        best = _raised(case, branches, min(pilot.wanted, MOST_BITS), left)
        if best is not None and all(best.enclosed.values()):
            return best.answer(thread_time() - began)
    dropped = _run(Midpoints(), case, branches, DROPPED)
    return dropped.unless_enclosed(best).answer(thread_time() - began)


def _products(case: Case) -> int:
    """Return about how many products a run takes: forward, backward, and the weights' gradients."""
    config = case.config
    inputs = sum(config.width if cell.layer else config.features for cell in config.cells)
    steps = config.batch * config.steps * config.hidden
    layers = steps * (inputs + len(config.cells) * config.hidden)
    return 3 * (layers + config.batch * config.width * config.classes)


def work(case: Case, precision: int) -> float:
    """Return the cost of a run at this precision, in products at PILOT bits."""
    config = case.config
    steps = config.steps * len(config.cells)
    once = _products(case) + steps * (A_STATE * config.batch * config.hidden + A_STEP)
    return config.updates * once * (OVERHEAD + precision) / (OVERHEAD + PILOT)


class _Budget:
    """The remaining work for enclosing one case."""

    def __init__(self, most: float) -> None:
        self._left = most

    def take(self, work: float) -> bool:
        """Count a run if enough work is left for it; return whether it was."""
        if work > self._left:
            return False
        self._left -= work
        return True


def _in_float64(case: Case, branches: Branches | None) -> Exact:
    """Return float64's answer: exact enough to judge float32, and not to judge float64."""
    began = thread_time()
    with np.errstate(all="ignore"):
        textbook = Textbook(Plain())
        high = as_trace(textbook.values(textbook.given(case, branches)))
    return Exact(
        high=high,
        low={name: np.zeros_like(array) for name, array in high.items()},
        enclosed=dict.fromkeys(high, False),
        precision=53,
        seconds=thread_time() - began,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """The result of one run at one precision."""

    high: Trace
    low: Trace
    lacking: Mapping[str, float]  # bits of precision; not positive: enclosed
    precision: int

    @property
    def enclosed(self) -> dict[str, bool]:
        return {name: bits <= 0 for name, bits in self.lacking.items()}

    @property
    def wanted(self) -> int:
        """The least precision from this one on that is enough: radii halve with every bit."""
        bits = max(0, *self.lacking.values())  # -inf: every radius is zero
        return _whole_limbs(self.precision + (bits if bits < math.inf else self.precision))

    def unless_enclosed(self, other: "_Run | None") -> "_Run":
        """Return this run with the arrays that `other` encloses in place of its own."""
        sure = {} if other is None else {n: other for n, yes in other.enclosed.items() if yes}
        return _Run(
            high={name: sure.get(name, self).high[name] for name in self.high},
            low={name: sure.get(name, self).low[name] for name in self.low},
            lacking={name: 0 if name in sure else math.inf for name in self.lacking},
            precision=self.precision,
        )

    def answer(self, seconds: float) -> Exact:
        return Exact(
            high=self.high,
            low=self.low,
            enclosed=self.enclosed,
            precision=self.precision,
            seconds=seconds,
        )


def _run(do: Balls, case: Case, branches: Branches | None, precision: int) -> _Run:
    with ctx.workprec(precision):
        textbook = Textbook(do)
        compared = textbook.values(textbook.given(case, branches))
        lacking = {name: _lacking(_matrices(value)) for name, value in compared.items()}
        high = {name: _over(midpoints, value) for name, value in compared.items()}
        low = {name: _over(_low, value) for name, value in compared.items()}
    return _Run(
        high=as_trace(high),
        low=as_trace(low),
        lacking=lacking,
        precision=precision,
    )


def _raised(
    case: Case,
    branches: Branches | None,
    precision: int,
    budget: _Budget,
    spare: int = 0,
) -> _Run | None:
    """Raise the precision until at most `spare` bits are lacking, or the budget is spent.

    Return the last run, None without any. With ENOUGH to spare, no array is lost in its radii,
    so the number of lacking bits is known.
    """
    run = None
    while precision <= MOST_BITS and budget.take(work(case, precision)):
        run = _run(Balls(), case, branches, precision)
        if max(run.lacking.values()) <= spare:
            break
        precision = max(run.wanted, _whole_limbs(1.5 * precision))
    return run


def _first_sequence(case: Case) -> Case:
    """Return `case` with a batch of one: as many steps, so radii that grow as much."""
    return case.rows(slice(1))


def _whole_limbs(bits: float) -> int:
    return math.ceil(bits / LIMB) * LIMB


def _matrices(value: Any) -> list[arb_mat]:
    return [ball.matrix for ball in (value if isinstance(value, list) else [value])]


def _lacking(matrices: list[arb_mat]) -> float:
    """Return by how many bits the largest radius is too large; inf where it is infinite.

    A NaN has an infinite radius, or is a midpoint that lost it.
    """
    entries = list(chain.from_iterable(matrix.entries() for matrix in matrices))
    if not all(map(arb.is_finite, entries)):  # asked first: max passes over a NaN
        return math.inf
    widest, largest = max(map(arb.rad, entries)), max(abs(entry.mid()) for entry in entries)
    return _log2(widest) - max(_log2(largest) - 1 - ENOUGH, NOTHING)


def _log2(number: arb) -> float:
    """Return the least integer e with |number| < 2**e; -inf for zero."""
    mantissa, exponent = number.man_exp()
    return int(mantissa).bit_length() + int(exponent) if mantissa else -math.inf


def _over(split: Callable[[arb_mat], Array], value: Any) -> Any:
    """Apply `split` to one ball, or to each of a list over the steps."""
    return [split(b.matrix) for b in value] if isinstance(value, list) else split(value.matrix)


def _low(matrix: arb_mat) -> Array:
    """Return the doubles nearest to the rest of `midpoints`; 0 where that is infinite."""
    high = midpoints(matrix)
    rest = matrix.mid() - Balls().exact(high).matrix
    return np.where(np.isfinite(high), midpoints(rest), 0.0)
