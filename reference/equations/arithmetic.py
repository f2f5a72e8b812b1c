"""The operations that the textbook equations need, and the plainest arithmetic: float64."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self, TypeVar

import numpy as np

from parity.model.case import Array


class Matrix(Protocol):
    """Rows are sequences. `*` is elementwise or by a number; `+` and `-` repeat a lone row."""

    @property
    def T(self) -> Self: ...
    def __matmul__(self, other: Self, /) -> Self: ...
    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __mul__(self, other: Self | float, /) -> Self: ...


M = TypeVar("M", bound=Matrix)


class Arithmetic(Protocol[M]):
    """The operations of the equations that are not matrix algebra."""

    def exact(self, array: Array) -> M:
        """Return a given array in this arithmetic, without rounding."""

    def rounded(self, name: str, value: M) -> M:
        """Return `value` as this arithmetic stores it; `name` is the stage it belongs to."""

    def activation(self, name: str, a: M) -> M:
        """Return tanh(a) or max(a, 0)."""

    def slope(self, name: str, h: M, gate: M | None) -> M:
        """Return 1 - h^2 for tanh; for relu `gate`, or 1 where h > 0."""

    def gate(self, is_open: Array, doubt: Array | None) -> M:
        """Return relu's derivative, 1 where open; where it is in doubt, either may be right."""

    def log_sum_exp(self, logits: M) -> M:
        """Return log sum_c exp(logits[:, c]): (batch, 1)."""

    def softmax(self, logits: M) -> M:
        """Return exp(logits) over its row sum."""

    def divided(self, value: M, count: int | Array) -> M:
        """Return value / count; an array has a count for every row."""

    def quotient(self, value: M, by: M) -> M:
        """Return value / by, a lone number: (1, 1)."""

    def selected(self, where: Array, own: M, otherwise: M | None) -> M:
        """Return `own` where `where`, of a row or an entry, is true; else `otherwise`, or 0."""

    def joined(self, parts: Sequence[M]) -> M:
        """Return matrices side by side."""

    def columns(self, value: M, start: int, stop: int) -> M:
        """Return the columns from `start` to `stop`."""

    def chosen(self, values: Sequence[M], places: Array) -> M:
        """Return values[place] for each row, or entry: (batch, 1) or (batch, columns)."""

    def winners(self, values: Sequence[M], valid: Sequence[Array | None]) -> Array:
        """Return which of the values has the largest entry, the first of equal ones."""

    def row_sums(self, value: M) -> M:
        """Return the sum of each row: (rows, 1)."""

    def column_sums(self, value: M) -> M:
        """Return the sum of each column: (1, columns)."""


class Plain:
    """NumPy's own numbers, float64 by default, as NumPy computes them."""

    def __init__(self, dtype: type[np.floating[Any]] = np.float64) -> None:
        self.dtype = dtype

    def exact(self, array: Array) -> Any:
        return array.astype(self.dtype)

    def rounded(self, name: str, value: Any) -> Any:
        return value

    def activation(self, name: str, a: Any) -> Any:
        return np.tanh(a) if name == "tanh" else np.maximum(a, 0)

    def slope(self, name: str, h: Any, gate: Any) -> Any:
        if name == "tanh":
            return 1 - h * h
        return (h > 0).astype(self.dtype) if gate is None else gate

    def gate(self, is_open: Array, doubt: Array | None) -> Any:
        return self.exact(is_open)

    def log_sum_exp(self, logits: Any) -> Any:
        top = logits.max(axis=-1, keepdims=True)
        return top + np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))

    def softmax(self, logits: Any) -> Any:
        p = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return p / p.sum(axis=-1, keepdims=True)

    def divided(self, value: Any, count: int | Array) -> Any:
        return value / (count if isinstance(count, int) else count[:, None])

    def quotient(self, value: Any, by: Any) -> Any:
        return value / by

    def selected(self, where: Array, own: Any, otherwise: Any) -> Any:
        return np.where(where, own, np.zeros_like(own) if otherwise is None else otherwise)

    def joined(self, parts: Sequence[Any]) -> Any:
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)

    def columns(self, value: Any, start: int, stop: int) -> Any:
        return value[..., start:stop]

    def chosen(self, values: Sequence[Any], places: Array) -> Any:
        return np.take_along_axis(np.stack(values), places[None], axis=0)[0]

    def winners(self, values: Sequence[Any], valid: Sequence[Array | None]) -> Array:
        return first_largest(values, valid)

    def mapped(
        self, function: Callable[[Any], Any], slope: Callable[[Any], Any], value: Any
    ) -> Any:
        """Return function(value), elementwise: for clipping, and for mistakes."""
        return function(value)

    def row_sums(self, value: Any) -> Any:
        return value.sum(axis=-1, keepdims=True)

    def column_sums(self, value: Any) -> Any:
        return value.sum(axis=-2, keepdims=True)


def first_largest(values: Sequence[Array], valid: Sequence[Array | None]) -> Array:
    """Return the first place of the largest entry among values whose row is valid there."""
    own = [
        v if ok is None else np.where(ok, v, -np.inf) for v, ok in zip(values, valid, strict=True)
    ]
    places: Array = np.argmax(np.stack(own), axis=0)
    return places


def as_trace(result: dict[str, Any]) -> dict[str, Array]:
    """Return a float64 run of the textbook in the trace's layout: time second, vectors flat."""
    return {name: _canonical(name, value) for name, value in result.items()}


def _canonical(name: str, value: Any) -> Array:
    if isinstance(value, list):
        return np.stack(value, axis=1)  # (batch, steps, ...)
    return np.asarray(flat(name, value))


def flat(name: str, matrix: Array) -> Array:
    """Return a matrix, (..., rows, columns), in the trace's shape: a loss is a number."""
    own = name.rpartition("/")[2]
    if own == "loss":
        return matrix[..., 0, 0]
    return matrix[..., 0, :] if own.startswith("b") else matrix
