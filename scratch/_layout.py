"""Conversion between a caller's arrays and the kernels': time first, rows sorted by length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from . import _check
from ._arithmetic import working
from ._kernels import Rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Array = NDArray[Any]


class Layout(NamedTuple):
    """The layout of one call's arrays: `read` converts to the kernels' layout, `write` back."""

    steps: int
    batch: tuple[int, ...]  # (batch,), or () without one
    dtype: np.dtype[Any]
    batch_first: bool
    rows: Rows | None = None
    order: Array | None = None  # (batch,): the row that is sorted to each place
    place: Array | None = None  # (batch,): the place that each row is sorted to

    @classmethod
    def of(
        cls,
        x: ArrayLike,
        features: int,
        dtype: np.dtype[Any],
        lengths: ArrayLike | None,
        *,
        batch_first: bool,
    ) -> Self:
        """Return the layout of `x`, with rows of `lengths`.

        Raises ShapeError or DtypeError when `x` does not fit, and as `_check.lengths` does.
        """
        words = ("batch", "steps") if batch_first else ("steps", "batch")
        if np.ndim(x) not in {2, 3}:
            wanted = f"({', '.join(words)}, {features}) or (steps, {features})"
            raise _check.ShapeError(f"x must have shape {wanted}, got {np.shape(x)}")
        sizes = words if np.ndim(x) == 3 else ("steps",)
        shape = _check.exactly("x", x, (*sizes, features), dtype).shape
        steps = shape[sizes.index("steps")]
        if steps < 1:
            raise _check.ShapeError(f"x must have at least one step, got shape {shape}")
        if len(shape) == 2:
            batch: tuple[int, ...] = ()
        else:
            batch = (shape[sizes.index("batch")],)
        plain = cls(steps, batch, dtype, batch_first)
        return plain if lengths is None else plain._with(lengths)

    def shape(self, width: int) -> tuple[int, ...]:
        """Return the shape of a caller's array with `width` numbers at each step of each row."""
        if not self.batch:
            return (self.steps, width)
        return (
            (*self.batch, self.steps, width)
            if self.batch_first
            else (self.steps, *self.batch, width)
        )

    def read(self, array: ArrayLike) -> Array:
        """Return a caller's array as (steps, batch, width) of working numbers: perhaps a view."""
        by_time = np.asarray(self._by_time(np.asarray(array, self.dtype)), working(self.dtype))
        if self.rows is None:
            return by_time
        result: Array = by_time[:, self.order]
        result[self.rows.padding] = 0  # the caller may have anything there, NaN too
        return result

    def copy(self, array: ArrayLike) -> Array:
        """Return a caller's array as `read` does, but always a copy, in C order: the one copy."""
        by_time = self._by_time(np.asarray(array, self.dtype))
        if self.rows is None or self.order is None:
            return np.array(by_time, working(self.dtype), order="C")
        result = np.empty(by_time.shape, working(self.dtype))
        for place, row in enumerate(self.order):
            result[:, place] = by_time[:, row]
        result[self.rows.padding] = 0  # the caller may have anything there, NaN too
        return result

    def room(self, width: int) -> tuple[Array, Array]:
        """Return a new array for the caller, and its view as (steps, batch, width)."""
        result = np.empty(self.shape(width), self.dtype)
        return result, self._by_time(result)

    def write(self, *sides: Array) -> Array:
        """Return arrays of (steps, batch, nodes) side by side as one for the caller: a copy.

        It is zero in the padding.
        """
        nodes = sides[0].shape[-1]
        result, by_time = self.room(nodes * len(sides))
        for i, side in enumerate(sides):
            order = slice(None) if self.order is None else self.order
            by_time[:, order, i * nodes : (i + 1) * nodes] = side
        if self.rows is not None:
            by_time[self.rows.padding[:, self.place]] = 0
        return result

    def read_state(self, array: Array) -> Array:
        """Return a caller's state as (batch, nodes) of working numbers."""
        state = array if self.batch else array[None]
        sorted_ = state if self.order is None else state[self.order]
        return sorted_.astype(working(self.dtype), copy=False)

    def write_state(self, array: Array) -> Array:
        """Return (batch, nodes) as a caller's state."""
        sorted_back = array if self.place is None else array[self.place]
        return (sorted_back if self.batch else sorted_back[0]).astype(self.dtype, copy=False)

    def _by_time(self, array: Array) -> Array:
        """Return a view (steps, batch, width) of an array in the caller's layout."""
        if not self.batch:
            return array[:, None]
        return array.transpose(1, 0, 2) if self.batch_first else array

    def _with(self, lengths: ArrayLike) -> Self:
        if not self.batch or not self.batch[0]:
            had = "an empty one" if self.batch else "x without one"
            raise _check.ShapeError(f"lengths need a batch of at least one row, got {had}")
        each = _check.lengths(lengths, self.batch[0], self.steps)
        if (each == self.steps).all():
            return self
        order = np.argsort(-each, kind="stable")
        padding = np.arange(self.steps)[:, None] >= each[order]  # (steps, batch)
        rows = Rows(each[order], (~padding).sum(axis=1).tolist(), padding)
        return self._replace(rows=rows, order=order, place=np.argsort(order))
