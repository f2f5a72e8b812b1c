"""Pooling: the states of a sequence that a classifier reads, and the way back of their gradient."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _check
from ._arithmetic import rounded, widened

Array = NDArray[Any]
Backward = Callable[[Array], tuple[Array | None, Array | None]]

KINDS = ("last", "own", "mean", "max")


@dataclass(frozen=True)
class Pooled:
    """The pooled states: `state`, (batch, nodes * directions).

    `backward` takes the gradient by `state` and returns the gradients by `output` and by `final`,
    with None for the one that was not read.
    """

    state: Array
    backward: Backward


def pool(output: Array, final: Array, how: str, lengths: ArrayLike | None = None) -> Pooled:
    """Return one state per sequence, with its backward.

    how: "last"  output[:, -1], for all lengths: padding, where a sequence is shorter;
         "own"   where each sequence ends: the last layer's final state of each direction; the
                 backward direction ends at the first step;
         "mean"  the mean over the sequence's own steps;
         "max"   the greatest of the sequence's own steps, for each node. Of equal ones the first
                 gets the gradient; the first NaN is greater than all: PyTorch's `max(dim=1)`.

    output: (batch, steps, nodes * directions); final: (layers * directions, batch, nodes);
    lengths: (batch,) whole numbers, all steps by default.
    Raises ValueError for another `how` or a length outside 1..steps, TypeError for lengths that are
    not whole numbers, ShapeError for lengths of another shape.
    """
    check_kind(how)
    if how == "last":
        return _last(output)
    if how == "own":
        return _own(output, final)
    batch, steps = output.shape[:2]
    counts = np.full(batch, steps) if lengths is None else _check.lengths(lengths, batch, steps)
    own = (np.arange(steps) < counts[:, None])[..., None]  # (batch, steps, 1)
    return _mean(output, counts, own) if how == "mean" else _max(output, own)


def check_kind(how: str) -> None:
    """Raise ValueError for an unknown kind of pooling."""
    if how not in KINDS:
        raise ValueError(f"pooling must be one of {', '.join(KINDS)}, got {how!r}")


def _last(output: Array) -> Pooled:
    def backward(d_state: Array) -> tuple[Array, None]:
        d_output = np.zeros_like(output)
        d_output[:, -1] = d_state
        return d_output, None

    return Pooled(output[:, -1].copy(), backward)


def _own(output: Array, final: Array) -> Pooled:
    batch, nodes = final.shape[1:]
    directions = output.shape[2] // nodes

    def backward(d_state: Array) -> tuple[None, Array]:
        d_final = np.zeros_like(final)
        d_final[-directions:] = d_state.reshape(batch, directions, nodes).transpose(1, 0, 2)
        return None, d_final

    return Pooled(np.concatenate(final[-directions:], axis=1), backward)


def _mean(output: Array, counts: Array, own: Array) -> Pooled:
    wide = widened(output)
    divisor = counts[:, None].astype(wide.dtype)

    def backward(d_state: Array) -> tuple[Array, None]:
        share = rounded(widened(d_state) / divisor, output.dtype)  # (batch, nodes * directions)
        return np.where(own, share[:, None], output.dtype.type(0)), None

    mean = np.where(own, wide, 0).sum(axis=1) / divisor
    return Pooled(rounded(mean, output.dtype), backward)


def _max(output: Array, own: Array) -> Pooled:
    winners = np.where(own, widened(output), -np.inf).argmax(axis=1)[:, None]  # (batch, 1, ...)

    def backward(d_state: Array) -> tuple[Array, None]:
        d_output = np.zeros_like(output)
        np.put_along_axis(d_output, winners, d_state[:, None], axis=1)
        return d_output, None

    return Pooled(np.take_along_axis(output, winners, axis=1)[:, 0], backward)
