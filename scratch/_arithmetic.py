"""Arithmetic by dtype: 16-bit numbers are computed in float32 and rounded when they are stored.

NumPy multiplies 16-bit matrices element by element, without BLAS, and rounds after each sum.
PyTorch sums such products in float32 and rounds each stored result; this module does the same.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._activations import Activation, in_place

Array = NDArray[Any]


class Operations(NamedTuple):
    """The operations of a loop over time; the last argument of each is the array to write to."""

    dot: Callable[..., Array]
    add: Callable[..., Array]
    multiply: Callable[..., Array]
    activation: Activation


def working(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that arrays of `dtype` are computed in."""
    return np.dtype(np.float32) if dtype.itemsize == 2 else dtype


@cache
def operations(activation: Activation, dtype: np.dtype[Any]) -> Operations:
    """Return the operations on working arrays; all results are numbers of `dtype`."""
    found = Operations(np.ndarray.dot, np.add, np.multiply, in_place(activation))
    if working(dtype) == dtype:
        return found
    return Operations(*(_rounded(operation, dtype) for operation in found))


def settle(a: Array, dtype: np.dtype[Any]) -> None:
    """Round the working array `a` to numbers of `dtype`, in place."""
    if a.dtype != dtype:
        a[...] = a.astype(dtype)


def _rounded(operation: Callable[..., Array], dtype: np.dtype[Any]) -> Callable[..., Array]:
    def run(*arguments: Array) -> Array:
        out = operation(*arguments)
        settle(out, dtype)
        return out

    return run


def widened(array: Array) -> Array:
    """Return `array` itself, or as float32 where its numbers are 16-bit."""
    return array.astype(working(array.dtype), copy=False)


def rounded(array: Any, dtype: np.dtype[Any]) -> Any:
    """Return `array`, or a scalar, as `dtype`; too large numbers become infinite."""
    if array.dtype == dtype:
        return array
    with np.errstate(over="ignore"):
        return array.astype(dtype)
