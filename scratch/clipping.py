"""Clipping of gradients before a step, as in `torch.nn.utils`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _check
from ._arithmetic import rounded, widened

Array = NDArray[Any]
Gradients = Mapping[str, Array]


def clip_by_value(gradients: Gradients, limit: float) -> dict[str, Array]:
    """Return each gradient with its elements clipped to -limit..limit: new arrays, NaN stays NaN.

    Raises ValueError for a limit below 0, with which PyTorch makes every element `limit`, TypeError
    for a value that is not a number.
    Source: PyTorch `torch.nn.utils.clip_grad_value_`.
    """
    bound = _check.at_least_0("limit", limit)
    return {
        name: rounded(np.maximum(np.minimum(widened(g), bound), -bound), g.dtype)
        for name, g in gradients.items()
    }


def clip_by_norm(
    gradients: Gradients, limit: float, norm_type: float = 2.0
) -> tuple[dict[str, Array], Any]:
    """Return the gradients, scaled to a total norm of at most `limit`, and their total norm before.

    total = norm of the gradients' norms;  gradient <- gradient * min(limit / (total + 1e-6), 1)

    norm_type: p of the p-norm (sum |g|^p)^(1/p), with inf for the greatest element. A total that is
    infinite or NaN is not an error: the elements become 0 or NaN. All arrays are new. 16-bit
    gradients are rounded where PyTorch rounds them: each norm, the total, the factor, the result.

    Raises ValueError for a limit below 0, with which PyTorch turns the gradients around, and for
    NaN, TypeError for a value that is not a number.
    Source: PyTorch `torch.nn.utils.clip_grad_norm_`, with error_if_nonfinite=False.
    """
    bound, p = _check.at_least_0("limit", limit), _check.number("norm_type", norm_type)
    with np.errstate(all="ignore"):  # an infinite total, and 0 * inf
        total = total_norm(gradients, p)
        factor = _factor(total, bound)
        scaled = {
            name: rounded(widened(g) * widened(factor.astype(g.dtype)), g.dtype)
            for name, g in gradients.items()
        }
    return scaled, total


def total_norm(gradients: Gradients, norm_type: float = 2.0) -> Any:
    """Return the norm of the gradients' norms, which is the norm of all elements; 0 of none."""
    if not gradients:
        return np.float64(0)
    norms = np.array([_norm(g, norm_type) for g in gradients.values()])  # of the widest dtype
    return _norm(norms, norm_type)


def _norm(array: Array, norm_type: float) -> Any:
    return rounded(np.linalg.norm(widened(array).ravel(), norm_type), array.dtype)


def _factor(total: Any, limit: float) -> Any:
    """Return min(limit / (total + 1e-6), 1), by the reciprocal, as PyTorch divides by a tensor."""
    dtype = total.dtype
    shifted = rounded(widened(total) + 1e-6, dtype)
    reciprocal = rounded(1 / widened(shifted), dtype)
    return np.minimum(rounded(widened(reciprocal) * limit, dtype), dtype.type(1))
