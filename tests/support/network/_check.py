"""Checks of what a caller hands in: the shape is stated, and the one that came."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray


class ShapeError(ValueError):
    """An array whose shape does not fit; the message gives both shapes."""


def array(
    name: str, value: ArrayLike, shape: tuple[int | str, ...], dtype: DTypeLike
) -> NDArray[Any]:
    """Return `value` as an array of `dtype`, which must have `shape`; a word stands for any size.

    Raises ShapeError when it does not fit.
    """
    result = np.asarray(value, dtype)
    fits = result.ndim == len(shape) and all(
        isinstance(want, str) or want == got for want, got in zip(shape, result.shape, strict=False)
    )
    if not fits:
        wanted = ", ".join(map(str, shape))
        raise ShapeError(f"{name} must have shape ({wanted}), got {result.shape}")
    return result


def labels(value: ArrayLike, batch: int, classes: int) -> NDArray[np.int64]:
    """Return `value` as (batch,) class numbers.

    Raises ShapeError for another shape, TypeError for anything but whole numbers, ValueError for
    one outside 0..classes-1.
    """
    result = np.asarray(value)
    if result.shape != (batch,):
        raise ShapeError(f"labels must have shape ({batch},), got {result.shape}")
    if result.dtype.kind not in "iu":
        raise TypeError(f"labels must be whole numbers, got dtype {result.dtype}")
    if result.size and not (result.min() >= 0 and result.max() < classes):
        wrong = result[(result < 0) | (result >= classes)][0]
        raise ValueError(f"labels must lie in 0..{classes - 1}, got {wrong}")
    return result.astype(np.int64, copy=False)


def size(name: str, value: int) -> int:
    """Return `value`, which must be a whole number of at least 1; ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
    return int(value)


def dtype(value: DTypeLike) -> np.dtype[Any]:
    """Return `value` as a dtype, which must be float32 or float64; ValueError otherwise."""
    result = np.dtype(value)
    if result not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"dtype must be float32 or float64, got {result}")
    return result
