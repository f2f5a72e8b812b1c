"""Activations, each with its own derivative in terms of its value: h = f(a), f'(a) = g(h)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Activation = Callable[..., Array]


def relu(a: Array, out: Array | None = None) -> Array:
    """Return max(a, 0), elementwise."""
    result: Array = np.maximum(a, 0, out=out)
    return result


def _tanh_slope(h: Array) -> Array:
    slope = np.multiply(h, h)  # tanh'(a) = 1 - tanh(a)^2
    return np.subtract(1, slope, out=slope)


def _relu_slope(h: Array) -> Array:
    return np.greater(h, 0).astype(h.dtype)  # relu'(0) is 0, as in PyTorch


_BY_NAME: dict[str, Activation] = {"tanh": np.tanh, "relu": relu}
_SLOPES: dict[Activation, Callable[[Array], Array]] = {np.tanh: _tanh_slope, relu: _relu_slope}


def named(activation: str | Activation) -> Activation:
    """Return the activation called `activation`; a callable is returned as it is.

    Raises ValueError for a name nobody knows, TypeError for what is neither.
    """
    if isinstance(activation, str):
        if activation not in _BY_NAME:
            raise ValueError(f"activation must be tanh, relu or a callable, got {activation!r}")
        return _BY_NAME[activation]
    if not callable(activation):
        raise TypeError(f"activation must be tanh, relu or a callable, got {activation!r}")
    return activation


def apply(activation: Activation, a: Array) -> None:
    """Replace `a` by activation(a); a known activation needs no second array."""
    if activation in _SLOPES:
        activation(a, out=a)
    else:
        a[...] = activation(a)


def slope(activation: Activation, h: Array) -> Array:
    """Return the activation's derivative where its value is `h`.

    Raises NotImplementedError for an activation whose derivative is not known here.
    """
    if activation not in _SLOPES:
        name = getattr(activation, "__name__", repr(activation))
        raise NotImplementedError(
            f"backward needs the derivative of the activation, which is known for "
            f"np.tanh and scratch.relu, not for {name}"
        )
    return _SLOPES[activation](h)
