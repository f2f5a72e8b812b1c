"""Balls: an arithmetic in which every result certainly contains the true value.

A ball is a midpoint and a radius, and every operation returns a ball around all possible results.

Source: Johansson 2017, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic".
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

import numpy as np
from flint import arb, arb_mat

from parity.model.case import Array
from parity.reference.equations.arithmetic import first_largest


@dataclass(frozen=True, slots=True)
class Ball:
    """A matrix of balls, one row per sequence. A number by which it is multiplied is exact."""

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

    def gate(self, is_open: Array, doubt: Array | None) -> Ball:
        return self.exact(is_open)

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
        return first_largest([midpoints(value.matrix) for value in values], valid)

    def row_sums(self, value: Ball) -> Ball:
        return Ball(value.matrix * _ones(value.matrix.ncols(), 1))

    def column_sums(self, value: Ball) -> Ball:
        return Ball(_ones(1, value.matrix.nrows()) * value.matrix)


class Midpoints(Balls):
    """Balls that lose their radius at every stage: they enclose nothing, and never grow."""

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

    An exact shift changes no result, and keeps exp in the range of the exponents.
    """
    top = arb_mat([[max(entry.mid() for entry in row)] for row in logits.tolist()])
    return top, _each(arb.exp, logits - top * _ones(1, logits.ncols()))


def midpoints(matrix: arb_mat) -> Array:
    """Return the doubles next to the midpoints."""
    numbers = np.array([float(entry) for entry in matrix.entries()])
    return numbers.reshape(matrix.nrows(), matrix.ncols())
