"""The jittered arithmetic: float64 in several copies, each operation off by its own rounding.

Monte-Carlo arithmetic (Parker 1997; Verificarlo): the result of each operation becomes

    v + theta * gauge * xi,    xi standard normal.

The gauge of an n-term dot product is g(n) * sum |a_i||b_i|, that of the BLAS test driver DMMCH,
with g(n) = 1/2 + sqrt(n)/4: one half for sums whose rounding errors have random signs, sqrt(n)/4
for those whose errors have one sign (Higham & Mary 2019). Equal terms that are added one by one
round the same way again and again, by n/2 * sum |a_i||b_i| in the end: n/16 * peak * r^2 is added,
where peak is the largest partial sum and r = peak / sum |a_i||b_i|, the degree to which the terms
have one sign. It is next to nothing where they cancel, and 32 sigma of it make 2n: what both sides
err at most, doubled because only a quarter of the copies know of it.

Half of the copies draw xi afresh for every entry. The others draw it once for all rows and steps,
since identical rows round identically and their errors add up instead of cancelling. Half of these
draw it for all units as well, and give it the sign of the value: equal terms are rounded towards
zero, or away from it, every time. Each copy takes the gauge from its own values.
"""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from parity.case import Array
from parity.precision import UNIT_ROUNDOFF, smallest_normal, smallest_subnormal
from reference.arithmetic import first_largest

FLOOR_THETA = 2.0**-42
"""The smallest jitter: the equations run in float64, whose own rounding must stay far below it."""

FEW_TERMS = 16
"""Terms up to which 2n is less than 32 g(n): there equal terms need no part of their own."""

BLOCK = 256
"""Terms after which partial sums are looked at: in shorter sums the last one is telling enough."""

ONE_ROUNDING = 4  # g(4) = 1/2 + 2/4: a gauge that is one operation's own, not a sum's


class Noisy:
    """Copies of a matrix, (copies, rows, columns), the first of them not jittered.

    Between two roundings an expression carries `size`, the sum of |a||b| over its terms, their
    number, and `peak`, the largest partial sum; a given or rounded matrix has none (None).
    """

    __slots__ = (
        "_magnitude",
        "_turned",
        "before",
        "gauge",
        "peak",
        "size",
        "terms",
        "tiny",
        "value",
    )

    def __init__(
        self,
        value: Array,
        tiny: float,
        size: Array | None = None,
        terms: int = 1,
        gauge: Array | None = None,
        before: Array | None = None,
        peak: Array | None = None,  # by default |value|: the last partial sum
    ) -> None:
        self.value, self.tiny, self.size, self.terms, self.peak = value, tiny, size, terms, peak
        self.gauge = gauge  # of the last rounding
        self.before = before  # what relu was given: its noise is also the noise at the kink
        self._magnitude: Array | None = None
        self._turned: Self | None = None

    @property
    def magnitude(self) -> Array:
        """|value|, kept: weights are asked for it at every step."""
        if self._magnitude is None:
            self._magnitude = np.abs(self.value)
        return self._magnitude

    @property
    def pending(self) -> Array:
        """The gauge of the expression so far; what is given or rounded has none."""
        if self.size is None:
            return np.zeros_like(self.value)
        gauge: Array = (0.5 + np.sqrt(self.terms) / 4) * (self.size + self.tiny)
        if self.terms > FEW_TERMS:
            peak = self.magnitude if self.peak is None else self.peak
            gauge += self.terms / 16 * peak * (peak / (self.size + self.tiny)) ** 2
        return gauge

    @property
    def T(self) -> Self:
        if self._turned is None:  # kept: weights are asked for it at every step
            self._turned = self._transposed()
        return self._turned

    def _transposed(self) -> Self:
        size, gauge, peak = (
            None if a is None else np.swapaxes(a, -1, -2)
            for a in (self.size, self.gauge, self.peak)
        )
        value = np.swapaxes(self.value, -1, -2)
        swapped = type(self)(value, self.tiny, size, self.terms, gauge, peak=peak)
        swapped._magnitude = np.swapaxes(self.magnitude, -1, -2)
        return swapped

    def __matmul__(self, other: Self) -> Self:
        terms = self.value.shape[-1]
        found = self._expression(self.value @ other.value, self.magnitude @ other.magnitude, terms)
        partial = None
        for stop in range(BLOCK, terms, BLOCK):
            block = slice(stop - BLOCK, stop)
            product = self.value[..., block] @ other.value[..., block, :]
            partial = product if partial is None else partial + product
            found.reach(partial)
        return found

    def __add__(self, other: Self) -> Self:
        return self._sum(other, self.value + other.value)

    def __sub__(self, other: Self) -> Self:
        return self._sum(other, self.value - other.value)

    def _sum(self, other: Self, value: Array) -> Self:
        sizes = [x.magnitude if x.size is None else x.size for x in (self, other)]
        terms = [1 if x.size is None else x.terms for x in (self, other)]
        found = self._expression(value, sizes[0] + sizes[1], terms[0] + terms[1])
        for x in (self, other) if found.terms > BLOCK else ():
            if x.size is not None:
                found.reach(x.magnitude if x.peak is None else x.peak)
        return found

    def __mul__(self, other: Self | float) -> Self:
        if not isinstance(other, Noisy):
            size = None if self.size is None else self.size * abs(other)
            return self._expression(self.value * other, size, self.terms)
        value = self.value * other.value
        size = np.abs(value)
        if self.size is not None:
            size += other.magnitude * self.pending
        if other.size is not None:
            size += self.magnitude * other.pending
        return self._expression(value, size, ONE_ROUNDING)

    def over(self, divisor: Array) -> Self:
        """Return self / divisor."""
        value = self.value / divisor
        size = np.abs(value) if self.size is None else self.pending / np.abs(divisor)
        return self._expression(value, size + np.abs(value), ONE_ROUNDING)

    def where(self, where: Array, otherwise: Self | None) -> Self:
        """Return this matrix where it is told, and another one, or zero, elsewhere."""
        nothing = type(self)(np.zeros((1, 1, 1)), self.tiny)
        other = nothing if otherwise is None else otherwise
        found = self.with_others([other], lambda both: np.where(where, *both))
        if otherwise is None and self.before is not None:  # in the padding every relu is closed
            found.before = np.where(where, self.before, -np.max(np.abs(self.before)))
        return found

    def with_others(self, others: Sequence[Self], made: Callable[[list[Array]], Array]) -> Self:
        """Return a matrix made of entries of this one and others, with what belongs to them."""
        all_of_them = [self, *others]

        def each(of: Callable[[Noisy], Array | None], default: Callable[[Noisy], Array]) -> Any:
            arrays = [of(matrix) for matrix in all_of_them]
            if all(array is None for array in arrays):
                return None
            pairs = zip(arrays, all_of_them, strict=True)
            return made([default(matrix) if a is None else a for a, matrix in pairs])

        def zero(matrix: Noisy) -> Array:
            return np.zeros_like(matrix.value)

        return type(self)(
            made([matrix.value for matrix in all_of_them]),
            self.tiny,
            each(lambda matrix: matrix.size, lambda matrix: matrix.magnitude),  # as in a sum
            max(matrix.terms for matrix in all_of_them),
            each(lambda matrix: matrix.gauge, zero),
            each(lambda matrix: matrix.before, lambda matrix: matrix.value),
            each(lambda matrix: matrix.peak, lambda matrix: matrix.magnitude),
        )

    def reach(self, partial: Array) -> None:
        """Take note of a partial sum."""
        now = self.magnitude if self.peak is None else self.peak
        self.peak = np.maximum(now, np.abs(partial))

    def _expression(self, value: Array, size: Array | None, terms: int) -> Self:
        return type(self)(value, self.tiny, size, terms)


class Jittered:
    """The arithmetic of `Noisy` matrices."""

    def __init__(self, dtype: str, copies: int, seed: int = 0) -> None:
        self.u, self.least = UNIT_ROUNDOFF[dtype], smallest_subnormal(dtype)
        self.theta = max(self.u, FLOOR_THETA)
        self.tiny = smallest_normal(dtype)
        self.fresh = copies // 2
        self.shared = copies - self.fresh
        self._rng = np.random.default_rng([copies, seed])  # asked again, the same verdict
        self._once: dict[str, Array] = {}

    def exact(self, array: Array) -> Noisy:
        return Noisy(array.astype(np.float64)[None], self.tiny)

    def rounded(self, name: str, value: Noisy) -> Noisy:
        gauge = value.pending
        jittered = value.value
        if self.fresh + self.shared:
            jittered = jittered + self.theta * gauge * self._xi(name, jittered)
        return Noisy(jittered, self.tiny, gauge=gauge, before=value.before)

    def _xi(self, name: str, value: Array) -> Array:
        rows, columns = value.shape[-2:]
        alike = self.shared // 2  # of the shared draws: those from here on, for all units
        if name not in self._once:
            once = self._rng.standard_normal((self.shared, 1, columns))
            once[alike:] = once[alike:, :, :1]
            self._once[name] = once
        xi = np.zeros((1 + self.fresh + self.shared, rows, columns))
        self._rng.standard_normal(out=xi[1 : 1 + self.fresh])
        shared = xi[1 + self.fresh :]
        shared[:] = self._once[name]
        shared[alike:] *= np.sign(np.broadcast_to(value, xi.shape)[1 + self.fresh + alike :])
        return xi

    def activation(self, name: str, a: Noisy) -> Noisy:
        if name == "tanh":
            h = np.tanh(a.value)
            return Noisy(h, self.tiny, (1 - h * h) * a.pending + np.abs(h), ONE_ROUNDING)
        h = np.maximum(a.value, 0)
        return Noisy(h, self.tiny, a.pending + h, ONE_ROUNDING, before=a.value)

    def slope(self, name: str, h: Noisy, gate: Noisy | None) -> Noisy:
        if name == "tanh":
            square = h.value * h.value
            slope = 1 - square
            return Noisy(slope, self.tiny, square + np.abs(slope), ONE_ROUNDING)
        return Noisy((h.value[:1] > 0).astype(np.float64), self.tiny) if gate is None else gate

    def log_sum_exp(self, logits: Noisy) -> Noisy:
        value = _log_sum_exp(logits.value)
        return Noisy(value, self.tiny, np.abs(value) + 1, ONE_ROUNDING)

    def softmax(self, logits: Noisy) -> Noisy:
        lse = _log_sum_exp(logits.value)
        p = np.exp(logits.value - lse)
        size = p * (2 + logits.magnitude + np.abs(lse))
        return Noisy(p, self.tiny, size, ONE_ROUNDING)

    def divided(self, value: Noisy, count: int | Array) -> Noisy:
        if isinstance(count, int):
            return value * (1 / count)
        return value.over(np.asarray(count, np.float64)[:, None])

    def quotient(self, value: Noisy, by: Noisy) -> Noisy:
        found = value.over(by.value)
        if by.size is not None:
            assert found.size is not None  # a division rounds
            found.size = found.size + np.abs(found.value / by.value) * by.pending
        return found

    def selected(self, where: Array, own: Noisy, otherwise: Noisy | None) -> Noisy:
        return own.where(where, otherwise)

    def joined(self, parts: Sequence[Noisy]) -> Noisy:
        def side_by_side(arrays: list[Array]) -> Array:
            copies = np.broadcast_shapes(*(array.shape[:1] for array in arrays))
            return np.concatenate(
                [np.broadcast_to(array, copies + array.shape[1:]) for array in arrays], axis=-1
            )

        return parts[0] if len(parts) == 1 else parts[0].with_others(parts[1:], side_by_side)

    def columns(self, value: Noisy, start: int, stop: int) -> Noisy:
        return value.with_others((), lambda arrays: arrays[0][..., start:stop])

    def chosen(self, values: Sequence[Noisy], places: Array) -> Noisy:
        def taken(arrays: list[Array]) -> Array:
            stacked = np.stack(np.broadcast_arrays(*arrays))
            own: Array = np.take_along_axis(stacked, places[None, None], axis=0)[0]
            return own

        return values[0].with_others(values[1:], taken)

    def winners(self, values: Sequence[Noisy], valid: Sequence[Array | None]) -> Array:
        return first_largest([value.value[0] for value in values], valid)

    def mapped(
        self, function: Callable[[Any], Any], slope: Callable[[Any], Any], value: Noisy
    ) -> Noisy:
        """Return function(value), elementwise; `slope` carries the noise of what is pending."""
        result = function(value.value)
        size = np.abs(result)
        if value.size is not None:
            size = size + np.abs(slope(value.value)) * value.pending
        return Noisy(result, self.tiny, size, ONE_ROUNDING)

    def row_sums(self, value: Noisy) -> Noisy:
        return self._sums(value, -1)

    def column_sums(self, value: Noisy) -> Noisy:
        return self._sums(value, -2)

    def _sums(self, value: Noisy, axis: int) -> Noisy:
        size = value.magnitude if value.size is None else value.size
        terms = value.value.shape[axis] * (1 if value.size is None else value.terms)
        found = Noisy(
            value.value.sum(axis, keepdims=True), self.tiny, size.sum(axis, keepdims=True), terms
        )
        for stop in range(BLOCK, value.value.shape[axis], BLOCK):
            part = np.take(value.value, range(stop), axis)
            found.reach(part.sum(axis, keepdims=True))
        return found


def _log_sum_exp(logits: Array) -> Array:
    top = logits.max(axis=-1, keepdims=True)
    total: Array = top + np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))
    return total
