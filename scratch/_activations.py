"""Activations, each with its own derivative in terms of its value: h = f(a), f'(a) = g(h)."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Activation = Callable[..., Array]


def relu(a: Array, out: Array | None = None) -> Array:
    """Return max(a, 0), elementwise."""
    result: Array = np.maximum(a, 0, out=out)
    return result


@cache
def _one(dtype: np.dtype[Any]) -> Array:
    return np.ones((), dtype)  # NumPy is slower with a Python number


def _tanh_slope(h: Array, out: Array) -> None:
    np.multiply(h, h, out)  # tanh'(a) = 1 - tanh(a)^2
    np.subtract(_one(h.dtype), out, out)


def _relu_slope(h: Array, out: Array) -> None:
    np.less_equal(h, 0, out)
    np.subtract(_one(h.dtype), out, out)  # as PyTorch: 0 where h <= 0, and 1 where h is NaN


_BY_NAME: dict[str, Activation] = {"tanh": np.tanh, "relu": relu}
_SLOPES: dict[Activation, Callable[[Array, Array], None]] = {
    np.tanh: _tanh_slope,
    relu: _relu_slope,
}


def named(activation: str | Activation) -> Activation:
    """Return the activation called `activation`; a callable is returned as it is.

    Raises ValueError for an unknown name, TypeError for anything that is neither.
    """
    if isinstance(activation, str):
        if activation not in _BY_NAME:
            raise ValueError(f"activation must be tanh, relu or a callable, got {activation!r}")
        return _BY_NAME[activation]
    if not callable(activation):
        raise TypeError(f"activation must be tanh, relu or a callable, got {activation!r}")
    return activation


def in_place(activation: Activation) -> Activation:
    """Return `activation` as a function (a, out) that writes to `out`, which may be `a`."""
    if activation in _SLOPES:
        return activation  # a known activation needs no second array

    def write(a: Array, out: Array) -> Array:
        out[...] = activation(a)
        return out

    return write


def slope(activation: Activation) -> Callable[[Array, Array], None]:
    """Return the function (h, out) that writes the derivative where the activation's value is `h`.

    Raises NotImplementedError for an activation whose derivative is not known here.
    """
    if activation not in _SLOPES:
        name = getattr(activation, "__name__", repr(activation))
        raise NotImplementedError(
            f"backward needs the derivative of the activation, which is known for "
            f"np.tanh and scratch.relu, not for {name}"
        )
    return _SLOPES[activation]
