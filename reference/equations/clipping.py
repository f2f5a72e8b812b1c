"""Clipping in any arithmetic: of entries at a value, of several gradients by their norm."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from parity.reference.equations.arithmetic import M

BESIDE = 1e-6
"""The number that clip_grad_norm_ adds to the norm before it divides by the norm."""


def clipped_at(do: Any, gradient: M, limit: float) -> M:
    """Return max(-limit, min(g, limit))."""
    clipped: M = do.mapped(
        lambda v: np.clip(v, -limit, limit), lambda v: (np.abs(v) <= limit) * 1.0, gradient
    )
    return clipped


def norm_factor(
    do: Any,
    gradients: Iterable[M],
    limit: float,
    beside: float = BESIDE,
    *,
    largest: float = np.inf,
) -> M:
    """Return min(1, limit / (norm of all entries + beside)): (1, 1).

    Where the sum of squares reaches `largest`, the norm is infinite and the factor 0.
    """

    def factor(s: Any) -> Any:
        with np.errstate(divide="ignore"):
            return np.where(s < largest, np.minimum(1.0, limit / (np.sqrt(s) + beside)), 0.0)

    def slope(s: Any) -> Any:
        return np.where(s > limit**2, 0.5 * limit / np.maximum(s, limit**2) ** 1.5, 0.0)

    found: M = do.rounded("norm", do.mapped(factor, slope, squared_norm(do, gradients)))
    return found


def squared_norm(do: Any, gradients: Iterable[M]) -> M:
    """Return the sum of the squares of all entries: (1, 1)."""
    total: M | None = None
    for g in gradients:
        squares = do.column_sums(do.row_sums(do.mapped(np.square, lambda v: 2 * v, g)))
        total = squares if total is None else total + squares
    assert total is not None  # a network has parameters
    return total
