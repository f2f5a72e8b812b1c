"""Noisy: copies of a matrix, and how far an expression of them may be off.

The gauge of an n-term dot product is g(n) * sum |a_i||b_i|, that of the BLAS test driver DMMCH,
with g(n) = 1/2 + sqrt(n)/4: one half for sums whose rounding errors have random signs, sqrt(n)/4
for those whose errors have one sign (Higham & Mary 2019). Equal terms that are added one by one
round the same way again and again, by n/2 * sum |a_i||b_i| in the end: n/16 * peak * r^2 is added,
where peak is the largest partial sum and r = peak / sum |a_i||b_i|, the degree to which the terms
have one sign. It is nearly zero where they cancel, and 32 sigma of it make 2n: the largest error of
both sides, doubled because only a quarter of the copies show it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from parity.model.case import Array

FEW_TERMS = 16
"""Terms up to which 2n is less than 32 g(n): there equal terms need no extra part."""

BLOCK = 256
"""Terms after which partial sums are checked: in shorter sums the last one is enough."""

ONE_ROUNDING = 4  # g(4) = 1/2 + 2/4: the gauge of one operation, not of a sum


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
        gauge: Array = (0.5 + np.sqrt(self.terms) / 4) * (self.size + self.tiny)
        if self.terms > FEW_TERMS:
            peak = self.magnitude if self.peak is None else self.peak
            gauge += self.terms / 16 * peak * (peak / (self.size + self.tiny)) ** 2
        return gauge

    @property
    def T(self) -> Self:
        if self._turned is None:  # kept: it is needed for weights at every step
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
        """Return this matrix where `where` is true, and another one, or zero, elsewhere."""
        nothing = type(self)(np.zeros((1, 1, 1)), self.tiny)
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
            self.tiny,
            each(lambda matrix: matrix.size, lambda matrix: matrix.magnitude),  # as in a sum
            max(matrix.terms for matrix in all_of_them),
            each(lambda matrix: matrix.gauge, zero),
            each(lambda matrix: matrix.before, lambda matrix: matrix.value),
            each(lambda matrix: matrix.peak, lambda matrix: matrix.magnitude),
        )

    def reach(self, partial: Array) -> None:
        """Note a partial sum."""
        now = self.magnitude if self.peak is None else self.peak
        self.peak = np.maximum(now, np.abs(partial))

    def _expression(self, value: Array, size: Array | None, terms: int) -> Self:
        return type(self)(value, self.tiny, size, terms)
