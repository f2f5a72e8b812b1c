"""One direction of one recurrent layer, forward and backward: all of its arithmetic.

Every array is time first and of the working dtype (see `_arithmetic`). Many steps share one matrix
product where that is possible. A single step is a product, a sum and an activation, and each is
written to its final place. Steps are taken in parts that fit the cache, so that a large array
is read from memory once, and the gradients of pre-activations need room for one part only.

Each run makes new arrays. To reuse them in the next run would save two percent of a training step,
but a copy of the layer, or another thread, would see the change.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _activations
from ._arithmetic import Operations, operations, settle, working

Array = NDArray[Any]

_CACHE = 2**17  # bytes of states: with input, weights and gradients in a second-level cache
_MOST = 2**20  # bytes of states in a part that is large because of its weights' gradients


class Cell(NamedTuple):
    """h[t] = f(x[t] W_x + h[t-1] W_h + b), with weights of the working dtype, in C order.

    The forward pass reads the caller's weights. The backward pass reads copies, W_x^T and W_h^T: if
    weights are changed in place after a forward pass, its gradients do not change.
    """

    W_x: Array  # (features, nodes)
    W_h: Array  # (nodes, nodes)
    b: Array | None  # (nodes,)
    activation: _activations.Activation
    dtype: np.dtype[Any]  # of all results
    W_x_T: Array  # (nodes, features), in C order, which is faster with BLAS
    W_h_T: Array  # (nodes, nodes)
    operations: Operations

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy makes its operations again: local functions cannot be pickled."""
        return cell, self[:5]


class Rows(NamedTuple):
    """The rows that exist at each step, when rows are sorted by length, longest first."""

    lengths: Array  # (batch,), descending
    counts: list[int]  # (steps,): how many of the first rows exist
    padding: Array  # (steps, batch): True where the row has no step


class _Part(NamedTuple):
    """Some steps of a run that follow each other; all arrays are views, in order of time."""

    steps: slice
    x: Array  # (steps * batch, features)
    hidden: Array  # (steps, batch, nodes): the state after each step
    previous: Array  # (steps, batch, nodes): the state before each step


class Run(NamedTuple):
    """A forward pass, as the backward pass needs it."""

    cell: Cell
    x: Array  # (steps, batch, features)
    states: Array  # (steps + 1, batch, nodes): the initial state and every state, in order of time
    rows: Rows | None
    reverse: bool
    parts: list[_Part]  # of the steps, in order of the pass

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy makes its views again: copied one by one, they would be separate arrays."""
        return _run, self[:-1]

    @property
    def hidden(self) -> Array:
        """The state after each step: (steps, batch, nodes). A view; padding is undefined."""
        hidden: Array = self.states[:-1] if self.reverse else self.states[1:]
        return hidden

    @property
    def final(self) -> Array:
        """Each row's last state in order of the pass: (batch, nodes)."""
        final: Array = self.states[0 if self.reverse else -1]
        if self.rows is not None and not self.reverse:
            final = self.states[self.rows.lengths, np.arange(len(self.rows.lengths))]
        return final


class Gradients(NamedTuple):
    """Gradients by each weight, summed over rows and steps, and by the initial state."""

    W_x: Array
    W_h: Array
    b: Array
    h_0: Array


def cell(
    W_x: Array,
    W_h: Array,
    b: Array | None,
    activation: _activations.Activation,
    dtype: np.dtype[Any],
) -> Cell:
    """Return the cell of these weights."""
    at_work = working(dtype)
    W_x, W_h = np.asarray(W_x, at_work, order="C"), np.asarray(W_h, at_work, order="C")
    return Cell(
        W_x,
        W_h,
        None if b is None else np.asarray(b, at_work, order="C"),
        activation,
        dtype,
        W_x.T.copy(),
        W_h.T.copy(),
        operations(activation, dtype),
    )


def forward(
    cell: Cell, x: Array, h_0: Array | None, rows: Rows | None = None, *, reverse: bool = False
) -> Run:
    """Return every state h[t] = f(x[t] W_x + h[t-1] W_h + b), from h_0 or zero.

    x: (steps, batch, features), C order, kept as it is; zero in the padding. h_0: (batch, nodes).
    With `reverse`, time runs backward: h[t] follows h[t+1], from each row's own last step.
    """
    steps, batch, _ = x.shape
    states = np.empty((steps + 1, batch, len(cell.W_h)), x.dtype)
    states[-1 if reverse else 0] = 0 if h_0 is None else h_0
    run = _run(cell, x, states, rows, reverse)
    product = np.empty(states.shape[1:], x.dtype)
    total = _elsewhere(product)
    dot, add, _, activation = cell.operations
    for part in run.parts:
        _project(run, part)
        before = _views(run, part, part.previous)
        after = _views(run, part, part.hidden)
        products, totals = _rooms(run, part, product), _rooms(run, part, total)
        for previous, h, hW, a in zip(before, after, products, totals, strict=False):
            activation(add(h, dot(previous, cell.W_h, hW), a), h)
    return run


def backward(
    run: Run,
    d_output: Array | None,
    d_final: Array | None,
    d_x: Array | None,
    *,
    more: bool = False,
) -> Gradients:
    """Return the gradients by the weights and h_0; write those by x to `d_x`, or add them there.

    With dh[t] = d_output[t] + da[t+1] W_h^T, where da[t] = dh[t] f'(a[t]), from dh[last] = d_final:
    dW_x = sum_t x[t]^T da[t],  dW_h = sum_t h[t-1]^T da[t],  db = sum_t,n da[t, n],
    dx[t] = da[t] W_x^T,  dh_0 = da[0] W_h^T.

    d_output: (steps, batch, nodes), d_final: (batch, nodes), None for zero. d_x: (steps, batch,
    features), of any memory order, None if it is not needed. Raises NotImplementedError for an
    activation without a derivative.
    """
    slope = _activations.slope(run.cell.activation)
    dh = np.empty(run.states.shape[1:], run.x.dtype)
    dh[...] = 0 if d_final is None else d_final
    longest = run.parts[-1 if run.reverse else 0]  # the one that begins with the first step
    room = np.empty(longest.hidden.shape, run.x.dtype)
    sums: list[Array] = []
    for part in reversed(run.parts):
        da = room[: len(part.hidden)]
        slope(part.hidden, da)
        _through_time(run, part, da, None if d_output is None else d_output[part.steps], dh)
        if d_x is not None:
            _by_input(run, da, d_x[part.steps], more=more)
        terms = _by_weights(run, part, da)
        if sums:
            for total, (left, right) in zip(sums, terms, strict=True):
                np.add(total, left.dot(right), total)
        else:
            sums = [left.dot(right) for left, right in terms]
    dW_x, dW_h, db = sums
    return Gradients(dW_x, dW_h, db, dh)


def _project(run: Run, part: _Part) -> None:
    """Write x W_x + b to the place of the states of these steps: one product for all of them."""
    cell = run.cell
    flat = part.hidden.reshape(len(part.x), len(cell.W_h))  # a view
    part.x.dot(cell.W_x, flat)
    if cell.b is not None:
        np.add(flat, cell.b, flat)
    settle(flat, cell.dtype)
    if run.rows is not None:  # before a row begins, and after its end, it has its initial state
        initial = np.broadcast_to(run.states[-1 if run.reverse else 0], part.hidden.shape)
        np.copyto(part.hidden, initial, where=run.rows.padding[part.steps, :, None])


def _through_time(run: Run, part: _Part, da: Array, d_output: Array | None, dh: Array) -> None:
    """Turn `da` from f'(a) into da at these steps, and move `dh` from after them to before them."""
    dot, add, multiply, _ = run.cell.operations
    W_h_T = run.cell.W_h_T
    if run.rows is not None:
        da[run.rows.padding[part.steps]] = 0
    gradients = _views(run, part, da, backward=True)
    slopes = gradients if dh.size > 1 else _views(run, part, da.copy(), backward=True)
    carried = _rooms(run, part, dh, backward=True)
    if d_output is None:
        for d, slope, g in zip(gradients, slopes, carried, strict=False):
            dot(multiply(slope, g, d), W_h_T, g)
        return
    upstream = _views(run, part, d_output, backward=True)
    totals = _rooms(run, part, _elsewhere(dh), backward=True)
    steps = zip(gradients, slopes, carried, upstream, totals, strict=False)
    for d, slope, g, above, total in steps:
        dot(multiply(slope, add(g, above, total), d), W_h_T, g)


def _elsewhere(array: Array) -> Array:
    """Return the output for an operation on `array`: itself, or a new array for one element.

    NumPy takes four times as long to write a single element in place.
    """
    return array if array.size > 1 else np.empty_like(array)


def _by_input(run: Run, da: Array, d_x: Array, *, more: bool) -> None:
    """Write da W_x^T to `d_x`, or add it there."""
    product = da.reshape(-1, len(run.cell.W_h)).dot(run.cell.W_x_T)
    settle(product, run.cell.dtype)
    if more:
        np.add(d_x, product.reshape(d_x.shape), d_x)
        settle(d_x, run.cell.dtype)
    else:
        d_x[...] = product.reshape(d_x.shape)


def _by_weights(run: Run, part: _Part, da: Array) -> list[tuple[Array, Array]]:
    """Return the terms of these steps in the gradients by W_x, W_h and b, each as two factors."""
    previous = part.previous
    if run.rows is not None:  # da is 0 in the padding, but a row may have ended with NaN before it
        previous = np.where(run.rows.padding[part.steps, :, None], 0, previous)
    flat = da.reshape(len(part.x), da.shape[-1])
    ones = _ones(len(flat), flat.dtype)  # a sum as a product: BLAS reads the rows once
    return [(part.x.T, flat), (previous.reshape(flat.shape).T, flat), (ones, flat)]


@lru_cache(maxsize=16)
def _ones(length: int, dtype: np.dtype[Any]) -> Array:
    ones = np.ones(length, dtype)
    ones.flags.writeable = False
    return ones


def _length(steps: int, size: int) -> int:
    """Return how many steps, each with `size` bytes of states, make a part.

    They fit the cache, but are at least an eighth of all steps: parts of few rows would spend
    their time on adding up the gradients by the weights.
    """
    size = max(1, size)  # there may be no rows
    return max(1, _CACHE // size, min(steps // 8, _MOST // size))


def _run(cell: Cell, x: Array, states: Array, rows: Rows | None, reverse: bool) -> Run:  # noqa: FBT001
    """Return the run of these arrays, its steps in parts that fit the cache."""
    steps, batch, features = x.shape
    length = _length(steps, states.strides[0])
    flat, earlier, later = x.reshape(steps * batch, features), states[:-1], states[1:]
    hidden, previous = (earlier, later) if reverse else (later, earlier)
    parts = [_Part(slice(steps), flat, hidden, previous)]
    if steps > length:
        each = [slice(start, min(start + length, steps)) for start in range(0, steps, length)]
        parts = [
            _Part(own, flat[own.start * batch : own.stop * batch], hidden[own], previous[own])
            for own in (each[::-1] if reverse else each)
        ]
    return Run(cell, x, states, rows, reverse, parts)


def _views(run: Run, part: _Part, array: Array, *, backward: bool = False) -> list[Array]:
    """Return `array[t]` for each step, in order of the pass, with the rows that exist."""
    views = list(array)
    if run.rows is not None:
        counts = run.rows.counts[part.steps]
        views = [view[:count] for view, count in zip(views, counts, strict=True)]
    return views[::-1] if run.reverse != backward else views


def _rooms(run: Run, part: _Part, array: Array, *, backward: bool = False) -> Iterable[Array]:
    """Return `array` for each step, in order of the pass, with the rows that exist."""
    if run.rows is None:
        return repeat(array)
    rooms = [array[:count] for count in run.rows.counts[part.steps]]
    return rooms[::-1] if run.reverse != backward else rooms
