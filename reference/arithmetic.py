"""What an arithmetic offers the textbook equations, and the plainest one: float64 as it is."""

from collections.abc import Callable
from typing import Any, Protocol, Self, TypeVar

import numpy as np

from parity.case import Array


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
        """Return a given array as a number of this arithmetic: no rounding yet."""

    def rounded(self, name: str, value: M) -> M:
        """Return `value` as this arithmetic stores it; `name` is the stage it belongs to."""

    def activation(self, name: str, a: M) -> M:
        """Return tanh(a) or max(a, 0)."""

    def slope(self, name: str, h: M, gate: M | None) -> M:
        """Return 1 - h^2 for tanh; for relu `gate`, or 1 where h > 0."""

    def log_sum_exp(self, logits: M) -> M:
        """Return log sum_c exp(logits[:, c]): (batch, 1)."""

    def softmax(self, logits: M) -> M:
        """Return exp(logits) over its row sum."""

    def divided(self, value: M, count: int) -> M:
        """Return value / count."""

    def row_sums(self, value: M) -> M:
        """Return the sum of each row: (rows, 1)."""

    def column_sums(self, value: M) -> M:
        """Return the sum of each column: (1, columns)."""


class Plain:
    """NumPy's own numbers, float64 unless told otherwise: nothing is done to what they give."""

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

    def log_sum_exp(self, logits: Any) -> Any:
        top = logits.max(axis=-1, keepdims=True)
        return top + np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))

    def softmax(self, logits: Any) -> Any:
        p = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return p / p.sum(axis=-1, keepdims=True)

    def divided(self, value: Any, count: int) -> Any:
        return value / count

    def mapped(
        self, function: Callable[[Any], Any], slope: Callable[[Any], Any], value: Any
    ) -> Any:
        """Return function(value), elementwise; only mistakes need what has no stage of its own."""
        return function(value)

    def row_sums(self, value: Any) -> Any:
        return value.sum(axis=-1, keepdims=True)

    def column_sums(self, value: Any) -> Any:
        return value.sum(axis=-2, keepdims=True)


def as_trace(result: dict[str, Any]) -> dict[str, Array]:
    """Return a float64 run of the textbook in the trace's layout: time second, vectors flat."""
    return {name: _canonical(name, value) for name, value in result.items()}


def _canonical(name: str, value: Any) -> Array:
    if isinstance(value, list):
        return np.stack(value, axis=1)  # (batch, steps, ...)
    if name == "loss":
        return np.asarray(value[0, 0])
    return np.asarray(value[0] if name.partition("/")[2].startswith("b") else value)
