"""Noisy: copies of a matrix, and how far an expression of them may be off.

The gauge of an n-term dot product is g(n) * sum |a_i||b_i|, that of the BLAS test driver DMMCH,
with g(n) = 1/2 + sqrt(n)/4: one half for sums whose rounding errors have random signs, sqrt(n)/4
for those whose errors have one sign (Higham & Mary 2019). Equal terms that are added one by one
round the same way again and again, by n/2 * sum |a_i||b_i| in the end: n/16 * peak * r^2 is added,
where peak is the largest partial sum and r = peak / sum |a_i||b_i|, the degree to which the terms
have one sign. It is nearly zero where they cancel, and 32 sigma of it make 2n: the largest error of
both sides, doubled because only a quarter of the copies show it.

Beside its rounding, an operation can lose a result below the smallest normal number, which one side
flushes to zero and the other keeps. A sum of n terms loses at most n of them by its products, and
n by its partial sums: 2n on each side, but never more than sum |a_i||b_i|. In the same way as
above, `lost` is n/4 of the smallest normal number, and 32 sigma of it make 8n.
"""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from parity.model.case import Array
from parity.model.formats import Format

FEW_TERMS = 16
"""Terms up to which 2n is less than 32 g(n): there equal terms need no extra part."""

BLOCK = 256
"""Terms after which partial sums are checked: in shorter sums the last one is enough."""

OF_EACH_TERM = 0.25
"""The share of the smallest normal number that a term can lose, in units of sigma."""

ONE_ROUNDING = 4  # g(4) = 1/2 + 2/4: the gauge of one operation, not of a sum


class Noisy:
    """Copies of a matrix, (copies, rows, columns), the first of them not jittered.

    Between two roundings an expression carries `size`, the sum of |a||b| over its terms, their
    number, and `peak`, the largest partial sum; a given or rounded matrix has none (None).
    `carried` is what its operands have lost by underflow, carried through; of a given matrix, its
    subnormal entries, which an operation may read as zero.
    """

    __slots__ = (
        "_magnitude",
        "_turned",
        "before",
        "carried",
        "form",
        "gauge",
        "lost_last",
        "peak",
        "size",
        "terms",
        "value",
    )

    def __init__(
        self,
        value: Array,
        form: Format,
        size: Array | None = None,
        terms: int = 1,
        gauge: Array | None = None,
        before: Array | None = None,
        peak: Array | None = None,  # by default |value|: the last partial sum
        carried: Array | None = None,
        lost_last: Array | None = None,
    ) -> None:
        self.value, self.form, self.size, self.terms, self.peak = value, form, size, terms, peak
        self.carried = carried
        self.gauge, self.lost_last = gauge, lost_last  # of the last rounding
        self.before = before  # relu's input: its noise is also the noise at the kink
        self._magnitude: Array | None = None
        self._turned: Self | None = None

    @property
    def magnitude(self) -> Array:
        """|value|, kept: it is needed for weights at every step."""
        if self._magnitude is None:
            self._magnitude = np.abs(self.value)
        return self._magnitude

    @property
    def pending(self) -> Array:
        """The gauge of the expression so far; a given or rounded matrix has none."""
        if self.size is None:
            return np.zeros_like(self.value)
        size = self.size + self.form.smallest_normal
        gauge: Array = (0.5 + np.sqrt(self.terms) / 4) * size
        if self.terms > FEW_TERMS:
            peak = self.magnitude if self.peak is None else self.peak
            gauge += self.terms / 16 * peak * (peak / size) ** 2
        return gauge

    @property
    def lost(self) -> Array:
        """What underflow may have taken from the expression so far."""
        if self.size is None:
            return np.zeros_like(self.value) if self.carried is None else self.carried
        lost: Array = np.minimum(self.size, self.form.may_be_zero * self.terms)
        lost *= OF_EACH_TERM
        return lost if self.carried is None else lost + self.carried

    @property
    def _may_lack(self) -> bool:
        """Whether underflow may have taken anything from this matrix."""
        return self.size is not None or self.carried is not None

    @property
    def T(self) -> Self:
        if self._turned is None:  # kept: it is needed for weights at every step
            self._turned = self._transposed()
        return self._turned

    def _transposed(self) -> Self:
        size, gauge, peak, carried = (
            None if a is None else np.swapaxes(a, -1, -2)
            for a in (self.size, self.gauge, self.peak, self.carried)
        )
        value = np.swapaxes(self.value, -1, -2)
        swapped = type(self)(value, self.form, size, self.terms, gauge, peak=peak, carried=carried)
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
        if self.carried is not None:
            found.carry(self.carried @ other.magnitude)
        if other.carried is not None:
            found.carry(self.magnitude @ other.carried)
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
        for x in (self, other):
            if x.carried is not None:
                found.carry(x.carried)
        return found

    def __mul__(self, other: Self | float) -> Self:
        if not isinstance(other, Noisy):
            size = None if self.size is None else self.size * abs(other)
            found = self._expression(self.value * other, size, self.terms)
            if self._may_lack:
                found.carry(self.lost * abs(other))
            return found
        value = self.value * other.value
        size = np.abs(value)
        if self.size is not None:
            size += other.magnitude * self.pending
        if other.size is not None:
            size += self.magnitude * other.pending
        found = self._expression(value, size, ONE_ROUNDING)
        for one, by in ((self, other), (other, self)):
            if one._may_lack:
                found.carry(one.lost * by.magnitude)
        return found

    def over(self, divisor: Array) -> Self:
        """Return self / divisor."""
        value = self.value / divisor
        size = np.abs(value) if self.size is None else self.pending / np.abs(divisor)
        found = self._expression(value, size + np.abs(value), ONE_ROUNDING)
        if self._may_lack:
            found.carry(self.lost / np.abs(divisor))
        return found

    def where(self, where: Array, otherwise: Self | None) -> Self:
        """Return this matrix where `where` is true, and another one, or zero, elsewhere."""
        nothing = type(self)(np.zeros((1, 1, 1)), self.form)
        other = nothing if otherwise is None else otherwise
        found = self.with_others([other], lambda both: np.where(where, *both))
        if otherwise is None and self.before is not None:  # in the padding every relu is closed
            found.before = np.where(where, self.before, -np.max(np.abs(self.before)))
        return found

    def with_others(self, others: Sequence[Self], made: Callable[[list[Array]], Array]) -> Self:
        """Return a matrix made of entries of this one and others, with their sizes and gauges."""
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
            self.form,
            each(lambda matrix: matrix.size, lambda matrix: matrix.magnitude),  # as in a sum
            max(matrix.terms for matrix in all_of_them),
            each(lambda matrix: matrix.gauge, zero),
            each(lambda matrix: matrix.before, lambda matrix: matrix.value),
            each(lambda matrix: matrix.peak, lambda matrix: matrix.magnitude),
            each(lambda matrix: matrix.carried, zero),
            each(lambda matrix: matrix.lost_last, zero),
        )

    def carry(self, lost: Array) -> None:
        """Note what an operand has lost by underflow, carried through."""
        self.carried = lost if self.carried is None else self.carried + lost

    def reach(self, partial: Array) -> None:
        """Note a partial sum."""
        now = self.magnitude if self.peak is None else self.peak
        self.peak = np.maximum(now, np.abs(partial))

    def _expression(self, value: Array, size: Array | None, terms: int) -> Self:
        return type(self)(value, self.form, size, terms)
