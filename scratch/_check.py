"""Checks of a caller's arguments: messages give the expected shape and the actual one."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array = NDArray[Any]

DTYPES = ("float16", "bfloat16", "float32", "float64")


class ShapeError(ValueError):
    """An array whose shape does not fit; the message gives both shapes."""


class DtypeError(TypeError):
    """An array of another dtype than the layer's; the message gives both."""


def array(name: str, value: ArrayLike, shape: tuple[int | str, ...], dtype: np.dtype[Any]) -> Array:
    """Return `value` as an array of `dtype`, which must have `shape`; a word stands for any size.

    Raises ShapeError when it does not fit.
    """
    if type(value) is np.ndarray and value.dtype == dtype and value.shape == shape:
        return value  # the usual case costs nothing
    result = np.asarray(value, dtype)
    fits = result.ndim == len(shape) and all(
        isinstance(want, str) or want == got for want, got in zip(shape, result.shape, strict=False)
    )
    if not fits:
        wanted = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        raise ShapeError(f"{name} must have shape ({wanted}), got {result.shape}")
    return result


def sequence(value: ArrayLike, features: int, dtype: np.dtype[Any]) -> Array:
    """Return `value` as x, (batch, steps, features) of `dtype`, with at least one step.

    Raises ShapeError when it does not fit.
    """
    x = np.asarray(value, dtype)
    if x.ndim != 3 or x.shape[2] != features:
        return array("x", x, ("batch", "steps", features), dtype)  # this raises the right error
    if not x.shape[1]:
        raise ShapeError(f"x must have at least one step, got shape {x.shape}")
    return x


def exactly(
    name: str,
    value: ArrayLike,
    shape: tuple[int | str, ...],
    dtype: np.dtype[Any],
    whose: str = "the layer",
) -> Array:
    """Return `value` as `array` does, but refuse an array of another dtype, as PyTorch does.

    A list has no dtype and gets this one. Raises DtypeError, ShapeError.
    """
    given = getattr(value, "dtype", dtype)
    if given != dtype:
        raise DtypeError(f"{name} must be {dtype.name}, as {whose}, got {given}")
    return array(name, value, shape, dtype)


def labels(value: ArrayLike, batch: int, classes: int) -> NDArray[np.int64]:
    """Return `value` as (batch,) class numbers.

    Raises ShapeError for another shape, TypeError for anything but whole numbers, ValueError for
    one outside 0..classes-1.
    """
    return _whole_numbers("labels", value, batch, 0, classes - 1)


def lengths(value: ArrayLike, batch: int, steps: int) -> NDArray[np.int64]:
    """Return `value` as (batch,) lengths of rows.

    Raises ShapeError for another shape, TypeError for anything but whole numbers, ValueError for
    one outside 1..steps.
    """
    return _whole_numbers("lengths", value, batch, 1, steps)


def _whole_numbers(
    name: str, value: ArrayLike, batch: int, least: int, most: int
) -> NDArray[np.int64]:
    result = np.asarray(value)
    if result.shape != (batch,):
        raise ShapeError(f"{name} must have shape ({batch},), got {result.shape}")
    if result.dtype.kind not in "iu":
        raise TypeError(f"{name} must be whole numbers, got dtype {result.dtype}")
    whole: NDArray[np.int64] = result.astype(np.int64, copy=False)
    above_least = (whole - least if least else whole).view(np.uint64)
    # one pass: a number below wraps to a huge one
    if result.size and np.maximum.reduce(above_least) > most - least:
        wrong = result[(result < least) | (result > most)][0]
        raise ValueError(f"{name} must lie in {least}..{most}, got {wrong}")
    return whole


def size(name: str, value: int) -> int:
    """Return `value`, which must be a whole number of at least 1; ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
    return int(value)


def probability(name: str, value: float) -> float:
    """Return `value`, which must be a number in 0..1; ValueError otherwise."""
    if not _is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a number in 0..1, got {value!r}")
    return float(value)


def number(name: str, value: float) -> float:
    """Return `value`, which must be a number: TypeError otherwise, ValueError for NaN."""
    if not _is_number(value):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not -np.inf <= value <= np.inf:
        raise ValueError(f"{name} must be a number, got {value}")
    return float(value)


def at_least_0(name: str, value: float) -> float:
    """Return `value` as `number` does; ValueError where it is below 0, or NaN."""
    if _is_number(value) and not value >= 0:
        raise ValueError(f"{name} must be at least 0, got {value}")
    return number(name, value)


def flag(name: str, value: bool) -> bool:  # noqa: FBT001
    """Return `value`, which must be True or False; TypeError otherwise."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def dtype(value: DTypeLike) -> np.dtype[Any]:
    """Return `value` as a dtype, one of DTYPES; ValueError otherwise.

    bfloat16 is not NumPy's own: its dtype, or its name once registered, comes from ml_dtypes.
    """
    result = np.dtype(value)
    if result.name not in DTYPES:
        raise ValueError(f"dtype must be {', '.join(DTYPES[:-1])} or {DTYPES[-1]}, got {result}")
    return result
