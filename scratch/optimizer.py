"""SGD with momentum, dampening, weight decay and Nesterov, as in `torch.optim.SGD`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _check
from ._arithmetic import rounded, widened

Array = NDArray[Any]


class SGD:
    """Steps down (or up) the gradient. With w a parameter and g its gradient, -g to maximize:

    g <- g + weight_decay w
    v <- g at the first step, momentum v + (1 - dampening) g after it
    g <- g + momentum v if nesterov, else v; without momentum g stays
    w <- w - lr g

    `state` holds every parameter's v by its name, and is empty without momentum. The options are
    plain attributes: a schedule assigns `lr`.

    Raises ValueError for NaN and for values that `torch.optim.SGD` refuses, too; TypeError for a
    value that is not a number.
    Source: PyTorch `torch.optim.SGD` documentation.
    """

    def __init__(
        self,
        lr: float,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        maximize: bool = False,
    ) -> None:
        for name, value in (("lr", lr), ("momentum", momentum), ("weight_decay", weight_decay)):
            _check.at_least_0(name, value)
        _check.number("dampening", dampening)
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(
                "nesterov needs a momentum above 0 and a dampening of 0, "
                f"got momentum {momentum} and dampening {dampening}"
            )
        self.lr = lr
        self.momentum = momentum
        self.dampening = dampening
        self.weight_decay = weight_decay
        self.nesterov = nesterov
        self.maximize = maximize
        self.state: dict[str, Array] = {}

    def step(
        self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]
    ) -> dict[str, Array]:
        """Return the parameters after one step: new arrays, by the same names.

        Each gradient has its parameter's shape; a gradient of anything else, such as the input, is
        ignored. Raises ValueError for a parameter without a gradient, ShapeError for a gradient
        that does not fit; then no parameter's momentum has moved.
        """
        fitting = {name: _fitting(name, w, gradients) for name, w in parameters.items()}
        return {name: self._stepped(name, w, fitting[name]) for name, w in parameters.items()}

    def _stepped(self, name: str, weight: Array, g: Array) -> Array:
        if self.maximize:
            g = -g
        if self.weight_decay:
            g = plus(g, self.weight_decay, weight)
        if self.momentum:
            v = self.state[name] = self._velocity(name, g)
            g = plus(g, self.momentum, v) if self.nesterov else v
        return plus(weight, -self.lr, g)

    def _velocity(self, name: str, g: Array) -> Array:
        if name not in self.state:
            return g.copy()  # the first step is not dampened
        return plus(times(self.momentum, self.state[name]), 1 - self.dampening, g)


def _fitting(name: str, weight: Array, gradients: Mapping[str, Array]) -> Array:
    if name not in gradients:
        raise ValueError(
            f"every parameter needs a gradient: {name} has none, got {', '.join(gradients) or '{}'}"
        )
    return _check.array(f"the gradient of {name}", gradients[name], weight.shape, weight.dtype)


def plus(a: Array, factor: float, b: Array) -> Array:
    """Return a + factor b: in float32 for 16-bit arrays, the sum rounded once.

    A 16-bit factor is rounded first: PyTorch's `add(b, alpha=factor)` takes it in b's dtype.
    """
    scale: Any = float(factor)  # a NumPy float64 would turn float32 arrays into float64
    if a.dtype.itemsize == 2:
        scale = widened(rounded(np.float32(scale), a.dtype))
        return np.asarray(rounded(widened(a) + scale * widened(b), a.dtype))
    moved: Array = scale * b + a
    return moved


def times(factor: float, a: Array) -> Array:
    """Return factor a, rounded once: PyTorch's `mul(factor)` does not round a factor to 16 bits."""
    return np.asarray(rounded(float(factor) * widened(a), a.dtype))
