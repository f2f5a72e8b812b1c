"""The exact oracle: the textbook equations in balls, which certainly contain the true values.

A ball is a midpoint and a radius, and every operation returns a ball around all it could mean.
Radii grow as the product of |W_h| over the steps, while the precision divides them by as much as
one likes: it is raised until they are negligible. The midpoints are then the truth.

Source: Johansson 2017, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic".
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from time import thread_time
from typing import Any, Self

import numpy as np
from flint import arb, arb_mat, ctx

from parity.branches import Branches
from parity.case import Array, Case
from parity.trace import Trace
from parity.yardstick import Exact
from reference.arithmetic import Plain, as_trace, first_largest
from reference.textbook import Textbook

ENOUGH = 70
"""Bits: an array is enclosed when its radii are under 2**-70 of its largest entry, 2**-17 ulp."""

NOTHING = -1080
"""log2 of a radius that no double can tell from zero, whatever the largest entry is."""

PILOT, LIMB, MOST = 128, 64, 4096
"""Bits of the pilot run, of the machine words a precision is rounded up to, of the last attempt."""

DROPPED = 256
"""Bits of a run without radii: right to 1e-30 in ordinary cases, and not certain in any."""

OVERHEAD = 512
"""Bits for which an operation pays before it pays for its own: measured from 128 to 1088."""

MOST_PRODUCTS = 2**28
"""Products of a run that balls are still asked for: some 50 ns each, so about 15 seconds."""

BUDGET = 5.0
"""Seconds of computing that enclosing a case may take."""


@dataclass(frozen=True, slots=True)
class Ball:
    """A matrix of balls, one row per sequence; a number it is multiplied by is exact as it is."""

    matrix: arb_mat

    @property
    def T(self) -> Self:
        return type(self)(self.matrix.transpose())

    def __matmul__(self, other: Self) -> Self:
        return type(self)(self.matrix * other.matrix)

    def __add__(self, other: Self) -> Self:
        return type(self)(self.matrix + _repeated(other.matrix, self.matrix.nrows()))

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.matrix - _repeated(other.matrix, self.matrix.nrows()))

    def __mul__(self, other: Self | float) -> Self:
        if isinstance(other, Ball):
            return type(self)(_each(operator.mul, self.matrix, _widened(other.matrix, self.matrix)))
        return type(self)(self.matrix * arb(other))


class Balls:
    """The arithmetic of `Ball` matrices, at the precision of flint's context."""

    def exact(self, array: Array) -> Ball:
        rows, columns = array.shape
        return Ball(arb_mat(rows, columns, array.astype(np.float64).ravel().tolist()))

    def rounded(self, name: str, value: Ball) -> Ball:
        return value

    def activation(self, name: str, a: Ball) -> Ball:
        return Ball(_each(arb.tanh if name == "tanh" else _relu, a.matrix))

    def slope(self, name: str, h: Ball, gate: Ball | None) -> Ball:
        if name == "tanh":
            return Ball(_each(_tanh_slope, h.matrix))
        return Ball(_each(_relu_slope, h.matrix)) if gate is None else gate

    def log_sum_exp(self, logits: Ball) -> Ball:
        top, powers = _powers(logits.matrix)
        return Ball(top + _each(arb.log, powers * _ones(powers.ncols(), 1)))

    def softmax(self, logits: Ball) -> Ball:
        _, powers = _powers(logits.matrix)
        classes = powers.ncols()
        sums = (powers * _ones(classes, 1)) * _ones(1, classes)  # each column: the row's sum
        return Ball(_each(operator.truediv, powers, sums))

    def divided(self, value: Ball, count: int | Array) -> Ball:
        if isinstance(count, int):
            return Ball(value.matrix / count)
        counts = arb_mat(len(count), 1, [int(own) for own in count])
        return Ball(_each(operator.truediv, value.matrix, _widened(counts, value.matrix)))

    def quotient(self, value: Ball, by: Ball) -> Ball:
        return Ball(value.matrix / by.matrix[0, 0])

    def selected(self, where: Array, own: Ball, otherwise: Ball | None) -> Ball:
        rows, columns = own.matrix.nrows(), own.matrix.ncols()
        other = arb_mat(rows, columns) if otherwise is None else otherwise.matrix
        told = np.broadcast_to(where, (rows, columns)).ravel().tolist()
        pairs = zip(told, own.matrix.entries(), other.entries(), strict=True)
        return Ball(arb_mat(rows, columns, [mine if yes else its for yes, mine, its in pairs]))

    def joined(self, parts: Sequence[Ball]) -> Ball:
        rows = zip(*(part.matrix.tolist() for part in parts), strict=True)
        return parts[0] if len(parts) == 1 else Ball(arb_mat([list(chain(*row)) for row in rows]))

    def columns(self, value: Ball, start: int, stop: int) -> Ball:
        return Ball(arb_mat([row[start:stop] for row in value.matrix.tolist()]))

    def chosen(self, values: Sequence[Ball], places: Array) -> Ball:
        lists, (rows, columns) = [v.matrix.tolist() for v in values], _shape(values[0])
        own = np.broadcast_to(places, (rows, columns)).tolist()
        return Ball(
            arb_mat([[lists[own[r][c]][r][c] for c in range(columns)] for r in range(rows)])
        )

    def winners(self, values: Sequence[Ball], valid: Sequence[Array | None]) -> Array:
        return first_largest([_high(value.matrix) for value in values], valid)

    def row_sums(self, value: Ball) -> Ball:
        return Ball(value.matrix * _ones(value.matrix.ncols(), 1))

    def column_sums(self, value: Ball) -> Ball:
        return Ball(_ones(1, value.matrix.nrows()) * value.matrix)


class Midpoints(Balls):
    """Balls that lose their radius at every stage: nothing is enclosed, and nothing explodes."""

    def rounded(self, name: str, value: Ball) -> Ball:
        return Ball(value.matrix.mid())

    def activation(self, name: str, a: Ball) -> Ball:
        return super().activation(name, Ball(a.matrix.mid()))


def _each(function: Callable[..., arb], *matrices: arb_mat) -> arb_mat:
    """Return the matrix of function(entry, ...), entry by entry."""
    first = matrices[0]
    entries = map(function, *(matrix.entries() for matrix in matrices))
    return arb_mat(first.nrows(), first.ncols(), list(entries))


def _ones(rows: int, columns: int) -> arb_mat:
    return arb_mat(rows, columns, [1] * (rows * columns))


def _repeated(matrix: arb_mat, rows: int) -> arb_mat:
    """Return `matrix`, a lone row repeated over `rows`."""
    return matrix if matrix.nrows() == rows else _ones(rows, 1) * matrix


def _shape(ball: Ball) -> tuple[int, int]:
    return ball.matrix.nrows(), ball.matrix.ncols()


def _widened(matrix: arb_mat, to: arb_mat) -> arb_mat:
    """Return `matrix`, a lone column repeated over as many columns as `to` has."""
    return matrix if matrix.ncols() == to.ncols() else matrix * _ones(1, to.ncols())


_ZERO, _ONE, _EITHER = arb(0), arb(1), arb(0.5, 0.5)


def _relu(a: arb) -> arb:
    """Return max(a, 0); exact zero where `a` is certainly not positive."""
    return a if a > 0 else _ZERO if a <= 0 else a.max(_ZERO)


def _relu_slope(h: arb) -> arb:
    """Return 1 or 0, or the ball over both where the sign of the pre-activation is unknown."""
    return _ONE if h > 0 else _ZERO if h <= 0 else _EITHER


def _tanh_slope(h: arb) -> arb:
    return _ONE - h * h


def _powers(logits: arb_mat) -> tuple[arb_mat, arb_mat]:
    """Return each row's largest midpoint, (batch, 1), and exp(logits - it).

    An exact shift changes no result, and keeps exp away from powers that fit no exponent.
    """
    top = arb_mat([[max(entry.mid() for entry in row)] for row in logits.tolist()])
    return top, _each(arb.exp, logits - top * _ones(1, logits.ncols()))


# -- raising the precision -----------------------------------------------------------------------


def exact(case: Case, branches: Branches | None = None, budget: float = BUDGET) -> Exact:
    """Return the true arrays of `case`, enclosed where `budget` seconds suffice for it.

    A pilot over the first sequence finds the precision that the whole batch needs, and what it
    will cost. Beyond the budget (or where a pre-activation of relu is so near zero that no
    precision decides its gate) the radii are dropped at every stage instead, and beyond
    MOST_PRODUCTS float64 answers; neither is enclosed. `branches` fix where relu's derivative is
    1, and where a maximum comes from.
    """
    began = thread_time()  # not the clock: on a busy machine the answer stays the same
    if _products(case) > MOST_PRODUCTS:
        return _in_float64(case, branches)
    deadline = began + budget
    first, its = _first_sequence(case), None if branches is None else branches.rows(slice(1))
    pilot = _raised(first, its, PILOT, deadline, spare=ENOUGH)
    best = None
    if pilot is not None:
        precision = min(pilot.wanted, MOST)
        predicted = pilot.predicted(precision) * case.config.batch
        best = _raised(case, branches, precision, deadline, predicted=predicted)
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


def _in_float64(case: Case, branches: Branches | None) -> Exact:
    """Return what float64 says: oracle enough for float32, and no answer for itself."""
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
    """What one run at one precision found."""

    high: Trace
    low: Trace
    lacking: Mapping[str, float]  # bits of precision; not positive: enclosed
    precision: int
    seconds: float

    @property
    def enclosed(self) -> dict[str, bool]:
        return {name: bits <= 0 for name, bits in self.lacking.items()}

    @property
    def wanted(self) -> int:
        """The least precision from this one on that is enough: radii halve with every bit."""
        bits = max(0, *self.lacking.values())  # -inf: every radius is zero
        return _whole_limbs(self.precision + (bits if bits < math.inf else self.precision))

    def predicted(self, precision: int) -> float:
        """Return what a run at another precision will cost, in seconds."""
        return self.seconds * (OVERHEAD + precision) / (OVERHEAD + self.precision)

    def unless_enclosed(self, other: "_Run | None") -> "_Run":
        """Return this run, which encloses nothing, but the arrays that `other` encloses."""
        sure = {} if other is None else {n: other for n, yes in other.enclosed.items() if yes}
        return _Run(
            high={name: sure.get(name, self).high[name] for name in self.high},
            low={name: sure.get(name, self).low[name] for name in self.low},
            lacking={name: 0 if name in sure else math.inf for name in self.lacking},
            precision=self.precision,
            seconds=self.seconds,
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
    began = thread_time()
    with ctx.workprec(precision):
        textbook = Textbook(do)
        compared = textbook.values(textbook.given(case, branches))
        lacking = {name: _lacking(_matrices(value)) for name, value in compared.items()}
        high = {name: _over(_high, value) for name, value in compared.items()}
        low = {name: _over(_low, value) for name, value in compared.items()}
    return _Run(
        high=as_trace(high),
        low=as_trace(low),
        lacking=lacking,
        precision=precision,
        seconds=thread_time() - began,
    )


def _raised(
    case: Case,
    branches: Branches | None,
    precision: int,
    deadline: float,
    spare: int = 0,
    predicted: float = 0.0,
) -> _Run | None:
    """Raise the precision until at most `spare` bits are lacking; return the last run in time.

    With ENOUGH to spare, no array is lost in its radii: what is lacking is then known.
    """
    run = None
    while precision <= MOST and thread_time() + predicted <= deadline:
        run = _run(Balls(), case, branches, precision)
        if max(run.lacking.values()) <= spare:
            break
        precision = max(run.wanted, _whole_limbs(1.5 * precision))
        predicted = run.predicted(precision)
    return run


def _first_sequence(case: Case) -> Case:
    """Return `case` with a batch of one: as many steps, so radii that grow as much."""
    return case.rows(slice(1))


def _whole_limbs(bits: float) -> int:
    return math.ceil(bits / LIMB) * LIMB


def _matrices(value: Any) -> list[arb_mat]:
    return [ball.matrix for ball in (value if isinstance(value, list) else [value])]


def _lacking(matrices: list[arb_mat]) -> float:
    """Return how many bits the largest radius is over what is enough; inf where it is infinite.

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


def _high(matrix: arb_mat) -> Array:
    """Return the doubles next to the midpoints."""
    numbers = np.array([float(entry) for entry in matrix.entries()])
    return numbers.reshape(matrix.nrows(), matrix.ncols())


def _low(matrix: arb_mat) -> Array:
    """Return the doubles next to what `_high` leaves; 0 where that is infinite."""
    high = _high(matrix)
    rest = matrix.mid() - Balls().exact(high).matrix
    return np.where(np.isfinite(high), _high(rest), 0.0)
