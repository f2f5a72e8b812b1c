"""One direction of one recurrent layer, forward and backward: all the arithmetic there is.

Every array is time first and of the working dtype (see `_arithmetic`). What can be done for many
steps at once is one matrix product; a step itself is a product, a sum and an activation, each
written where its result stays. Steps are taken in parts that fit the cache, so that a large array
comes from memory once, and the gradients of pre-activations need room for one part only.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scratch import _activations
from scratch._arithmetic import operations, settle, working

Array = NDArray[Any]

_PART = 2**18  # bytes of states in a part: with weights and gradients in a second-level cache


class Cell(NamedTuple):
    """h[t] = f(x[t] W_x + h[t-1] W_h + b), with results rounded to `dtype`."""

    W_x: Array  # (features, nodes)
    W_h: Array  # (nodes, nodes)
    b: Array | None  # (nodes,)
    activation: _activations.Activation
    dtype: np.dtype[Any]


class Rows(NamedTuple):
    """Which rows there are at each step, when rows are sorted by length, longest first."""

    lengths: Array  # (batch,), descending
    counts: list[int]  # (steps,): the first so many rows are there
    padding: Array  # (steps, batch): True where there is none


class Run(NamedTuple):
    """A forward pass, as the backward pass needs it."""

    cell: Cell
    x: Array  # (steps, batch, features)
    states: Array  # (steps + 1, batch, nodes): the initial state and every state, in order of time
    rows: Rows | None
    reverse: bool

    @property
    def hidden(self) -> Array:
        """The state after each step: (steps, batch, nodes). A view; padding is undefined."""
        hidden: Array = self.states[:-1] if self.reverse else self.states[1:]
        return hidden

    @property
    def previous(self) -> Array:
        """The state before each step: (steps, batch, nodes). A view."""
        previous: Array = self.states[1:] if self.reverse else self.states[:-1]
        return previous

    @property
    def final(self) -> Array:
        """Each row's last state in order of the pass: (batch, nodes)."""
        final: Array = self.states[0 if self.reverse else -1]
        if self.rows is not None and not self.reverse:
            final = self.states[self.rows.lengths, np.arange(len(self.rows.lengths))]
        return final


class Gradients(NamedTuple):
    """By each weight, summed over rows and steps, and by the initial state (batch, nodes)."""

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
    """Return the cell with weights as the kernels want them: working dtype, C order."""
    at_work = working(dtype)
    bias = None if b is None else np.asarray(b, at_work, order="C")
    W_x, W_h = np.asarray(W_x, at_work, order="C"), np.asarray(W_h, at_work, order="C")
    return Cell(W_x, W_h, bias, activation, dtype)


def forward(
    cell: Cell, x: Array, h_0: Array | None, rows: Rows | None = None, *, reverse: bool = False
) -> Run:
    """Return every state h[t] = f(x[t] W_x + h[t-1] W_h + b), from h_0 or zero.

    x: (steps, batch, features), C order, kept as it is; zero in the padding. h_0: (batch, nodes).
    With `reverse`, time runs backward: h[t] follows h[t+1], from each row's own last step.
    """
    steps, batch, _ = x.shape
    run = Run(cell, x, np.empty((steps + 1, batch, len(cell.W_h)), x.dtype), rows, reverse)
    run.states[-1 if reverse else 0] = 0 if h_0 is None else h_0
    dot, add, _, activation = operations(cell.activation, cell.dtype)
    product = np.empty(run.states.shape[1:], x.dtype)
    for part in _parts(run):
        _project(run, part)
        previous, hidden = (
            _views(run, part, run.previous[part]),
            _views(run, part, run.hidden[part]),
        )
        for before, h, out in zip(previous, hidden, _rooms(run, part, product), strict=True):
            add(h, dot(before, cell.W_h, out), h)
            activation(h, h)
    return run


def backward(
    run: Run, d_output: Array | None, d_final: Array | None, d_x: Array, *, more: bool = False
) -> Gradients:
    """Return the gradients by the weights and h_0; write those by x to `d_x`, or add them there.

    With dh[t] = d_output[t] + da[t+1] W_h^T, where da[t] = dh[t] f'(a[t]), from dh[last] = d_final:
    dW_x = sum_t x[t]^T da[t],  dW_h = sum_t h[t-1]^T da[t],  db = sum_t,n da[t, n],
    dx[t] = da[t] W_x^T,  dh_0 = da[0] W_h^T.

    d_output: (steps, batch, nodes), d_final: (batch, nodes), None for zero. d_x: (steps, batch,
    features), of any memory order. Raises NotImplementedError for an activation without a slope.
    """
    W_x_T = np.ascontiguousarray(run.cell.W_x.T)  # BLAS reads them faster than the transposed view
    W_h_T = np.ascontiguousarray(run.cell.W_h.T)
    dh = np.zeros(run.states.shape[1:], run.x.dtype)
    if d_final is not None:
        dh += d_final
    sums: list[Array] = []
    for part in reversed(_parts(run)):
        da = _through_time(run, part, d_output, dh, W_h_T)
        _by_input(run, da, W_x_T, d_x[part], more=more)
        terms = _by_weights(run, part, da)
        sums = [np.add(a, b, a) for a, b in zip(sums, terms, strict=True)] if sums else terms
    dW_x, dW_h, db = sums
    return Gradients(dW_x, dW_h, db, dh)


def _project(run: Run, part: slice) -> None:
    """Write x W_x + b where the states of these steps will be: one product for all of them."""
    cell, hidden = run.cell, run.hidden[part]
    features, nodes = cell.W_x.shape
    flat = hidden.reshape(-1, nodes)  # a view
    run.x[part].reshape(-1, features).dot(cell.W_x, flat)
    if cell.b is not None:
        np.add(flat, cell.b, flat)
    settle(flat, cell.dtype)
    if run.rows is not None:  # before a row begins, and after its end, it has its initial state
        initial = np.broadcast_to(run.states[-1 if run.reverse else 0], hidden.shape)
        np.copyto(hidden, initial, where=run.rows.padding[part, :, None])


def _through_time(run: Run, part: slice, d_output: Array | None, dh: Array, W_h_T: Array) -> Array:
    """Return da of these steps, (steps, batch, nodes); `dh` goes from after them to before."""
    dot, add, multiply, _ = operations(run.cell.activation, run.cell.dtype)
    da = np.empty_like(run.hidden[part])
    _activations.slope(run.cell.activation)(run.hidden[part], da)
    if run.rows is not None:
        da[run.rows.padding[part]] = 0
    gradients, carried = _views(run, part, da), _rooms(run, part, dh)
    upstream = [None] * len(da) if d_output is None else _views(run, part, d_output[part])
    for d, g, above in zip(gradients[::-1], carried[::-1], upstream[::-1], strict=True):
        if above is not None:
            add(g, above, g)
        dot(multiply(d, g, d), W_h_T, g)
    return da


def _by_input(run: Run, da: Array, W_x_T: Array, d_x: Array, *, more: bool) -> None:
    """Write da W_x^T to `d_x`, or add it there."""
    flat = da.reshape(-1, da.shape[-1]).dot(W_x_T)
    settle(flat, run.cell.dtype)
    product = flat.reshape(d_x.shape)
    if more:
        np.add(d_x, product, d_x)
        settle(d_x, run.cell.dtype)
    else:
        d_x[...] = product


def _by_weights(run: Run, part: slice, da: Array) -> list[Array]:
    """Return what these steps add to the gradients by W_x, W_h and b."""
    flat = da.reshape(-1, da.shape[-1])
    x, before = run.x[part].reshape(-1, run.x.shape[-1]), run.previous[part].reshape(flat.shape)
    return [x.T.dot(flat), before.T.dot(flat), flat.sum(axis=0)]


def _parts(run: Run) -> list[slice]:
    """Return the steps in parts that fit the cache, in order of the pass."""
    steps = len(run.x)
    length = max(1, _PART // max(1, run.states[0].nbytes))
    parts = [slice(start, min(start + length, steps)) for start in range(0, steps, length)]
    return parts[::-1] if run.reverse else parts


def _views(run: Run, part: slice, array: Array) -> list[Array]:
    """Return `array[t]` of each step, in order of the pass, of the rows that are there."""
    views = list(array)
    if run.rows is not None:
        counts = run.rows.counts[part]
        views = [view[:count] for view, count in zip(views, counts, strict=True)]
    return views[::-1] if run.reverse else views


def _rooms(run: Run, part: slice, array: Array) -> list[Array]:
    """Return `array`, the same for every step, once for each step, of the rows that are there."""
    counts = range(part.start, part.stop) if run.rows is None else run.rows.counts[part]
    rooms = [array if run.rows is None else array[:count] for count in counts]
    return rooms[::-1] if run.reverse else rooms
